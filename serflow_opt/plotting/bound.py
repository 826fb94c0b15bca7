"""Demand over time, and the machines of a schedule that comes near the least any autoscaler can pay."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from serflow_opt.plotting.plan import COLOURS
from serflow_opt.plotting.text import brief, plain
from serflow_opt.plotting.timeline import Timeline, legend_below, tidy

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from serflow_opt.traffic.bound_result import CostBound


def plot_bound(bound: CostBound, ax: Axes | None = None) -> Axes:
    """Draw requests a second, and what the machines that are ready can serve.

    Parameters
    ----------
    bound
        What `cost_bound` returned, of a trace with at least one step.
    ax
        Axes to draw on; None: new ones of the current backend.

    Raises
    ------
    ValueError
        When there is no time to draw.
    """
    if not bound.machines:
        raise ValueError(f"{bound.trace}: there is no time to draw")
    if ax is None:
        import matplotlib.pyplot as plt

        ax = plt.figure(figsize=(10, 4.5), layout="constrained").subplots()
    starts = np.asarray(np.arange(len(bound.machines)) * bound.step_s, dtype=np.float64)
    timeline = Timeline(starts, bound.trace_s)
    lengths = np.diff(np.append(starts, bound.trace_s))
    able = timeline.per_second(np.array(bound.machines) * bound.pool.capacity_per_s * lengths)
    timeline.fill(ax, able, color=COLOURS[0], alpha=0.35, label="what ready machines can serve")
    timeline.step(ax, timeline.per_second(np.array(bound.demand_per_s) * lengths), color="0.2", label="demand")
    tidy(ax)
    ax.set_ylim(bottom=0)
    ax.set_ylabel("requests/s")
    timeline.label(ax)
    legend_below(ax, 2)
    ax.set_title(
        f"{plain(bound.trace)}: no autoscaler pays less than {brief(bound.usd)} USD, "
        f"machines for the peak {brief(bound.static_usd)} USD",
        fontsize=10,
    )
    return ax
