"""Money over time: what machines, functions and links cost an hour."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from serflow_opt.plotting.pools import FUNCTIONS, MACHINES, OTHERS
from serflow_opt.plotting.text import brief, percent, plain
from serflow_opt.plotting.timeline import Timeline, duration, legend_beside, tidy

if TYPE_CHECKING:
    import numpy as np
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    from serflow_opt.traffic.simulate.result import Simulation

PALEST = 0.65
"""Share of white in the colour of the last block."""


def plot_spending(simulation: Simulation, ax: Axes | None = None) -> Axes:
    """Draw USD an hour over time, stacked: machines of each block, functions of each block, links.

    Requests are paid for in the period when they enter a block, machines over the time they are billed.

    Parameters
    ----------
    simulation
        Of any number of blocks.
    ax
        Axes to draw on; None: new ones of the current backend.

    Raises
    ------
    ValueError
        When the simulation has no length.
    """
    timeline = Timeline.of(simulation)
    ax = ax or _new_axes()
    below, total = timeline.nothing, simulation.usd_total
    for name, colour, usd in _resources(simulation):
        top = below + 3600 * timeline.per_second(usd)
        paid = float(usd.sum())
        timeline.fill(ax, top, below, color=colour, label=plain(f"{name}: ${brief(paid)}, {percent(paid / total)}"))
        timeline.step(ax, top, color="white", linewidth=0.6)
        below = top
    tidy(ax)
    timeline.label(ax)
    ax.set_ylim(0, None if below.any() else 1)
    ax.set_ylabel("USD per hour", fontsize=9)
    whole = f"${brief(total)} in {duration(timeline.seconds)}"
    title = f"{simulation.service} on {simulation.trace}, {simulation.policy}: {whole}"
    ax.set_title(plain(title), fontsize=10)
    if below.any():
        legend_beside(ax, reverse=True)
    return ax


def _resources(simulation: Simulation) -> Iterator[tuple[str, Any, NDArray[np.float64]]]:
    """Yield name, colour and money by period of all that cost something."""
    frame, blocks = simulation.to_frame(), len(simulation.tallies)
    for kind, column, colour in (
        ("machines", "usd_machines", MACHINES),
        ("functions", "usd_functions", FUNCTIONS),
    ):
        for b in range(blocks):
            usd = frame.loc[frame["block"] == b, column].to_numpy()
            if usd.any():
                yield f"{kind}, block {b + 1}" if blocks > 1 else kind, _shade(colour, b, blocks), usd
    links = frame.groupby("start_s")["usd_links"].sum().to_numpy()
    if links.any():
        yield "links", OTHERS, links


def _shade(colour: str, b: int, blocks: int) -> Any:
    """A colour that gets paler from block to block."""
    from matplotlib.colors import to_rgb

    white = PALEST * b / max(1, blocks - 1)
    return tuple((1 - white) * part + white for part in to_rgb(colour))


def _new_axes() -> Any:
    import matplotlib.pyplot as plt

    return plt.subplots(figsize=(9, 3.6), layout="constrained")[1]
