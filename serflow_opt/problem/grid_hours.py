"""How clean a grid is hour by hour: grams of CO2e of a kWh over a day or more, as times their mean.

An hourly table has a column a grid (or one, `g_per_kwh`) and a row an hour. Instances count with its mean; what runs
over a trace counts each second by its hour, and begins anew behind the last row.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from serflow_opt.errors import Problem, nearest
from serflow_opt.problem.tables import Column, read_table

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]

HOUR_S = 3600.0
MOST_HOURS = 24 * 366
ONE = "g_per_kwh"
"""The column of a table with one grid."""


@dataclass(frozen=True, slots=True)
class GridHours:
    """Hours of a grid from second 0 of a trace on.

    Attributes
    ----------
    factors
        Grams of a kWh in each hour over the mean of all.
    begins_s
        Seconds after the first hour at which second 0 is.
    """

    factors: tuple[float, ...]
    begins_s: float = 0.0

    def weighted_s(self, starts: ArrayLike, ends: ArrayLike) -> Floats:
        """Return the seconds from starts to ends, each second times the factor of its hour.

        >>> GridHours((0.5, 1.5)).weighted_s([0.0, 3600.0], [3600.0, 3660.0]).tolist()
        [1800.0, 90.0]
        """
        import numpy as np

        return np.asarray(self._until(np.asarray(ends, float)) - self._until(np.asarray(starts, float)))

    def at(self, moments: ArrayLike) -> Floats:
        """Return the factors of the hours that moments are in."""
        import numpy as np

        hour = np.floor((np.asarray(moments, float) + self.begins_s) / HOUR_S).astype(np.int64) % len(self.factors)
        return np.asarray(self.factors)[hour]

    def changes(self, from_s: float, to_s: float) -> Floats:
        """Return the full hours between two moments."""
        import numpy as np

        first, last = math.floor((from_s + self.begins_s) / HOUR_S) + 1, math.ceil((to_s + self.begins_s) / HOUR_S)
        return np.asarray(np.arange(first, last) * HOUR_S - self.begins_s, dtype=float)

    def _until(self, moments: Floats) -> Floats:
        """Weighted seconds from second 0 on."""
        import numpy as np

        length = len(self.factors) * HOUR_S
        whole = np.concatenate([[0.0], np.cumsum(self.factors) * HOUR_S])
        moments = moments + self.begins_s
        rounds = np.floor(moments / length)
        inside = moments - rounds * length
        hour = np.minimum((inside / HOUR_S).astype(np.int64), len(self.factors) - 1)
        part = np.asarray(self.factors)[hour] * (inside - hour * HOUR_S)
        return np.asarray(rounds * whole[-1] + whole[hour] + part)


def read_grids(path: Path, problems: list[Problem]) -> dict[str, list[float]]:
    """Return grams of a kWh by grid and hour.

    Parameters
    ----------
    path
        Of the table: a column a grid, beside `hour` and what else the table of a `kind = "shifting"` has.
    problems
        Takes every fault.
    """
    names: list[str] = []

    def columns(header: list[str]) -> list[Column]:
        beside = ("hour", "requests_per_s")
        names.extend(name for name in header if name not in beside)
        known = [Column(name, low=0, required=False) for name in beside if name in header]
        return [*known, *(Column(name, low=0) for name in names or [ONE])]

    before = len(problems)
    rows = read_table(path, columns, problems)
    if len(problems) > before:
        return {}
    if not 0 < len(rows) <= MOST_HOURS:
        problems.append(Problem(str(path), "", f"{len(rows)} hours", f"give 1 to {MOST_HOURS} rows, an hour each"))
        return {}
    return {name: [row.number(name) for row in rows] for name in names}


def hours_of(
    grids: dict[str, list[float]], grid: str | None, region: str, first_hour: int
) -> tuple[float, GridHours] | Problem | None:
    """Return the mean grams of a kWh of a grid and its hours; None where the table does not have it.

    Parameters
    ----------
    grids
        As `read_grids` returns them.
    grid, region
        What a tier names, and where it is: its column, or the only one.
    first_hour
        Row, from 0, that is second 0 of a trace.
    """
    named = grid or (region if region in grids else ONE if list(grids) == [ONE] else None)
    if named is None:
        return None
    if named not in grids:
        return Problem("", "grid", f"no column '{named}'", nearest(named, list(grids)))
    own = grids[named]
    if not 0 <= first_hour < len(own):
        return Problem("", "carbon.first_hour", f"{first_hour}", f"write 0 to {len(own) - 1}: a row of the table")
    mean = math.fsum(own) / len(own)
    turned = own[first_hour:] + own[:first_hour]
    return mean, GridHours(tuple(g / mean if mean > 0 else 1.0 for g in turned))
