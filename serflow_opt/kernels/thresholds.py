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
    met: cython.double[:, ::1],
    rate: cython.double[::1],
    mass: cython.double[::1],
    suffix: float,
    beta: float,
    most: float,
    few: int,
) -> tuple[NDArray[np.int64], NDArray[np.int64]] | None:
    """Return prefixes that go on through a classifier: their rows and thresholds; None: they are more than a few.

    Parameters
    ----------
    reach, met
        N, N x 2: of the prefixes, reach and columns with the stage.
    rate, mass
        Of its thresholds.
    suffix, beta, most
        The least that follows, the multiplier of the accuracy, and what all may come to.
    few
        How many may be returned.
    """
    room: cython.Py_ssize_t = few
    rows, levels = np.empty(room, dtype=np.int64), np.empty(room, dtype=np.int64)
    row: cython.longlong[::1] = rows
    level: cython.longlong[::1] = levels
    found: cython.Py_ssize_t = 0
    i: cython.Py_ssize_t
    k: cython.Py_ssize_t
    after: cython.double = suffix
    weight: cython.double = beta
    limit: cython.double = most
    with cython.nogil:
        for i in range(reach.shape[0]):
            for k in range(rate.shape[0]):
                if met[i, 0] + weight * (met[i, 1] - reach[i] * mass[k]) + reach[i] * (1 - rate[k]) * after <= limit:
                    if found == room:
                        found = -1
                        break
                    row[found], level[found] = i, k
                    found += 1
            if found < 0:
                break
    return None if found < 0 else (rows[:found], levels[:found])
