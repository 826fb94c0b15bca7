"""Ranges of thresholds, so that few stand for all: a diagram over them bounds every value the samples have.

At the lowest threshold of a cell most samples leave, so least is spent; at the highest fewest leave wrong. A cell is
taken to have both: its samples inside are those of its low end, and those between the ends count as right where a later
exit has them right. No threshold of the cell spends less, nor has more right.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from serflow_opt.ground.arrays import Ints
from serflow_opt.search.joint.grid import Grid


@dataclass(frozen=True, slots=True, eq=False)
class Cells:
    """For each exit but the last, the lowest and the highest level of each cell, rising, without gaps."""

    low: tuple[Ints, ...]
    high: tuple[Ints, ...]

    @classmethod
    def each(cls, grid: Grid) -> Cells:
        """Return a cell for each level."""
        levels = tuple(np.arange(count) for count in grid.levels)
        return cls(levels, levels)

    @classmethod
    def around(cls, grid: Grid, levels: Ints, growth: float) -> Cells:
        """Return cells of one level at given levels, wider with the distance from there, by a factor a cell.

        Parameters
        ----------
        grid
            Tells how many levels each exit has.
        levels
            K-1, the level in the middle of each exit's cells.
        growth
            The factor, at least 1.
        """
        lows = []
        for count, middle in zip(grid.levels, levels.tolist(), strict=True):
            begins, width, at = {0, middle}, 1.0, middle + 1
            while at < count:
                begins.add(at)
                at, width = at + int(width), width * growth
            width, at = 1.0, middle
            while at > 0:
                at, width = at - int(width), width * growth
                begins.add(max(at, 0))
            lows.append(np.array(sorted(begins)))
        highs = (np.append(low[1:] - 1, count - 1) for low, count in zip(lows, grid.levels, strict=True))
        return cls(tuple(lows), tuple(highs))

    def single(self, k: int) -> bool:
        """Whether each cell of an exit is one level."""
        return bool((self.low[k] == self.high[k]).all())

    def ranks(self, grid: Grid, k: int) -> tuple[Ints, Ints]:
        """Return for each sample how many cells it passes at exit k by their low ends, and by their high ends."""
        passed = grid.passed[:, k]
        if self.single(k):
            return passed, passed
        # a sample passes level l where its rank is above l
        low = np.searchsorted(self.low[k], passed, side="left")
        high = np.searchsorted(self.high[k], passed, side="left")
        return low, high
