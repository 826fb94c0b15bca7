"""What a relaxed limit buys: the optimum as a function of one limit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from serflow_opt.plotting.plan import COLOURS
from serflow_opt.plotting.text import SCALES, objective_title, plain
from serflow_opt.problem.limits import limits_of
from serflow_opt.sensitivity.relax import FLOORS, relax

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from serflow_opt.problem.instance import Instance

TITLES = {
    "accuracy_min": "accuracy asked for, at least",
    "latency_slo_ms": "latency allowed, {} (ms)",
    "cost_max_usd": "cost allowed (USD per million requests)",
    "energy_max_j": "energy allowed (J per request)",
    "carbon_max_g": "carbon allowed (g CO2e per million requests)",
    "privacy_max": "privacy loss allowed",
    "mse_min": "reconstruction error asked for, at least",
    "cross_entropy_max": "cross-entropy allowed (nats)",
}
MARKERS = "osD^vP"


def plot_relaxing(
    instance: Instance,
    limit: str,
    values: Sequence[float],
    ax: Axes | None = None,
    *,
    curve: pd.DataFrame | None = None,
) -> Axes:
    """Draw the optimum over one limit while everything else holds, each dot a proven optimum.

    A line leads from a dot to the tightest limit that its plan keeps: there it is the optimum, too. Between lines the
    optimum is somewhere in the shaded boxes: it never gets worse as the limit is relaxed. Where there is no plan the
    picture is hatched; the dashed line is the instance's own limit. Hollow dots are plans not proven (time limit).

    Parameters
    ----------
    instance
        The problem.
    limit
        accuracy_min, latency_slo_ms, cost_max_usd, energy_max_j, carbon_max_g, privacy_max, mse_min or
        cross_entropy_max.
    values
        Of the limit, in its unit; the instance's own, where it lies between them, is solved for, too.
    ax
        Axes to draw on; None: new ones of the current backend.
    curve
        What `relax` returned for them, where that is known already; `values` are not looked at then.

    Raises
    ------
    InputError
        When `relax` cannot solve for them.
    ValueError
        When there is no plan for any value.
    """
    own = limits_of(instance).get(limit)
    if curve is None:
        within = isinstance(own, int | float) and len(values) and min(values) <= own <= max(values)
        curve = relax(instance, limit, [*values, float(own)] if within and own is not None else values)
    ax = ax or _new_axes()
    solved = curve.dropna(subset=["value"])
    if solved.empty:
        raise ValueError(f"{instance.name}: no plan for any value of {limit}")
    across = 1e6 if limit in ("cost_max_usd", "carbon_max_g") else 1.0
    points = _Points(limit, curve, across, SCALES.get(instance.minimize, 1.0))
    _draw_steps(ax, points)
    _draw_infeasible(ax, points)
    if isinstance(own, int | float):
        ax.axvline(own * across, color="black", linestyle="--", linewidth=1, label=f"asked for: {own * across:.6g}")
    ax.set_xlabel(TITLES[limit].format(instance.latency_measure))
    ax.set_ylabel(objective_title(instance.minimize, instance.latency_measure))
    ax.set_title(f"{plain(instance.name)}: the optimum by {limit}", fontsize=10)
    _draw_legend(ax)
    ax.spines[["top", "right"]].set_visible(False)
    return ax


class _Points:
    """A curve in the picture's units, from the loosest limit to the tightest."""

    def __init__(self, limit: str, curve: pd.DataFrame, across: float, up: float) -> None:
        self.floor = limit in FLOORS
        ordered = curve.sort_index(ascending=self.floor)
        found = ordered[ordered["value"].notna()]
        self.at = [float(value) * across for value in found.index]
        self.value = [float(value) * up for value in found["value"]]
        self.to = [float(value) * across for value in found["tightest"]]
        self.proven = list(found["status"] == "optimal")
        self.runs_on = [str(text) for text in found["runs_on"]]
        none = ordered[ordered["status"] == "infeasible"]
        known = [float(best) if best == best else float(value) for value, best in none["tightest"].items()]
        self.none_from = known[0] * across if known else None
        self.ends = [float(value) * across for value in (ordered.index[0], ordered.index[-1])]

    def tighter(self, a: float, b: float) -> bool:
        """Whether a is tighter than b."""
        return a > b if self.floor else a < b

    def held(self, i: int) -> float:
        """Up to where plan i is known to be the optimum, within the picture."""
        return self.ends[1] if self.tighter(self.to[i], self.ends[1]) else self.to[i]


def _draw_steps(ax: Any, points: _Points) -> None:
    """Lines where the optimum is known, boxes where it is only known between what, dots where it was asked for."""
    label = "the optimum is in here"
    for i, (at, value) in enumerate(zip(points.at, points.value, strict=True)):
        if points.proven[i]:
            ax.plot([at, points.held(i)], [value, value], color="0.5", linewidth=1.5, zorder=2)
        if i + 1 == len(points.at):
            continue
        begin = points.held(i) if points.proven[i] else at
        if points.tighter(points.at[i + 1], begin) and points.value[i + 1] != value:
            box = {"color": COLOURS[0], "alpha": 0.12, "linewidth": 0, "zorder": 1}
            ax.fill_between([begin, points.at[i + 1]], value, points.value[i + 1], label=label, **box)
            label = "_"
    by_size = sorted(set(points.runs_on), key=lambda text: (-points.runs_on.count(text), points.runs_on.index(text)))
    named = by_size if len(by_size) <= len(COLOURS) else by_size[: len(COLOURS) - 1]
    shown = [text if text in named else "elsewhere" for text in points.runs_on]
    for k, text in enumerate(dict.fromkeys(shown)):
        style = {"color": COLOURS[k], "marker": MARKERS[k], "linestyle": "none", "markersize": 6, "zorder": 3}
        rows = [i for i, other in enumerate(shown) if other == text]
        for kind, chosen, fill in (("", True, "full"), (", not proven", False, "none")):
            mine = [i for i in rows if points.proven[i] == chosen]
            if mine:
                where = [points.at[i] for i in mine], [points.value[i] for i in mine]
                ax.plot(*where, label=plain(text + kind), fillstyle=fill, **style)


def _draw_infeasible(ax: Any, points: _Points) -> None:
    """Hatch where there is no plan: from the tightest limit that has one, or, where that is unknown, that was tried."""
    if points.none_from is None:
        return
    edges = sorted((points.none_from, points.ends[1]))
    margin = 0.05 * abs(points.ends[1] - points.ends[0])
    left, right = (edges[0], edges[1] + margin) if points.floor else (edges[0] - margin, edges[1])
    limits = (min(points.ends) - margin, max(points.ends) + margin)
    ax.axvspan(max(left, limits[0]), min(right, limits[1]), fc="0.95", ec="0.75", hatch="///", lw=0, label="no plan")
    ax.set_xlim(*limits)


def _draw_legend(ax: Any) -> None:
    """Put the legend below the axis' own label, whatever the height of the picture."""
    from matplotlib.transforms import ScaledTranslation

    below = ax.transAxes + ScaledTranslation(0, -38 / 72, ax.figure.dpi_scale_trans)
    ax.legend(fontsize=8, frameon=False, loc="upper center", bbox_to_anchor=(0.5, 0), bbox_transform=below)


def _new_axes() -> Any:
    import matplotlib.pyplot as plt

    return plt.subplots(figsize=(7, 5.4), layout="constrained")[1]
