"""Machines under traffic: how many were paid for and how many served, block by block, and what functions took."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from serflow_opt.plotting.plan import COLOURS
from serflow_opt.plotting.text import brief, percent, plain
from serflow_opt.plotting.timeline import Timeline, legend_beside, tidy

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    from serflow_opt.traffic.simulate.result import Simulation

MACHINES, FUNCTIONS, OTHERS = COLOURS[0], COLOURS[1], "0.65"
"""Colours of what money is spent on; the last is that of links."""
EMPTY = 0.45
"""Height of a panel without anything to draw, as a share of that of others."""
NAMED = 3
"""Most machine types that are named in a legend."""
BILLED = "#B7CCE2"
"""A lighter shade for machines that are paid for, whether they serve or not."""


def plot_pools(simulation: Simulation, axes: Sequence[Axes] | None = None) -> tuple[Axes, ...]:
    """Draw traffic over time, and for each block its machines and the requests that its function took.

    Machines that are paid for and do not serve, as they start or have been told to stop, show in a lighter shade.

    Parameters
    ----------
    simulation
        Of any number of blocks.
    axes
        For the traffic, and two for each block; they share their time axis. None: new ones of the current backend.

    Raises
    ------
    ValueError
        When the number of axes is wrong, or the simulation has no length.
    """
    timeline = Timeline.of(simulation)
    frame, blocks = simulation.to_frame(), range(len(simulation.tallies))
    tables = [{name: column.to_numpy() for name, column in frame[frame["block"] == b].items()} for b in blocks]
    types = [[*dict.fromkeys(own.machine for own in simulation.rentals if own.block == b)] for b in blocks]
    passed = [rows["function_requests"] + rows["dropped"] for rows in tables]
    panels = panels_of([(bool(types[b]), bool(passed[b].any())) for b in blocks], axes)
    draw_traffic(panels[0], timeline, tables[0]["arrivals"])
    for b, rows in enumerate(tables):
        machines, function = panels[1 + 2 * b], panels[2 + 2 * b]
        if types[b]:
            billed, ready = (rows[name] * simulation.period_s for name in ("machines_billed", "machines_ready"))
            timeline.fill(machines, timeline.per_second(billed), color=BILLED, label="paid for")
            timeline.step(machines, timeline.per_second(ready), color=MACHINES, linewidth=1.4, label="serving")
        label_machines(machines, b, bool(types[b]))
        more = [f"and {len(types[b]) - NAMED} more"] if len(types[b]) > NAMED else []
        legend_beside(machines, plain("\n".join([*types[b][:NAMED], *more])) or "no machines")
        draw_function(function, timeline, rows["function_requests"], rows["dropped"], int(rows["arrivals"].sum()))
    title = f"{simulation.service} on {simulation.trace}, {simulation.policy}: ${brief(simulation.usd_total)}"
    finish(panels, timeline, title)
    return panels


def panels_of(blocks: Sequence[tuple[bool, bool]], axes: Sequence[Axes] | None) -> tuple[Any, ...]:
    """Return axes for traffic, and for machines and function of each block, low ones where there is nothing to draw."""
    number = 1 + 2 * len(blocks)
    if axes is not None:
        if len(axes) != number:
            raise ValueError(f"{len(axes)} axes; give {number}: traffic, and machines and function of each block")
        return tuple(axes)
    import matplotlib.pyplot as plt

    heights = [1.0]
    for machines, function in blocks:
        heights += [1.5 if machines else EMPTY, 1.0 if function else EMPTY]
    size = (9, 1.1 * sum(heights) + 0.15 * number + 0.7)
    figure, new = plt.subplots(number, figsize=size, sharex=True, height_ratios=heights, layout="constrained")
    figure.align_ylabels(new)
    return tuple(new)


def draw_traffic(ax: Any, timeline: Timeline, requests: NDArray[np.float64]) -> None:
    """Draw the requests a second that come.

    Parameters
    ----------
    ax
        Axes of the panel.
    timeline
        Of the table that `requests` comes from.
    requests
        Arrivals, one number a row.
    """
    timeline.fill(ax, timeline.per_second(requests), color="0.8")
    timeline.step(ax, timeline.per_second(requests), color="0.35", linewidth=1, label=f"{requests.sum():,.0f} requests")
    ax.set_ylabel("traffic\n(requests/s)", fontsize=9)
    legend_beside(ax)


def draw_function(
    ax: Any, timeline: Timeline, function: NDArray[np.float64], dropped: NDArray[np.float64], entered: float
) -> None:
    """Draw the requests a second that go to the function, and upon them those that nobody serves.

    Parameters
    ----------
    ax
        Axes of the panel.
    timeline
        Of the table that the numbers come from.
    function, dropped
        Requests that the function takes and that nobody serves, one number a row.
    entered
        Requests that reach the block in all, which shares in the legend are of.
    """
    took, lost = timeline.per_second(function), timeline.per_second(dropped)

    def share(requests: NDArray[np.float64]) -> str:
        return percent(float(requests.sum()) / entered if entered else 0.0)

    for top, bottom, colour, label in (
        (took, timeline.nothing, FUNCTIONS, f"on the function: {share(function)}"),
        (took + lost, took, "black", f"dropped: {share(dropped)}"),
    ):
        if (top > bottom).any():
            # with an edge, so that a single cell is seen; where there is nothing, there is no edge either
            some = np.where(top > bottom, top, np.nan)
            ax.stairs(some, timeline.edges, baseline=bottom, fill=True, color=colour, linewidth=0.8, label=label)
    anything = took.any() or lost.any()
    if not anything:
        _nothing(ax)
    ax.set_ylabel("function" + "\n(requests/s)" * bool(anything), fontsize=9)
    legend_beside(ax, None if anything else "not used")


def label_machines(ax: Any, b: int, any_machines: bool) -> None:
    """Say whose machines these are, and count in whole ones.

    Parameters
    ----------
    ax
        Axes of the panel.
    b
        Position of the block, from 0.
    any_machines
        Whether the block rents any; without, the panel shows a 0 only.
    """
    from matplotlib.ticker import MaxNLocator

    ax.yaxis.set_major_locator(MaxNLocator(5, integer=True))
    if not any_machines:
        _nothing(ax)
    ax.set_ylabel(f"block {b + 1}" + "\n(machines)" * any_machines, fontsize=9)


def _nothing(ax: Any) -> None:
    ax.set_ylim(0, 1)
    ax.set_yticks([0])


def finish(panels: Sequence[Any], timeline: Timeline, title: str) -> None:
    """Give panels their axes and the first one the title.

    Parameters
    ----------
    panels
        Axes from top to bottom; only the last one says what time is counted in.
    timeline
        The axis they share.
    title
        Above the first panel; dollar signs are shown as they are.
    """
    for ax in panels:
        tidy(ax)
        ax.set_ylim(bottom=0)
        timeline.label(ax)
        if ax is not panels[-1]:
            ax.set_xlabel("")
    panels[0].set_title(plain(title), fontsize=10)
