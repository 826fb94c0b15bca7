"""Lines below what a size of a block spills, which touch it at a few works."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from serflow_opt.ground.arrays import Floats

TOUCHED = 4
"""Works at which lines touch what a size spills, and what it makes wait."""
GRID = 25
"""Works at which such lines are held against what they are below of."""


def below_quotient(works: Floats, gone: Floats, slopes: Floats) -> list[tuple[float, float]]:
    """Return lines (slope, start) below g(W) / W of a convex g with g(0) = 0.

    In a cell g is above its tangent at the left end, which is not above 0 at W = 0: so tangent / W is concave, and a
    line is below it where it is at both ends.

    Parameters
    ----------
    works
        Where lines are to touch, `TOUCHED`, and a grid, `GRID`, in which all works are.
    gone, slopes
        g and its slopes there.
    """
    at, grid = works[:TOUCHED], works[TOUCHED:]
    rising = np.maximum(slopes[:TOUCHED] * at - gone[:TOUCHED], 0.0) / at**2
    starts = gone[:TOUCHED] / at - rising * at
    left = gone[TOUCHED:-1] / grid[:-1]
    right = (gone[TOUCHED:-1] + slopes[TOUCHED:-1] * np.diff(grid)) / grid[1:]
    above = starts[:, None] + rising[:, None] * np.append(grid[:-1], grid[1:]) - np.append(left, right)
    starts = starts - np.maximum(above.max(axis=1), 0.0)
    return list(zip(rising.tolist(), starts.tolist(), strict=True))
