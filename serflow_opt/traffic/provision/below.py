"""Lines below a function of which only the least is known in each cell of a grid.

A line that rises is below all of a cell where it is below the least of it at the cell's right end. So the lines that
follow the lower hull of these points are below the function wherever it is between the ends of the grid.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from serflow_opt.ground.arrays import Floats


def lines_below(ends: Floats, least: Floats, points: Sequence[float]) -> list[tuple[float, float]]:
    """Return lines (slope, intercept) below a function, one near each of some points.

    Parameters
    ----------
    ends
        Of the cells, rising, n + 1.
    least
        What the function is at least in each cell, n, 0 or more; inf: it is nowhere in it.
    points
        Where the lines are wanted.
    """
    known = np.isfinite(least)
    if not known.any():
        return [(0.0, 0.0)] * len(points)
    right, values = ends[1:][known], least[known]
    hull = _hull(np.append(ends[0], right), np.append(values[0], values))
    slopes = [max(0.0, (b[1] - a[1]) / (b[0] - a[0])) for a, b in itertools.pairwise(hull)] or [0.0]
    at = np.clip(np.searchsorted([x for x, _ in hull], points) - 1, 0, len(slopes) - 1)
    return [(slope, float((values - slope * right).min())) for slope in (slopes[n] for n in at.tolist())]


def _hull(xs: Floats, ys: Floats) -> list[tuple[float, float]]:
    """Return the corners of the lower convex hull of points in the order of x."""
    hull = list[tuple[float, float]]()
    for x, y in zip(xs.tolist(), ys.tolist(), strict=True):
        if hull and not x > hull[-1][0]:
            continue
        while len(hull) > 1 and (hull[-1][1] - hull[-2][1]) * (x - hull[-2][0]) >= (y - hull[-2][1]) * (
            hull[-1][0] - hull[-2][0]
        ):
            hull.pop()
        hull.append((x, y))
    return hull
