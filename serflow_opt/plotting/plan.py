"""A plan over the network: what runs where, how many requests are still inside, and when they are done."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from serflow_opt.plotting.text import plain

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from serflow_opt.plan.document import Plan

COLOURS = ("#4477AA", "#EE6677", "#228833", "#CCBB44", "#66CCEE", "#AA3377")
"""Colours that also people who see red and green alike can tell apart (Paul Tol's bright scheme)."""


def plot_plan(plan: Plan, ax: Axes | None = None) -> Axes:
    """Draw the stages as bars over whole-path time, their height the share of requests that enters.

    Parameters
    ----------
    plan
        A plan with metrics.
    ax
        Axes to draw on; None: new ones of the current backend.

    Raises
    ------
    ValueError
        When there is no plan to draw.
    """
    if plan.metrics is None:
        raise ValueError(f"{plan.instance}: there is no plan to draw ({plan.status})")
    ax = ax or _new_axes()
    options = list(dict.fromkeys((stage.tier, stage.option) for stage in plan.metrics.stages))
    begin = 0.0
    for stage in plan.metrics.stages:
        arriving = stage.handover_ms + stage.cold_start_ms
        colour = COLOURS[options.index((stage.tier, stage.option)) % len(COLOURS)]
        if arriving:
            ax.bar(begin, stage.reach, width=arriving, align="edge", color="white", edgecolor="grey", hatch="///")
        begin += arriving
        ax.bar(begin, stage.reach, width=stage.compute_ms, align="edge", color=colour, edgecolor="white")
        if stage.compute_ms > 0.02 * plan.metrics.latency_worst_ms:
            ax.text(begin + stage.compute_ms / 2, stage.reach + 0.015, str(stage.stage), ha="center", fontsize=8)
        begin = stage.finished_ms
    _label(plan, ax, options)
    return ax


def _label(plan: Plan, ax: Axes, options: list[tuple[str, str]]) -> None:
    from matplotlib.patches import Patch

    assert plan.metrics is not None
    metrics = plan.metrics
    legend: list[Any] = [
        Patch(color=COLOURS[i % len(COLOURS)], label=plain(f"{tier}: {option}"))
        for i, (tier, option) in enumerate(options)
    ]
    if any(stage.handover_ms + stage.cold_start_ms for stage in metrics.stages):
        legend.append(Patch(facecolor="white", edgecolor="grey", hatch="///", label="hand-over, cold start"))
    ceiling = plan.limits.get("latency_slo_ms")
    if isinstance(ceiling, float):
        line = ax.axvline(ceiling, color="black", linestyle="--", linewidth=1)
        line.set_label(f"bound {ceiling:g} ms ({plan.limits['latency_measure']})")
        legend.append(line)
    mean = ax.axvline(metrics.latency_mean_ms, color="black", linestyle=":", linewidth=1)
    mean.set_label(f"mean {metrics.latency_mean_ms:.4g} ms")
    legend.append(mean)
    ax.legend(handles=legend, loc="upper left", bbox_to_anchor=(1.01, 1.0), fontsize=8, frameon=False)
    ax.set_xlabel("time since the request arrived, whole path (ms)")
    ax.set_ylabel("share of requests that enters the stage")
    ax.set_ylim(0, 1.15)
    ax.set_xlim(left=0)
    accuracy = "" if metrics.accuracy is None else f", accuracy {metrics.accuracy:.3f}"
    ax.set_title(
        f"{plain(plan.instance)}: \\${metrics.cost_usd_per_request * 1e6:.4g} per million requests{accuracy}",
        fontsize=10,
    )
    ax.spines[["top", "right"]].set_visible(False)


def _new_axes() -> Any:
    import matplotlib.pyplot as plt

    return plt.subplots(figsize=(10, 4), layout="constrained")[1]
