"""The multiplier of the accuracy floor with the best bound, placement by placement: `search/lagrangian.solve_dual`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import cython
import numpy as np

AT_ONCE = 256
"""Placements between two looks at the clock."""


@cython.cclass
class Dual:
    """Bounds of N placements.

    Parameters
    ----------
    lines
        `search.flat.Lines` of all menus.
    menu
        N x M: numbers of the menus used.
    lost
        N x M: accuracy lost at each stage; None: none.
    weight
        N x M: what a request that enters a stage adds.

    """

    begin: cython.longlong[::1]
    go_on: cython.double[::1]
    mass: cython.double[::1]
    level: cython.longlong[::1]
    breaks: cython.double[::1]
    menu: cython.longlong[:, ::1]
    lost: cython.double[:, ::1]
    weight: cython.double[:, ::1]
    loses: cython.bint
    stages: cython.Py_ssize_t
    # of one placement: lines of a choice, and what it comes to
    here: cython.longlong[::1]
    cost: cython.double
    right: cython.double
    bounds: cython.double[::1]
    multipliers: cython.double[::1]
    values: cython.double[::1]
    chosen: cython.longlong[:, ::1]
    below: cython.longlong[:, ::1]
    keeps: cython.uchar[::1]

    def __init__(self, lines: Any, menu: cython.longlong[:, ::1], lost: Any, weight: cython.double[:, ::1]) -> None:
        self.begin, self.go_on, self.mass = lines.begin, lines.go_on, lines.mass
        self.level, self.breaks = lines.level, lines.breaks
        self.menu, self.weight, self.loses, self.stages = menu, weight, lost is not None, weight.shape[1]
        if self.loses:
            self.lost = lost
        count: cython.Py_ssize_t = weight.shape[0]
        self.here = np.empty(self.stages, dtype=np.int64)
        self.bounds, self.multipliers, self.values = np.empty(count), np.zeros(count), np.empty(count)
        self.chosen, self.keeps = np.empty((count, self.stages), dtype=np.int64), np.ones(count, dtype=np.uint8)
        self.below = np.empty((count, self.stages), dtype=np.int64)

    def run(self, floor: Any, slack: float, on_line: float, rounds: int, check: Callable[[], object]) -> Any:
        """Find them; return bounds, multipliers, values, thresholds, those below the floor, and whether any keep it.

        Parameters
        ----------
        floor, slack
            Share of right answers, None: no floor; and what keeps it in double precision.
        on_line
            How far, relative, a value may stay below the line that the bracket gives.
        rounds
            Multipliers tried at most.
        check
            Called now and then; it raises where time is up.
        """
        count: cython.Py_ssize_t = self.weight.shape[0]
        n: cython.Py_ssize_t
        first: cython.Py_ssize_t
        last: cython.Py_ssize_t
        floored: cython.bint = floor is not None
        least: cython.double = floor if floored else 0.0
        enough: cython.double = slack
        near: cython.double = on_line
        most: cython.Py_ssize_t = rounds
        for first in range(0, count, AT_ONCE):
            check()
            last = min(first + AT_ONCE, count)
            with cython.nogil:
                for n in range(first, last):
                    self._bracket(n, floored, least, enough, near, most)
        found = np.asarray(self.bounds), np.asarray(self.multipliers), np.asarray(self.values)
        return *found, np.asarray(self.chosen), np.asarray(self.below), np.asarray(self.keeps)

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _bracket(
        self,
        n: cython.Py_ssize_t,
        floored: cython.bint,
        floor: cython.double,
        enough: cython.double,
        near: cython.double,
        rounds: cython.Py_ssize_t,
    ) -> cython.void:
        """Close the bracket of one placement."""
        step: cython.double
        value: cython.double
        line: cython.double
        self._choose(n, 1.0, 0.0)
        self._keep(n, self.chosen)
        self._keep(n, self.below)
        low_cost: cython.double = self.cost
        low_right: cython.double = self.right
        self.bounds[n] = self.values[n] = low_cost
        if not floored or low_right >= enough:
            return
        self._choose(n, 0.0, 1.0)
        high_right: cython.double = self.right
        high_cost: cython.double = self._cost_of(n)
        self._keep(n, self.chosen)
        self.values[n] = high_cost
        if not high_right >= enough:
            self.keeps[n] = 0
            return
        for _ in range(rounds):
            step = (high_cost - low_cost) / (high_right - low_right)
            if step < 0:
                step = 0.0
            self._choose(n, 1.0, step)
            value = self.cost + step * (floor - self.right)
            line = low_cost + step * (floor - low_right)
            if value > self.bounds[n]:
                self.bounds[n], self.multipliers[n] = value, step
            if self.right >= enough:
                high_cost, high_right = self.cost, self.right
                self._keep(n, self.chosen)
                self.values[n] = high_cost
            else:
                low_cost, low_right = self.cost, self.right
                self._keep(n, self.below)
            if value >= line - near * abs(line) or not high_right > low_right:
                return

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _choose(self, n: cython.Py_ssize_t, share: cython.double, multiplier: cython.double) -> cython.void:
        """Choose the thresholds that are best by a share of the weights and a multiplier of the accuracy."""
        s: cython.Py_ssize_t
        low: cython.Py_ssize_t
        high: cython.Py_ssize_t
        middle: cython.Py_ssize_t
        u: cython.double
        cost: cython.double = 0.0
        right: cython.double = 0.0
        for s in range(self.stages - 1, -1, -1):
            low, high = self.begin[self.menu[n, s]], self.begin[self.menu[n, s] + 1] - 1
            u = (cost - multiplier * right) / multiplier
            if u != u:
                low = high
            while low < high:
                middle = (low + high) // 2
                if self.breaks[middle] < u:
                    low = middle + 1
                else:
                    high = middle
            self.here[s] = low
            cost = share * self.weight[n, s] + self.go_on[low] * cost
            right = self.mass[low] + self.go_on[low] * right
            if self.loses:
                right -= self.lost[n, s]
        self.cost, self.right = cost, right

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _cost_of(self, n: cython.Py_ssize_t) -> cython.double:
        """What the thresholds just chosen come to."""
        s: cython.Py_ssize_t
        total: cython.double = 0.0
        for s in range(self.stages - 1, -1, -1):
            total = self.weight[n, s] + self.go_on[self.here[s]] * total
        return total

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _keep(self, n: cython.Py_ssize_t, of: cython.longlong[:, ::1]) -> cython.void:
        """Note the thresholds just chosen."""
        s: cython.Py_ssize_t
        for s in range(self.stages):
            of[n, s] = self.level[self.here[s]]
