"""Bounds of one placement along its stages, and prefixes: the loops of `search/threshold_labels.py`."""

from __future__ import annotations

from typing import Any

import cython
import numpy as np
from cython.cimports.libc.math import INFINITY
from cython.cimports.serflow_opt.kernels.states import Exits
from numpy.typing import NDArray

TRIED = 15
"""Steps below the least of a suffix that bound the reach of its prefixes; halved from one to the next."""


@cython.cclass
class Along(Exits):  # type: ignore[misc]  # mypy does not read .pxd files
    """The stages of a placement under multipliers.

    Parameters
    ----------
    lines
        `search.flat.Lines` of all menus.
    menu
        M, numbers of the menus used.
    added
        M, what each stage adds to the weighted sum.
    beta
        The multiplier of the accuracy.
    """

    menu: cython.longlong[::1]
    added: cython.double[::1]
    beta: cython.double
    stages: cython.Py_ssize_t

    def __init__(self, lines: Any, menu: cython.longlong[::1], added: cython.double[::1], beta: float) -> None:
        super().__init__(lines)
        self.menu, self.added, self.beta, self.stages = menu, added, beta, menu.shape[0]

    def suffixes(self) -> NDArray[np.float64]:
        """Return the least weighted sum of a suffix that begins with each stage; 0 behind the last."""
        least = np.zeros(self.stages + 1)
        value: cython.double[::1] = least
        s: cython.Py_ssize_t
        for s in range(self.stages - 1, -1, -1):
            value[s] = self.added[s] + self.left_by(self.menu[s], value[s + 1], self.beta)
        return least

    def allowances(self, most: float) -> NDArray[np.float64]:
        """Return the largest weighted sum that a label of each stage may have if a prefix completes it to `most`."""
        largest = np.empty(self.stages)
        allowed: cython.double[::1] = largest
        left: cython.double = most
        s: cython.Py_ssize_t
        for s in range(self.stages):
            allowed[s] = left
            left = self.most_after(self.menu[s], left - self.added[s], self.beta)
        return largest

    def allowances_of(self, most: cython.double[::1]) -> NDArray[np.float64]:
        """Return the same for several such limits, stages x limits."""
        largest = np.empty((self.stages, most.shape[0]))
        allowed: cython.double[:, ::1] = largest
        left: cython.double
        s: cython.Py_ssize_t
        c: cython.Py_ssize_t
        for c in range(most.shape[0]):
            left = most[c]
            for s in range(self.stages):
                allowed[s, c] = left
                left = self.most_after(self.menu[s], left - self.added[s], self.beta)
        return largest

    def reaches(self, suffix: cython.double[::1], most: float) -> NDArray[np.float64]:
        """Return the largest reach that a prefix of use has at each stage, as far as steps below the suffix tell."""
        found = np.empty(self.stages)
        reach: cython.double[::1] = found
        size: cython.double = 0.0
        limit: cython.double = most
        step: cython.double
        value: cython.double
        s: cython.Py_ssize_t
        t: cython.Py_ssize_t
        for s in range(self.stages):
            size = max(size, abs(suffix[s]))
        for s in range(self.stages):
            reach[s] = INFINITY
            step = size * 2.0**-12
            for _ in range(TRIED):
                value = suffix[s] - step
                for t in range(s - 1, -1, -1):
                    value = self.added[t] + self.left_by(self.menu[t], value, self.beta)
                if step > 0 and (limit - value) / step < reach[s]:
                    reach[s] = (limit - value) / step
                step *= 2.0
        return found


def grown(
    reach: cython.double[::1],
    columns: cython.double[:, ::1],
    adds: cython.double[::1],
    menu: tuple[NDArray[np.float64], NDArray[np.float64]],
    suffix: float,
    beta: float,
    most: float,
    few: int,
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.int64], NDArray[np.int64]] | None:
    """Return prefixes that go on through a classifier; None: they are more than a few.

    Parameters
    ----------
    reach, columns
        N, N x 2: of the prefixes before the stage.
    adds
        What the stage adds to the columns, 2.
    menu
        e and e r of its thresholds.
    suffix, beta, most
        The least that follows, the multiplier of the accuracy, and what all may come to.
    few
        How many may be returned.

    Returns
    -------
    tuple
        Reach and columns behind the classifier, rows among those before, and thresholds.
    """
    rate: cython.double[::1] = menu[0]
    mass: cython.double[::1] = menu[1]
    room: cython.Py_ssize_t = min(few, reach.shape[0] * rate.shape[0])
    rows, levels = np.empty(room, dtype=np.int64), np.empty(room, dtype=np.int64)
    reaches, sums = np.empty(room), np.empty((room, 2))
    row: cython.longlong[::1] = rows
    level: cython.longlong[::1] = levels
    left: cython.double[::1] = reaches
    total: cython.double[:, ::1] = sums
    found: cython.Py_ssize_t = 0
    i: cython.Py_ssize_t
    k: cython.Py_ssize_t
    cost: cython.double
    wrong: cython.double
    go_on: cython.double
    after: cython.double = suffix
    weight: cython.double = beta
    limit: cython.double = most
    with cython.nogil:
        for i in range(reach.shape[0]):
            cost = columns[i, 0] + reach[i] * adds[0]
            for k in range(rate.shape[0]):
                wrong = columns[i, 1] + reach[i] * adds[1] - reach[i] * mass[k]
                go_on = reach[i] * (1 - rate[k])
                if cost + weight * wrong + go_on * after <= limit:
                    if found == room:
                        found = -1
                        break
                    row[found], level[found], left[found] = i, k, go_on
                    total[found, 0], total[found, 1] = cost, wrong
                    found += 1
            if found < 0:
                break
    return None if found < 0 else (reaches[:found], sums[:found], rows[:found], levels[:found])


def met(
    reach: cython.double[::1], columns: cython.double[:, ::1], after: cython.double[:, ::1], limits: cython.double[::1]
) -> tuple[int, int]:
    """Return the prefix and the label that are best together within the limits; -1 and -1: none are.

    Parameters
    ----------
    reach, columns
        N, N x 2: of prefixes.
    after
        Labels of what follows, by rising cost and falling minus accuracy, L x 2.
    limits
        Of both columns.
    """
    best: cython.double = limits[0]
    cost: cython.double
    room: cython.double
    nobody: cython.double
    prefix: cython.Py_ssize_t = -1
    label: cython.Py_ssize_t = -1
    low: cython.Py_ssize_t
    high: cython.Py_ssize_t
    middle: cython.Py_ssize_t
    i: cython.Py_ssize_t
    with cython.nogil:
        for i in range(reach.shape[0]):
            room = limits[1] - columns[i, 1]
            nobody = INFINITY if room >= 0 else -INFINITY
            room = room / reach[i] if reach[i] > 0 else nobody
            low, high = 0, after.shape[0]
            while low < high:  # the cheapest that is accurate enough
                middle = (low + high) // 2
                if after[middle, 1] > room:
                    low = middle + 1
                else:
                    high = middle
            if low == after.shape[0]:
                continue
            cost = columns[i, 0] + reach[i] * after[low, 0]
            if cost < best or (cost == best and prefix < 0):
                best, prefix, label = cost, i, low
    return prefix, label
