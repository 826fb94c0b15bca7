"""A schedule over time: which machines are rented in each block, and what is left to its function."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from serflow_opt.plotting.plan import COLOURS
from serflow_opt.plotting.pools import FUNCTIONS, draw_function, draw_traffic, finish, label_machines, panels_of
from serflow_opt.plotting.text import brief, plain
from serflow_opt.plotting.timeline import Timeline, legend_beside

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from serflow_opt.traffic.schedule.result import Schedule

TYPES = tuple(colour for colour in COLOURS if colour != FUNCTIONS)
"""Colours of machine types."""


def plot_schedule(schedule: Schedule, axes: Sequence[Axes] | None = None) -> tuple[Axes, ...]:
    """Draw demand over time, and for each block its rented machines by type and the requests left to its function.

    Parameters
    ----------
    schedule
        Of any number of blocks.
    axes
        For the demand, and two for each block; they share their time axis. None: new ones of the current backend.

    Raises
    ------
    ValueError
        When the number of axes is wrong.
    """
    frame = schedule.to_frame()
    timeline = Timeline(frame["start_s"].unique(), schedule.trace.seconds)
    lengths = np.diff(np.append(frame["start_s"].unique(), schedule.trace.seconds))
    names = list(frame.columns[3 : list(frame.columns).index("capacity")])
    used = [name for name in names if frame[name].any()]
    colours = _colours(used)
    tables = [
        {name: column.to_numpy() for name, column in frame[frame["block"] == own.block].items()}
        for own in schedule.blocks
    ]
    drawn = [(any(rows[name].any() for name in used), bool(rows["function_requests"].any())) for rows in tables]
    panels = panels_of(drawn, axes)
    draw_traffic(panels[0], timeline, tables[0]["demand"])
    for b, rows in enumerate(tables):
        machines, function = panels[1 + 2 * b], panels[2 + 2 * b]
        below = timeline.nothing
        mine = [name for name in used if rows[name].any()]
        for name in mine:
            top = below + timeline.per_second(rows[name] * lengths)
            timeline.fill(machines, top, below, color=colours[name], label=plain(name))
            timeline.step(machines, top, color="white", linewidth=0.6)
            below = top
        label_machines(machines, b, bool(mine))
        legend_beside(machines, None if mine else "no machines", reverse=True)
        nobody = np.zeros(len(rows["demand"]))
        draw_function(function, timeline, rows["function_requests"], nobody, float(rows["demand"].sum()))
    title = f"{schedule.service.name} on {schedule.trace.name}, schedule with foresight: ${brief(schedule.usd)}"
    finish(panels, timeline, title)
    return panels


def _colours(names: list[str]) -> dict[str, Any]:
    """Distinct colours for a few types, a scale for many."""
    if len(names) <= len(TYPES):
        return dict(zip(names, TYPES, strict=False))
    import matplotlib

    scale = matplotlib.colormaps["viridis"]
    return {name: scale(i / (len(names) - 1)) for i, name in enumerate(names)}
