"""A stage put in front of labels of two columns: what `search/threshold_labels.put_stage` sorts is merged here.

Labels lie by rising cost and falling minus accuracy, and a threshold keeps that order. So there is one run a threshold,
all are merged by cost, and what the last label kept is at least as accurate as is passed over without a look.
"""

from __future__ import annotations

import cython
import numpy as np
from cython.cimports.libc.math import floor
from numpy.typing import NDArray

Stage = tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.int64]]


@cython.cclass
class Merge:
    """The merge for one stage; the parameters are those of `put_stage`, with tests by rows.

    Parameters
    ----------
    rate, mass
        e and e r of the thresholds.
    adds
        What the stage adds to both columns.
    after
        N x 2, labels of what follows.
    weights, most
        T x 2, T: weights of the columns, and what a label may come to by them.
    width
        Of cells of the first column; 0: there are none.
    """

    rate: cython.double[::1]
    mass: cython.double[::1]
    adds: cython.double[::1]
    after: cython.double[:, ::1]
    weights: cython.double[:, ::1]
    most: cython.double[::1]
    width: cython.double
    count: cython.Py_ssize_t
    # of each threshold: the row of its run that is next, and that label; thresholds by the costs of these, a heap
    row: cython.longlong[::1]
    cost: cython.double[::1]
    wrong: cython.double[::1]
    heap: cython.longlong[::1]
    size: cython.Py_ssize_t

    def __init__(
        self,
        rate: cython.double[::1],
        mass: cython.double[::1],
        adds: cython.double[::1],
        after: cython.double[:, ::1],
        weights: cython.double[:, ::1],
        most: cython.double[::1],
        width: float,
    ) -> None:
        levels: cython.Py_ssize_t = rate.shape[0]
        self.rate, self.mass, self.adds, self.after, self.weights = rate, mass, adds, after, weights
        self.width, self.count, self.size = width, after.shape[0], 0
        self.row, self.heap = np.zeros(levels, dtype=np.int64), np.empty(levels, dtype=np.int64)
        self.cost, self.wrong = np.empty(levels), np.empty(levels)
        room: cython.double[::1] = np.array(most)
        t: cython.Py_ssize_t
        for t in range(room.shape[0]):
            room[t] -= adds[0] * weights[t, 0] + adds[1] * weights[t, 1]
        self.most = room

    def run(self) -> Stage:
        """Return labels, their thresholds, and their rows in `after`."""
        values = np.empty((self.rate.shape[0] * self.count, 2))
        levels, rows = np.empty(len(values), dtype=np.int64), np.empty(len(values), dtype=np.int64)
        found: cython.Py_ssize_t = self._merge(values, levels, rows)
        return values[:found].copy(), levels[:found].copy(), rows[:found].copy()

    @cython.cfunc
    @cython.exceptval(check=False)
    def _merge(
        self, values: cython.double[:, ::1], levels: cython.longlong[::1], rows: cython.longlong[::1]
    ) -> cython.Py_ssize_t:
        found: cython.Py_ssize_t = 0
        level: cython.Py_ssize_t
        low: cython.double = float("inf")
        cell: cython.double
        last: cython.double = 0.0
        base: cython.double = 0.0
        with cython.nogil:
            for level in range(self.rate.shape[0]):
                if self._next(level, low):
                    self.heap[self.size] = level
                    self.size += 1
            for level in range(self.size // 2 - 1, -1, -1):
                self._sink(level)
            while self.size > 0:
                level = self.heap[0]
                if self.wrong[level] < low:
                    low = self.wrong[level]
                    if found == 0:
                        base = self.cost[level]
                    elif self.width > 0:  # of labels in a cell the last is the most accurate
                        cell = floor((self.cost[level] - base) / self.width)
                        if cell == last:
                            found -= 1
                        last = cell
                    values[found, 0], values[found, 1] = self.cost[level], low
                    levels[found], rows[found] = level, self.row[level]
                    found += 1
                self.row[level] += 1
                if not self._next(level, low):
                    self.size -= 1
                    self.heap[0] = self.heap[self.size]
                self._sink(0)
        return found

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _next(self, level: cython.Py_ssize_t, low: cython.double) -> cython.bint:
        """Go on in a run to a label that is more accurate than `low` and within all tests; say whether there is one."""
        i: cython.Py_ssize_t = self.row[level]
        t: cython.Py_ssize_t
        wrong: cython.double
        go_on: cython.double = 1 - self.rate[level]
        while i < self.count:
            wrong = self.adds[1] + go_on * self.after[i, 1] - self.mass[level]
            if wrong < low:
                for t in range(self.most.shape[0]):
                    if not (
                        go_on * (self.after[i, 0] * self.weights[t, 0] + self.after[i, 1] * self.weights[t, 1])
                        - self.weights[t, 1] * self.mass[level]
                        <= self.most[t]
                    ):
                        break
                else:
                    self.row[level], self.wrong[level] = i, wrong
                    self.cost[level] = self.adds[0] + go_on * self.after[i, 0]
                    return True
            i += 1
        self.row[level] = i
        return False

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _sink(self, place: cython.Py_ssize_t) -> cython.void:
        """Let the threshold at a place of the heap sink to where it belongs: by cost, of equals the first threshold."""
        level: cython.longlong = self.heap[place]
        child: cython.Py_ssize_t = 2 * place + 1
        while child < self.size:
            if child + 1 < self.size and self._before(self.heap[child + 1], self.heap[child]):
                child += 1
            if not self._before(self.heap[child], level):
                break
            self.heap[place] = self.heap[child]
            place = child
            child = 2 * place + 1
        self.heap[place] = level

    @cython.cfunc
    @cython.inline
    @cython.nogil
    @cython.exceptval(check=False)
    def _before(self, one: cython.longlong, other: cython.longlong) -> cython.bint:
        if self.cost[one] == self.cost[other]:
            return one < other
        return self.cost[one] < self.cost[other]
