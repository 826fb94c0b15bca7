"""Points that no other beats: what `ground/dominance.py` does in blocks, point by point.

Points come in lexicographic order, so only earlier ones can dominate, and the first column need not be looked at. With
three columns the points kept make a staircase in the other two. With four, staircases of the last two columns stand in
a Fenwick tree over the second: node j has those of the kept points with the ranks j - lowbit(j) + 1 to j, so that some
log N staircases say whether a point kept is below another one in all three.
"""

from __future__ import annotations

import cython
import numpy as np
from numpy.typing import NDArray


def undominated(points: cython.double[:, ::1]) -> NDArray[np.int64]:
    """Return the positions of the points, given in lexicographic order, that no earlier one is nowhere above.

    Parameters
    ----------
    points
        N x 3.
    """
    kept = np.empty(len(points), dtype=np.int64)
    return kept[: _below_stairs(points, kept, np.empty((2, len(points))))]


@cython.cfunc
def _below_stairs(
    points: cython.double[:, ::1], kept: cython.longlong[::1], stairs: cython.double[:, ::1]
) -> cython.Py_ssize_t:
    """Keep what lies below the staircase of the second and third columns; `stairs` has room for it."""
    found: cython.Py_ssize_t = 0
    size: cython.Py_ssize_t = 0
    grown: cython.Py_ssize_t
    i: cython.Py_ssize_t
    with cython.nogil:
        for i in range(points.shape[0]):
            grown = _step(stairs, 0, size, points[i, 1], points[i, 2])
            if grown > 0:
                kept[found] = i
                found += 1
                size = grown
    return found


@cython.cfunc
@cython.inline
@cython.nogil
@cython.exceptval(check=False)
def _up_to(
    stairs: cython.double[:, ::1], begin: cython.Py_ssize_t, size: cython.Py_ssize_t, y: cython.double
) -> cython.Py_ssize_t:
    """How many steps of a staircase are up to y."""
    low: cython.Py_ssize_t = begin
    high: cython.Py_ssize_t = begin + size
    middle: cython.Py_ssize_t
    while low < high:
        middle = (low + high) // 2
        if stairs[0, middle] <= y:
            low = middle + 1
        else:
            high = middle
    return low - begin


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def _step(
    stairs: cython.double[:, ::1],
    begin: cython.Py_ssize_t,
    size: cython.Py_ssize_t,
    y: cython.double,
    z: cython.double,
) -> cython.Py_ssize_t:
    """Put a step into a staircase; return how many there are then, 0 where it lies nowhere below."""
    end: cython.Py_ssize_t = begin + size
    low: cython.Py_ssize_t = begin + _up_to(stairs, begin, size, y)
    gone: cython.Py_ssize_t
    j: cython.Py_ssize_t
    if low > begin and stairs[1, low - 1] <= z:
        return 0
    # the new step goes behind those to its left, and takes the place of those it is below
    if low > begin and stairs[0, low - 1] == y:
        low -= 1
    gone = low
    while gone < end and stairs[1, gone] >= z:
        gone += 1
    if gone > low:
        for j in range(end - gone):
            stairs[0, low + 1 + j] = stairs[0, gone + j]
            stairs[1, low + 1 + j] = stairs[1, gone + j]
    else:
        for j in range(end - low):
            stairs[0, end - j] = stairs[0, end - j - 1]
            stairs[1, end - j] = stairs[1, end - j - 1]
    stairs[0, low], stairs[1, low] = y, z
    return size + 1 - (gone - low)


def undominated_of_four(points: cython.double[:, ::1], by_second: cython.longlong[::1]) -> NDArray[np.int64]:
    """Return the positions of the points, given in lexicographic order, that no earlier one is nowhere above.

    Parameters
    ----------
    points
        N x 4.
    by_second
        N, positions by rising second column.
    """
    count: cython.Py_ssize_t = points.shape[0]
    kept = np.empty(count, dtype=np.int64)
    where = np.empty((2, count), dtype=np.int64)  # rank of a point, and how many are up to it
    rank: cython.longlong[:, ::1] = where
    nodes = np.zeros((2, count + 1), dtype=np.int64)  # where the staircase of a node begins, and its size
    node: cython.longlong[:, ::1] = nodes
    room: cython.Py_ssize_t = 0
    j: cython.Py_ssize_t
    for j in range(1, count + 1):
        node[0, j] = room
        room += j & -j
    end: cython.Py_ssize_t = count
    for j in range(count, 0, -1):
        if j < count and points[by_second[j - 1], 1] != points[by_second[j], 1]:
            end = j
        rank[0, by_second[j - 1]], rank[1, by_second[j - 1]] = j, end
    return kept[: _below_trees(points, rank, kept, node, np.empty((2, room)))]


@cython.cfunc
def _below_trees(
    points: cython.double[:, ::1],
    rank: cython.longlong[:, ::1],
    kept: cython.longlong[::1],
    node: cython.longlong[:, ::1],
    stairs: cython.double[:, ::1],
) -> cython.Py_ssize_t:
    """Keep what lies below the staircases of all nodes up to its rank."""
    found: cython.Py_ssize_t = 0
    i: cython.Py_ssize_t
    j: cython.Py_ssize_t
    grown: cython.Py_ssize_t
    with cython.nogil:
        for i in range(points.shape[0]):
            if _is_above(stairs, node, rank[1, i], points[i, 2], points[i, 3]):
                continue
            kept[found] = i
            found += 1
            j = rank[0, i]
            while j <= points.shape[0]:
                grown = _step(stairs, node[0, j], node[1, j], points[i, 2], points[i, 3])
                if grown == 0:  # nor does it lie below those of larger nodes
                    break
                node[1, j] = grown
                j += j & -j
    return found


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def _is_above(
    stairs: cython.double[:, ::1],
    node: cython.longlong[:, ::1],
    rank: cython.Py_ssize_t,
    y: cython.double,
    z: cython.double,
) -> cython.bint:
    """Whether a step of some node up to a rank is nowhere above."""
    begin: cython.Py_ssize_t
    size: cython.Py_ssize_t
    steps: cython.Py_ssize_t
    while rank > 0:
        begin, size = node[0, rank], node[1, rank]
        rank -= rank & -rank
        # most staircases begin too far right, or end too high
        if size == 0 or stairs[0, begin] > y or stairs[1, begin + size - 1] > z:
            continue
        steps = _up_to(stairs, begin, size, y)
        if stairs[1, begin + steps - 1] <= z:
            return True
    return False
