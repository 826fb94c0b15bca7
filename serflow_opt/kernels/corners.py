"""Corners under which points leave room, and what points cover: `fronts/search_region.py` and `fronts/archive.py`."""

from __future__ import annotations

import cython
import numpy as np
from numpy.typing import NDArray


@cython.cclass
class Corners:
    """Local upper bounds of points: what no point covers lies below one of them.

    Parameters
    ----------
    most
        K: the corner that there is without points.
    """

    size: cython.Py_ssize_t
    count: cython.Py_ssize_t
    corners: cython.double[:, ::1]

    def __init__(self, most: cython.double[::1]) -> None:
        self.size, self.count = most.shape[0], 1
        self.corners = np.empty((64, self.size))
        self.corners[0] = most

    def found(self) -> NDArray[np.float64]:
        """Return the corners, C x K."""
        return np.array(self.corners[: self.count])

    def add(self, points: cython.double[:, ::1]) -> None:
        """Take points in, N x K."""
        n: cython.Py_ssize_t
        i: cython.Py_ssize_t
        k: cython.Py_ssize_t
        for n in range(points.shape[0]):
            point: cython.double[::1] = points[n]
            hit: list[int] = []
            for i in range(self.count):
                for k in range(self.size):
                    if not point[k] < self.corners[i, k]:
                        break
                else:
                    hit.append(i)
            if hit:
                self._split(point, np.array(hit, dtype=np.int64))

    @cython.cfunc
    def _split(self, point: cython.double[::1], hit: cython.longlong[::1]) -> cython.void:
        """Replace the corners above a point by those that have one coordinate of it, but for what others contain."""
        new = np.empty((hit.shape[0] * self.size, self.size))
        corner: cython.double[:, ::1] = new
        made: cython.Py_ssize_t = 0
        a: cython.Py_ssize_t
        j: cython.Py_ssize_t
        k: cython.Py_ssize_t
        for a in range(hit.shape[0]):
            for j in range(self.size):
                if not self._inside_another(a, j, point[j], hit):
                    for k in range(self.size):
                        corner[made, k] = self.corners[hit[a], k]
                    corner[made, j] = point[j]
                    made += 1
        # the last corners take the places of those that go
        for a in range(hit.shape[0] - 1, -1, -1):
            self.count -= 1
            self.corners[hit[a]] = self.corners[self.count]
        if self.count + made > self.corners.shape[0]:
            room = np.empty((2 * (self.count + made), self.size))
            room[: self.count] = self.corners[: self.count]
            self.corners = room
        for a in range(made):
            self.corners[self.count] = corner[a]
            self.count += 1

    @cython.cfunc
    @cython.exceptval(check=False)
    def _inside_another(
        self, a: cython.Py_ssize_t, j: cython.Py_ssize_t, value: cython.double, hit: cython.longlong[::1]
    ) -> cython.bint:
        """Whether corner `a` of those hit, with `value` at j, lies in the box of another such, or of one not hit."""
        b: cython.Py_ssize_t
        k: cython.Py_ssize_t
        i: cython.Py_ssize_t
        same: cython.bint
        one: cython.Py_ssize_t = hit[a]
        for b in range(hit.shape[0]):
            if b == a:
                continue
            same = True
            for k in range(self.size):
                if k != j:
                    if self.corners[hit[b], k] < self.corners[one, k]:
                        break
                    same = same and self.corners[hit[b], k] == self.corners[one, k]
            else:
                if not same or b < a:  # of equal ones the first stays
                    return True
        for i in range(self.count):
            if self.corners[i, j] == value:  # one that is hit lies above
                for k in range(self.size):
                    if k != j and self.corners[i, k] < self.corners[one, k]:
                        break
                else:
                    return True
        return False


def covered(ideal: cython.double[:, ::1], points: cython.double[:, ::1]) -> NDArray[np.bool_]:
    """Return whether some point is nowhere above each of some others.

    Parameters
    ----------
    ideal
        N x K, what to cover.
    points
        P x K, by rising first column.
    """
    found = np.zeros(len(ideal), dtype=np.uint8)
    is_covered: cython.uchar[::1] = found
    n: cython.Py_ssize_t
    p: cython.Py_ssize_t
    k: cython.Py_ssize_t
    with cython.nogil:
        for n in range(ideal.shape[0]):
            for p in range(points.shape[0]):
                if points[p, 0] > ideal[n, 0]:
                    break
                for k in range(1, ideal.shape[1]):
                    if points[p, k] > ideal[n, k]:
                        break
                else:
                    is_covered[n] = 1
                    break
    return found.view(np.bool_)
