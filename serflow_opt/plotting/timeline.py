"""Time below a picture: rows of a table put together until they can be told apart, in a unit that reads well."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from serflow_opt.traffic.simulate.result import Simulation

CELLS = 720
"""Most cells over the width of a picture."""


class Unit(NamedTuple):
    """A unit of time: its seconds, up to how many seconds it reads well, and distances of ticks."""

    name: str
    seconds: float
    until_s: float
    ticks: tuple[int, ...]


UNITS = (
    Unit("second", 1.0, 300.0, (1, 2, 5, 10, 15, 30, 60)),
    Unit("minute", 60.0, 3 * 3600.0, (1, 2, 5, 10, 15, 20, 30)),
    Unit("hour", 3600.0, 4 * 86400.0, (1, 2, 3, 4, 6, 12, 24)),
    Unit("day", 86400.0, math.inf, (1, 2, 5, 7, 14, 28, 91, 365)),
)
TICKS = 10
"""Most ticks below a picture."""


class Timeline:
    """The axis of a table whose rows follow each other; a short rest at the end joins the cell before.

    Attributes
    ----------
    seconds
        From its first row to its end.
    edges
        Of the cells, in `unit`, one more than there are cells.
    """

    def __init__(self, starts_s: NDArray[np.float64], end_s: float) -> None:
        first = np.arange(0, len(starts_s), max(1, math.ceil(len(starts_s) / CELLS)))
        edges = np.append(starts_s[first], max(end_s, float(starts_s[0]) + 1e-9))
        keep = starts_s[first] < end_s - (edges[1] - edges[0]) / 2
        keep[0] = True
        self._first = first[keep]
        edges = np.append(edges[:-1][keep], edges[-1])
        self._cells_s = np.diff(edges)
        self.seconds = end_s - float(starts_s[0])
        self.unit = next(unit for unit in UNITS if self.seconds <= unit.until_s)
        self.edges = edges / self.unit.seconds

    @classmethod
    def of(cls, simulation: Simulation) -> Timeline:
        """Return the axis of a simulation's table: it ends with the arrivals, or when the last machine is paid for.

        Raises
        ------
        ValueError
            When the simulation has no length.
        """
        period = simulation.period_s
        if not simulation.periods:
            raise ValueError(f"{simulation.service}: there is no time to draw")
        paid = [rental.ordered_s + rental.billed_s for rental in simulation.rentals]
        end = max([simulation.tallies[0].periods("arrivals") * period, *paid]) or simulation.periods * period
        return cls(np.arange(simulation.periods, dtype=float) * period, end)

    def per_second(self, amounts: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the amounts of the rows, a second, cell by cell."""
        together: NDArray[np.float64] = np.add.reduceat(amounts.astype(float), self._first)
        return together / self._cells_s

    def label(self, ax: Any) -> None:
        """Write below axes what the time is counted in, and how long cells are."""
        from matplotlib.ticker import MultipleLocator

        span = self.edges[-1] - self.edges[0]
        step = next((tick for tick in self.unit.ticks if span / tick <= TICKS), self.unit.ticks[-1])
        ax.xaxis.set_major_locator(MultipleLocator(step * max(1, math.ceil(span / step / TICKS))))
        # room for what happens only in the first or last cell
        ax.set_xlim(self.edges[0] - 0.005 * span, self.edges[-1] + 0.005 * span)
        ax.set_xlabel(f"time ({self.unit.name}s), means over {duration(float(self._cells_s[0]))}", fontsize=9)

    def fill(self, ax: Any, top: NDArray[np.float64], bottom: Any = 0.0, **style: Any) -> None:
        """Fill what lies between steps.

        Parameters
        ----------
        ax
            Axes to draw on.
        top, bottom
            Heights, one a cell; `bottom` may be one number for all.
        **style
            As `Axes.stairs` takes it.
        """
        ax.stairs(top, self.edges, baseline=bottom, fill=True, linewidth=0, **style)

    @property
    def nothing(self) -> NDArray[np.float64]:
        """Zero in each cell."""
        return np.zeros(len(self.edges) - 1)

    def step(self, ax: Any, values: NDArray[np.float64], **style: Any) -> None:
        """Draw a line of steps."""
        ax.stairs(values, self.edges, baseline=None, **style)


def duration(seconds: float) -> str:
    """Write a time in the unit in which it is a short number: 30 seconds, 1 minute, 5 minutes, 2 hours."""
    unit = next((unit for unit in reversed(UNITS) if seconds >= unit.seconds), UNITS[0])
    value = f"{seconds / unit.seconds:.3g}"
    return f"{value} {unit.name}{'' if value == '1' else 's'}"


def tidy(ax: Any) -> None:
    """Grid behind what is drawn, small ticks, no frame."""
    ax.grid(color="0.9", linewidth=0.6)
    ax.set_axisbelow(True)
    ax.tick_params(labelsize=8)
    ax.spines[["top", "right"]].set_visible(False)


def legend_beside(ax: Any, title: str | None = None, reverse: bool = False) -> None:
    """Put the legend right of axes.

    Parameters
    ----------
    ax
        Axes whose labels it shows.
    title
        Above the labels; None: none.
    reverse
        Whether what was drawn last stands on top.
    """
    ax.legend(
        *ax.get_legend_handles_labels(),
        reverse=reverse,
        loc="upper left",
        bbox_to_anchor=(1.01, 1.03),
        borderaxespad=0,
        fontsize=8,
        frameon=False,
        title=title,
        title_fontsize=8,
        alignment="left",
    )


def legend_below(ax: Any, columns: int) -> None:
    """Put the legend below the axis' own label, whatever the height of the picture."""
    from matplotlib.transforms import ScaledTranslation

    below = ax.transAxes + ScaledTranslation(0, -36 / 72, ax.figure.dpi_scale_trans)
    place = {"loc": "upper center", "bbox_to_anchor": (0.5, 0), "bbox_transform": below}
    ax.legend(*ax.get_legend_handles_labels(), fontsize=8, frameon=False, ncols=columns, **place)
