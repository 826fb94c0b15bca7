"""Classifiers: how many requests each lets leave and how many of those are right, by threshold."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

from serflow_opt.errors import InputError
from serflow_opt.plan.names import decision_of
from serflow_opt.plan.samples import tables_wanted
from serflow_opt.plotting.plan import COLOURS
from serflow_opt.plotting.text import plain
from serflow_opt.problem.kinds import AS_IS
from serflow_opt.problem.network import Menu

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from serflow_opt.plan.document import Plan
    from serflow_opt.problem.instance import Instance


class _ExitCurve(NamedTuple):
    """The menu of a classifier: of the stage at a position as it is, or of a variant that has its own."""

    stage: int
    variant: int
    name: str
    menu: Menu


def plot_exits(instance: Instance, ax: Axes | None = None, plan: Plan | None = None) -> Axes:
    """Draw exit rate (above) and accuracy of those that leave (below) over the threshold, a line for each classifier.

    The exit rate is a share of the requests that reach the classifier. Variants with exits of their own are dotted. The
    thresholds that a plan chooses are rings; where it flips a coin between thresholds, all of them.

    Parameters
    ----------
    instance
        A problem with classifiers before its last stage.
    ax
        Axes to draw on; they give their place to two panels, `ax.child_axes`. None: new ones of the current backend.
    plan
        A plan of the instance whose thresholds are marked.

    Raises
    ------
    ValueError
        When no stage but the last has a classifier, and when there is a plan without thresholds to mark.
    InputError
        When the plan does not fit the instance, or thresholds are chosen on samples (exits.joint).
    """
    if problems := tables_wanted(instance, "these curves are drawn"):
        raise InputError(problems)
    curves = _curves(instance)
    if not curves:
        raise ValueError(f"{instance.name}: no stage before the last has a classifier")
    if plan is not None and plan.plan is None:
        raise ValueError(f"{plan.instance}: there is no plan to mark ({plan.status})")
    ax = ax or _new_axes()
    ax.set_axis_off()
    rates: Any = ax.inset_axes((0, 0.53, 1, 0.47))
    rights: Any = ax.inset_axes((0, 0, 1, 0.47), sharex=rates)
    colours = _colours(sorted({curve.stage for curve in curves}))
    for curve in curves:
        style = {"color": colours[curve.stage], "linestyle": "-" if curve.variant == AS_IS else ":", "linewidth": 1.2}
        rates.plot(curve.menu.thresholds, curve.menu.exit_rates, marker=".", label=plain(curve.name), **style)
        rights.plot(curve.menu.thresholds, _known(curve.menu), marker=".", **style)
    if plan is not None:
        _mark(instance, plan, curves, rates, rights)
    _label(instance, ax, rates, rights)
    return ax


def _curves(instance: Instance) -> list[_ExitCurve]:
    curves = []
    for s, menu in enumerate(instance.menus[:-1]):
        if menu.thresholds:
            curves.append(_ExitCurve(s, AS_IS, f"stage {s + 1}", menu))
        for v, variant in enumerate(instance.variants):
            if s in variant.menus:
                curves.append(_ExitCurve(s, v, f"stage {s + 1}, {variant.name}", variant.menus[s]))
    return curves


def _colours(stages: list[int]) -> dict[int, Any]:
    """Distinct colours for a few classifiers, a scale from the first to the last for many."""
    if len(stages) <= len(COLOURS):
        return dict(zip(stages, COLOURS, strict=False))
    import matplotlib

    scale = matplotlib.colormaps["viridis"]
    return {stage: scale(0.93 * i / (len(stages) - 1)) for i, stage in enumerate(stages)}


def _mark(instance: Instance, plan: Plan, curves: list[_ExitCurve], rates: Any, rights: Any) -> None:
    """Draw a ring where the plan leaves each classifier: interpolated thresholds lie between entries."""
    assert plan.plan is not None
    decision = decision_of(instance, plan.plan)
    label = "the plan's"
    for curve in curves:
        own = decision.variant(curve.stage)
        owner = own if own != AS_IS and curve.stage in instance.variants[own].menus else AS_IS
        if curve.variant != owner or curve.stage >= len(decision.weights):
            continue
        menu, weights = curve.menu, decision.weights[curve.stage]
        used = [i for i, weight in enumerate(weights) if weight > 0]
        marks = [(menu.thresholds[i], menu.exit_rates[i], _known(menu)[i]) for i in used]
        if instance.threshold_mode == "interpolated":
            rate = sum(weights[i] * menu.exit_rates[i] for i in used)
            right = sum(weights[i] * menu.exit_rates[i] * menu.accuracies[i] for i in used)
            threshold = sum(weights[i] * menu.thresholds[i] for i in used)
            marks = [(threshold, rate, right / rate if rate > 0 else math.nan)]
        for threshold, rate, right in marks:
            ring = {"marker": "o", "markersize": 9, "fillstyle": "none", "color": "black", "linestyle": "none"}
            rates.plot(threshold, rate, label=label, **ring)
            rights.plot(threshold, right, **ring)
            label = "_"


def _known(menu: Menu) -> list[float]:
    """Accuracies, but for thresholds where nobody leaves."""
    return [right if rate > 0 else math.nan for rate, right in zip(menu.exit_rates, menu.accuracies, strict=True)]


def _label(instance: Instance, ax: Axes, rates: Any, rights: Any) -> None:
    for panel in (rates, rights):
        panel.grid(color="0.9", linewidth=0.6)
        panel.set_axisbelow(True)
        panel.tick_params(labelsize=8)
        panel.spines[["top", "right"]].set_visible(False)
    rates.tick_params(labelbottom=False)
    rates.set_ylim(bottom=0)
    rates.set_ylabel("leave, share of\nthose who get here", fontsize=9)
    rights.set_ylabel("right, share of\nthose who leave", fontsize=9)
    rights.set_xlabel("threshold: leave when the confidence is at least", fontsize=9)
    rates.legend(loc="upper left", bbox_to_anchor=(1.01, 1.02), fontsize=8, frameon=False, title="classifier after")
    ax.set_title(plain(instance.name), fontsize=10)


def _new_axes() -> Any:
    import matplotlib.pyplot as plt

    return plt.subplots(figsize=(7, 5), layout="constrained")[1]
