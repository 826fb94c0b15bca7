"""Choices of thresholds: of any weights of the columns, the one that is least; and what it is worth as a plan.

With the placement fixed, a choice of thresholds takes Σ_s R_s w_{k,s} of each column k: money, machines of each kind,
what else has a limit, minus the accuracy. A sum of the columns by any weights is least at a backward recursion.
"""

from __future__ import annotations

import cython
import numpy as np
from cython.cimports.libc.math import ceil, fabs
from numpy.typing import NDArray

INFINITE = cython.declare(cython.double, float("inf"))


class Choices:
    """N placements of up to M stages, K columns and P kinds of machines, one of them open at a time.

    Parameters
    ----------
    stages
        N: how many stages each has.
    menus
        First level and number of levels of each stage (N x M); 1 - exit rate and accuracy mass of all levels.
    adds
        N x K x M.
    limits
        K, finite; those of money and machines are not read.
    machines
        What one costs in the first column, and in the column of money (N x P both); most of them (N x P); and what one
        unit of the column is in machines (P).
    money
        The column of money, where it has a limit and is not the first; else 0.
    best, known
        Only plans below this count; whether it is the value of a plan, which others have to be better than by the gap.
    tolerances
        The gap, relative and at least; of a machine's time, what may be missing; rounding; what is off a whole number
        yet whole.
    """

    def __init__(
        self,
        stages: NDArray[np.int64],
        menus: tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]],
        adds: NDArray[np.float64],
        limits: NDArray[np.float64],
        machines: tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]],
        money: int,
        best: float,
        known: bool,
        tolerances: tuple[float, float, float, float, float],
    ) -> None:
        columns, kinds, longest = adds.shape[1], len(machines[3]), adds.shape[2]
        self.all_stages, self.all_adds, self.limit = stages, adds, limits
        self.all_first, self.all_sizes, self.stay, self.mass = menus
        self.all_rents, self.all_dues, self.all_most, self.unit = machines
        self.columns, self.machines, self.money = columns, kinds, money
        self.gap, self.off, self.forgiven, self.rounding, self.integral = tolerances
        self.best, self.known, self.best_at = best, known, -1
        self.best_levels, self.levels = np.zeros(longest, np.int64), np.zeros(longest, np.int64)
        self.column, self.weight = np.zeros(columns), np.zeros(columns)
        self.low, self.high = np.zeros(longest, np.int64), np.zeros(longest, np.int64)

    def found(self) -> tuple[float, int, NDArray[np.int64]]:
        """Return the value of the best plan, which placement it is of (-1: none was found), and its thresholds."""
        return self.best, self.best_at, np.array(self.best_levels)

    def _target(self) -> cython.double:
        """What a plan must be below to count."""
        if not self.known:
            return self.best
        return self.best - max(self.gap * fabs(self.best), self.off)

    def _open(self, n: cython.Py_ssize_t) -> None:
        """Begin with a placement."""
        self.here, self.stages = n, self.all_stages[n]
        self.first, self.adds = self.all_first[n], self.all_adds[n]
        self.rent, self.due = self.all_rents[n], self.all_dues[n]

    def _price(self) -> cython.double:
        """Find the choice within the ranges that is least by the weights: levels and columns; its weighted sum."""
        s: cython.Py_ssize_t
        k: cython.Py_ssize_t
        level: cython.Py_ssize_t
        at: cython.Py_ssize_t
        accuracy: cython.double = self.weight[self.columns - 1]
        value: cython.double = 0.0
        least: cython.double
        x: cython.double
        for s in range(self.stages - 1, -1, -1):
            at = self.first[s] + self.low[s]
            least = self.stay[at] * value - accuracy * self.mass[at]
            for level in range(at + 1, self.first[s] + self.high[s] + 1):
                x = self.stay[level] * value - accuracy * self.mass[level]
                if x < least:
                    least, at = x, level
            self.levels[s] = at - self.first[s]
            value = least
            for k in range(self.columns):
                value += self.weight[k] * self.adds[k, s]
        self._add_up()
        self._offer()
        return value

    def _add_up(self) -> None:
        """Set the columns of the levels."""
        s: cython.Py_ssize_t
        k: cython.Py_ssize_t
        at: cython.Py_ssize_t
        for k in range(self.columns):
            self.column[k] = 0.0
        for s in range(self.stages - 1, -1, -1):
            at = self.first[s] + self.levels[s]
            for k in range(self.columns):
                self.column[k] = self.adds[k, s] + self.stay[at] * self.column[k]
            self.column[self.columns - 1] -= self.mass[at]

    def _worth(self) -> cython.double:
        """Value of the plan with these columns, machines whole; infinite where it breaks a limit."""
        k: cython.Py_ssize_t
        p: cython.Py_ssize_t
        number: cython.double
        value: cython.double = self.column[0]
        due: cython.double = 0.0
        used: cython.double
        for p in range(self.machines):
            number = ceil(self.column[1 + p] * self.unit[p] * (1 - self.forgiven))
            if number > self.all_most[self.here, p]:
                return INFINITE
            value += number * self.rent[p]
            due += number * self.due[p]
        for k in range(self.machines + 1, self.columns):
            used = self.column[k] + (due if k == self.money else 0.0)
            if used > self.limit[k] + self.rounding * fabs(self.limit[k]):
                return INFINITE
        return value

    def _offer(self) -> None:
        """Keep the plan if it is the best."""
        s: cython.Py_ssize_t
        value: cython.double = self._worth()
        if value < self.best:
            self.best, self.best_at, self.known = value, self.here, True
            for s in range(self.stages):
                self.best_levels[s] = self.levels[s]
