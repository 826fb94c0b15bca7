"""Labels of a stage that may still add to a front: the loop of `fronts/chain_labels.py`."""

from __future__ import annotations

import cython
import numpy as np
from numpy.typing import NDArray

Labels = tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.int64]]


@cython.cclass
class Grow:
    """Stages put in front of labels of D columns, the last of them minus the accuracy where thresholds are accurate.

    Parameters
    ----------
    adds
        M x D, what each stage adds.
    weights
        W x D.
    allowed
        M x C x W, by rising first column: below which the weighted sums of a label have to be, by corner.
    most
        M, what the last column may be at most.
    accurate
        Whether the last column is minus the accuracy.
    falls
        Whether the second column of what is allowed falls.
    """

    rate: cython.double[::1]
    mass: cython.double[::1]
    adds: cython.double[:, ::1]
    weights: cython.double[:, ::1]
    added: cython.double[:, ::1]
    allowed: cython.double[:, :, ::1]
    largest: cython.double[:, ::1]
    limits: cython.double[::1]
    sums: cython.double[::1]
    accurate: cython.bint
    falls: cython.bint
    s: cython.Py_ssize_t
    last: cython.Py_ssize_t

    def __init__(
        self,
        adds: cython.double[:, ::1],
        weights: cython.double[:, ::1],
        allowed: cython.double[:, :, ::1],
        most: cython.double[::1],
        accurate: bool,
        falls: bool,
    ) -> None:
        self.adds, self.weights, self.allowed, self.limits = adds, weights, allowed, most
        self.accurate, self.falls, self.last = accurate, falls, 0
        self.largest = np.max(allowed, axis=1)
        self.sums = np.empty(weights.shape[0])
        self.added = np.asarray(adds) @ np.asarray(weights).T

    def run(
        self,
        stage: int,
        rate: cython.double[::1],
        mass: cython.double[::1],
        after: cython.double[:, ::1],
        first: int,
        end: int,
    ) -> Labels:
        """Return what a stage makes of labels: labels, thresholds, and rows in `after`.

        Parameters
        ----------
        stage
            Its position.
        rate, mass
            e and e r of its thresholds, L; the mass is taken from the last column where that is the accuracy.
        after
            N x D, what follows.
        first, end
            From which threshold on, and up to which.
        """
        self.s, self.rate, self.mass = stage, rate, mass
        size: cython.Py_ssize_t = max(1024, after.shape[0])
        columns: cython.Py_ssize_t = after.shape[1]
        values, levels, rows = np.empty((size, columns)), np.empty(size, np.int64), np.empty(size, np.int64)
        value: cython.double[:, ::1] = values
        level: cython.longlong[::1] = levels
        row: cython.longlong[::1] = rows
        found: cython.Py_ssize_t = 0
        t: cython.Py_ssize_t
        i: cython.Py_ssize_t
        k: cython.Py_ssize_t
        go_on: cython.double
        sums: cython.double[:, ::1] = np.asarray(after) @ np.asarray(self.weights).T
        for t in range(first, end):
            if found + after.shape[0] > size:
                size = 2 * (found + after.shape[0])
                values, levels, rows = _longer(values, size), _longer(levels, size), _longer(rows, size)
                value, level, row = values, levels, rows
            with cython.nogil:
                go_on = 1 - self.rate[t]
                for i in range(after.shape[0]):
                    if self.accurate:
                        value[found, columns - 1] = (
                            self.adds[self.s, columns - 1] + go_on * after[i, columns - 1] - self.mass[t]
                        )
                        if value[found, columns - 1] > self.limits[self.s]:
                            continue
                    if not self._alive(sums[i], t):
                        continue
                    for k in range(columns - self.accurate):
                        value[found, k] = self.adds[self.s, k] + go_on * after[i, k]
                    level[found], row[found] = t, i
                    found += 1
        return values[:found].copy(), levels[:found].copy(), rows[:found].copy()

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _alive(self, after: cython.double[::1], t: cython.Py_ssize_t) -> cython.bint:
        """Whether a threshold in front of what comes to these weighted sums is below some corner in all of them."""
        go_on: cython.double = 1 - self.rate[t]
        w: cython.Py_ssize_t
        for w in range(self.weights.shape[0] - 1, -1, -1):  # between the objectives bounds tell most
            self.sums[w] = self.added[self.s, w] + go_on * after[w]
            if self.accurate:
                self.sums[w] -= self.weights[w, self.weights.shape[1] - 1] * self.mass[t]
            if not self.sums[w] < self.largest[self.s, w]:
                return False
        return self._below_some()

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _below_some(self) -> cython.bint:
        low: cython.Py_ssize_t = 0
        end: cython.Py_ssize_t = self.allowed.shape[1]
        high: cython.Py_ssize_t = end
        middle: cython.Py_ssize_t
        c: cython.Py_ssize_t
        first: cython.Py_ssize_t = 1
        while low < high:  # the first corner that leaves room in the first sum
            middle = (low + high) // 2
            if self.sums[0] < self.allowed[self.s, middle, 0]:
                high = middle
            else:
                low = middle + 1
        if self.falls:  # the last that leaves room in the second
            first, high = 2, end
            c = low
            while c < high:
                middle = (c + high) // 2
                if self.sums[1] < self.allowed[self.s, middle, 1]:
                    c = middle + 1
                else:
                    high = middle
            end = high
        if low >= end:
            return False
        if self.last < low or self.last >= end:
            self.last = (low + end) // 2
        if self._below(self.last, first):
            return True
        for c in range(low, end):
            if self._below(c, first):
                self.last = c
                return True
        return False

    @cython.cfunc
    @cython.inline
    @cython.nogil
    @cython.exceptval(check=False)
    def _below(self, c: cython.Py_ssize_t, first: cython.Py_ssize_t) -> cython.bint:
        w: cython.Py_ssize_t
        below: cython.bint = True
        for w in range(first, self.allowed.shape[2]):
            below = self.sums[w] < self.allowed[self.s, c, w]
            if not below:
                break
        return below


def _longer(array: NDArray[np.float64] | NDArray[np.int64], size: int) -> NDArray[np.float64] | NDArray[np.int64]:
    """Return an array with more rows."""
    longer = np.empty((size, *array.shape[1:]), dtype=array.dtype)
    longer[: len(array)] = array
    return longer
