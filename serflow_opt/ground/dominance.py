"""Which of many points no other point beats, where less is better in every column.

A point dominates another when it is at most as large in every column. Of points that dominate each other (equal ones)
the first stays, so nothing that is left is weakly dominated.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from serflow_opt import kernels
from serflow_opt.ground.arrays import Floats, Ints

BLOCK = 256
"""Points compared with each other at once."""
MANY = 5_000
"""Points of more than three columns from which on it pays to import moocore."""
OFFSET = 2.0**52
"""Added to the numbers of cells, which begin near -7e14 (the logarithm of 1e-300 / 1e-12), to make them positive."""


def nondominated(points: Floats) -> Ints:
    """Return the positions of the points that are not dominated, in lexicographic order of the points.

    Points are taken in lexicographic order, so that only earlier ones can dominate. Two columns need one pass with a
    running minimum. With three, a block of points is held against the staircase that the kept points make in the last
    two columns (the first is no smaller than theirs), and then each point of the block against the block. Four columns
    have a kernel. Else a block is held against all kept points, or where points are many, moocore does it.

    Parameters
    ----------
    points
        N x D.
    """
    count, columns = points.shape
    if count <= 1:
        return np.arange(count)
    order: Ints = np.lexsort(points.T[::-1])
    if columns == 1:
        return order[:1]
    if columns == 2:
        return order[_falls(points[order, 1])]
    if columns == 4 and kernels.compiled:
        from serflow_opt.kernels.dominance import undominated_of_four

        ordered = points[order]
        return order[undominated_of_four(ordered, np.argsort(ordered[:, 1]))]
    if columns > 3:
        return order[_of_many(points[order]) if count > MANY else _undominated(points[order])]
    if kernels.compiled:
        from serflow_opt.kernels.dominance import undominated

        return order[undominated(points[order])]
    y, z = points[order, 1], points[order, 2]
    kept: list[Ints] = []
    stairs = np.empty((0, 2))
    for begin in range(0, count, BLOCK):
        here = np.arange(begin, min(begin + BLOCK, count))
        if len(stairs):
            step = np.searchsorted(stairs[:, 0], y[here], side="right") - 1
            here = here[(step < 0) | (stairs[step, 1] > z[here])]
        a, b = y[here], z[here]
        earlier = np.tri(len(here), k=-1, dtype=bool)
        here = here[~((a[None, :] <= a[:, None]) & (b[None, :] <= b[:, None]) & earlier).any(axis=1)]
        kept.append(here)
        if len(here):
            stairs = np.concatenate([stairs, np.column_stack([y[here], z[here]])])
            stairs = stairs[np.lexsort(stairs.T[::-1])]
            stairs = stairs[_falls(stairs[:, 1])]
    return order[np.concatenate(kept)]


def _undominated(points: Floats) -> Ints:
    """Positions of the undominated of points in lexicographic order, compared with each other a block at a time."""
    columns = [np.ascontiguousarray(column) for column in points.T[1:]]  # the first column rises
    kept = np.empty(0, dtype=np.int64)

    def under(above: Ints, here: Ints) -> NDArray[np.bool_]:
        """Whether points are nowhere above others: here x above. Column by column: a short last axis is slow."""
        below: NDArray[np.bool_] = columns[0][above][None, :] <= columns[0][here][:, None]
        for column in columns[1:]:
            below &= column[above][None, :] <= column[here][:, None]
        return below

    for begin in range(0, len(points), BLOCK):
        here = np.arange(begin, min(begin + BLOCK, len(points)))
        for first in range(0, len(kept), BLOCK):
            here = here[~under(kept[first : first + BLOCK], here).any(axis=1)]
        earlier = np.tri(len(here), k=-1, dtype=bool)
        kept = np.concatenate([kept, here[~(under(here, here) & earlier).any(axis=1)]])
    return kept


def _of_many(points: Floats) -> Ints:
    """Positions of the undominated of points in lexicographic order, by divide and conquer."""
    import moocore

    best: Ints = np.flatnonzero(moocore.is_nondominated(points, keep_weakly=False))
    return best


def _falls(values: Floats) -> NDArray[np.bool_]:
    """Which values are below all before them."""
    low = np.ones(len(values), dtype=bool)
    low[1:] = values[1:] < np.minimum.accumulate(values)[:-1]
    return low


def cells(values: Floats, tolerance: float) -> Floats:
    """Return the number of the cell each value lies in; values of a cell differ by at most a factor 1 + tolerance.

    Cells keep the order of values, so a point that dominates another by cells is in each column at most that factor
    worse. Zeros have a cell of their own; below zero, cells mirror those above.

    Parameters
    ----------
    values
        Any array.
    tolerance
        1e-12 at least: below, the numbers of cells are beyond double precision.
    """
    with np.errstate(divide="ignore"):
        number = np.floor(np.log(np.abs(values)) / np.log1p(tolerance)) + OFFSET
    numbered: Floats = np.where(values == 0, 0.0, np.copysign(number, values))
    return numbered


def staircase(group: Ints | None, value: Floats, whole: Floats) -> Ints:
    """Return the positions of the undominated of each group, by group and rising value; of equals the first.

    Parameters
    ----------
    group
        None: all are one.
    """
    count = len(value)
    by_whole = np.argsort(whole, kind="stable")
    order: Ints = by_whole[np.argsort(value[by_whole], kind="stable")]
    if group is None:
        times, low = whole[order], np.ones(count, dtype=bool)
        low[1:] = times[1:] < np.minimum.accumulate(times)[:-1]
        return order[low]
    order = order[np.argsort(group[order], kind="stable")]
    rank, sorted_whole = np.zeros(count, dtype=np.int64), whole[by_whole]
    rank[by_whole[1:]] = np.cumsum(sorted_whole[1:] != sorted_whole[:-1])  # equal times rank alike
    # ranks of later groups lie below those of earlier ones: one running minimum serves all
    key = rank[order] - group[order] * count
    kept = np.ones(count, dtype=bool)
    kept[1:] = key[1:] < np.minimum.accumulate(key)[:-1]
    return order[kept]
