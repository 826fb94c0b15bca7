"""Points that no other beats: what `ground/dominance.py` does in blocks, point by point."""

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
    i: cython.Py_ssize_t
    j: cython.Py_ssize_t
    low: cython.Py_ssize_t
    high: cython.Py_ssize_t
    middle: cython.Py_ssize_t
    gone: cython.Py_ssize_t
    y: cython.double
    z: cython.double
    with cython.nogil:
        for i in range(points.shape[0]):
            y, z = points[i, 1], points[i, 2]
            low, high = 0, size  # the steps up to y
            while low < high:
                middle = (low + high) // 2
                if stairs[0, middle] <= y:
                    low = middle + 1
                else:
                    high = middle
            if low > 0 and stairs[1, low - 1] <= z:
                continue
            kept[found] = i
            found += 1
            # the new step goes behind those to its left, and takes the place of those it is below
            if low > 0 and stairs[0, low - 1] == y:
                low -= 1
            gone = low
            while gone < size and stairs[1, gone] >= z:
                gone += 1
            if gone > low:
                for j in range(size - gone):
                    stairs[0, low + 1 + j] = stairs[0, gone + j]
                    stairs[1, low + 1 + j] = stairs[1, gone + j]
            else:
                for j in range(size - low):
                    stairs[0, size - j] = stairs[0, size - j - 1]
                    stairs[1, size - j] = stairs[1, size - j - 1]
            size += 1 - (gone - low)
            stairs[0, low], stairs[1, low] = y, z
    return found
