"""What a block costs at least, by the work that requests make there: Φ on a grid."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from serflow_opt.ground.tolerances import EQUAL

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Profile:
    """Φ on a grid of work: rising costs (USD/s) at rising seconds a request."""

    grid: Floats
    costs: Floats

    def reach_of(self, best: float) -> int:
        """Cells (from the first) in which a deployment that costs at most `best` can lie."""
        return max(1, min(int(np.searchsorted(self.costs, best * (1 + EQUAL), side="right")), len(self.grid) - 1))

    def most_work(self, best: float) -> float:
        """Most seconds a request in such a deployment; inf: of any."""
        return float(self.grid[self.reach_of(best)])

    def line(self, cells: int) -> tuple[float, float]:
        """Return slope and intercept of a line below Φ in the first cells; Φ rises: in a cell its left end is least."""
        costs, grid = self.costs[: cells + 1], self.grid[: cells + 1]
        if not math.isfinite(costs[0]):
            return 0.0, math.inf
        finite = np.isfinite(costs)
        costs, grid = costs[finite], grid[finite]
        width = grid[-1] - grid[0]
        slope = float((costs[-1] - costs[0]) / width) if width > 0 else 0.0
        right = np.append(grid[1:], grid[-1])
        return slope, float((costs - slope * right).min())
