"""Steps of subgradients towards better prices on leaving: `search/joint/potentials.Priced.train`."""

from __future__ import annotations

from typing import Any

import cython
import numpy as np


@cython.cclass
class Climb:
    """Prices of N samples at J exits; the last of J + 1 takes all that are left.

    Parameters
    ----------
    passed
        N x J: how many levels of each exit a sample passes.
    levels
        J: how many an exit has.
    right
        N x (J + 1): 1 where an exit is right, else 0.
    may, must
        N x J: whether a sample leaves there at some level, and at every one.
    stay
        J: what a sample adds that goes on at an exit.
    share
        N: how often a sample is inside.

    """

    passed: cython.longlong[:, ::1]
    levels: cython.longlong[::1]
    right: cython.double[:, ::1]
    may: cython.uchar[:, ::1]
    must: cython.uchar[:, ::1]
    stay: cython.double[::1]
    share: cython.double[::1]
    mu: cython.double[:, ::1]
    mean: cython.double[:, ::1]
    slope: cython.double[:, ::1]
    tails: cython.double[::1]
    taken: cython.double[::1]
    samples: cython.Py_ssize_t
    exits: cython.Py_ssize_t
    owed: cython.double

    def __init__(
        self, passed: Any, levels: Any, right: Any, may: Any, must: Any, stay: cython.double[::1], share: Any
    ) -> None:
        self.passed, self.levels, self.right, self.may, self.must = passed, levels, right, may, must
        self.stay, self.share = stay, share
        self.samples, self.exits = passed.shape[0], passed.shape[1]
        self.mean, self.slope = np.zeros(passed.shape), np.empty(passed.shape)
        self.tails, self.taken = np.empty(self.exits + 1), np.empty(int(np.max(levels, initial=0)) + 1)

    def run(self, mu: Any, price: float, need: float, steps: int, size: float, moves: bool) -> tuple[Any, float]:
        """Climb; return the best prices met.

        Parameters
        ----------
        mu, price
            N x J, where to begin.
        need
            Right answers wanted.
        steps, size
            How many steps, and how long the first is.
        moves
            Whether the price of a right answer changes, too.
        """
        self.mu = mu.copy()
        count: cython.Py_ssize_t = steps
        step: cython.Py_ssize_t
        i: cython.Py_ssize_t
        j: cython.Py_ssize_t
        pays: cython.bint = moves
        long_: cython.double = size
        due: cython.double = need
        whole: cython.double = np.sum(self.share)
        worth: cython.double = price
        drift: cython.double = 0.0
        best: cython.double = -np.inf
        bound: cython.double
        pace: cython.double
        kept, kept_price = mu.copy(), price
        for step in range(count):
            bound = self._step(worth, due)
            if bound > best:
                best, kept_price = bound, worth
                kept[:] = self.mu
            with cython.nogil:
                drift = 0.9 * drift + 0.1 * (self.owed / whole)
                pace = long_ / (1 + step / 40.0)
                for i in range(self.samples):
                    for j in range(self.exits):
                        self.mean[i, j] = 0.9 * self.mean[i, j] + 0.1 * self.slope[i, j]
                        self.mu[i, j] = self.mu[i, j] + pace * self.mean[i, j]
                if pays:
                    worth = worth + 20 * pace * drift
                    if worth < 0:
                        worth = 0.0
        return kept, kept_price

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _step(self, price: cython.double, need: cython.double) -> cython.double:
        """Bound by the prices there are; put the subgradient into `slope` and `owed`."""
        i: cython.Py_ssize_t
        j: cython.Py_ssize_t
        k: cython.Py_ssize_t
        last: cython.Py_ssize_t = self.exits
        leaves: cython.Py_ssize_t
        own: cython.double
        leave: cython.double
        on: cython.double
        bound: cython.double = price * need
        answered: cython.double = 0.0
        takes: cython.bint
        least: cython.double
        sum_: cython.double
        level: cython.Py_ssize_t
        for i in range(self.samples):
            own, leaves = -price * self.right[i, last], last
            self.tails[last] = 0.0  # what later exits pay
            for j in range(last - 1, -1, -1):
                leave = self.mu[i, j] + self.tails[j + 1] - price * self.right[i, j]
                on = self.stay[j] + own
                takes = self.must[i, j] or (self.may[i, j] and leave < on)
                if takes:
                    own, leaves = leave, j
                else:
                    own = on
                self.tails[j] = self.tails[j + 1]
                if self.must[i, j] or (self.may[i, j] and self.mu[i, j] < 0):
                    self.tails[j] += self.mu[i, j]
            bound += self.share[i] * own
            answered += self.share[i] * self.right[i, leaves]
            for j in range(last):
                self.slope[i, j] = 1.0 if leaves == j else 0.0
                if leaves < j and (self.must[i, j] or (self.may[i, j] and self.mu[i, j] < 0)):
                    self.slope[i, j] = 1.0
        self.owed = need - answered
        for j in range(last):
            for k in range(self.levels[j] + 1):
                self.taken[k] = 0.0
            for i in range(self.samples):
                self.taken[self.passed[i, j]] += self.share[i] * self.mu[i, j]
            # those leave at a level that pass more than it
            sum_, least, level = 0.0, 0.0, -1
            for k in range(self.levels[j], 0, -1):
                sum_ += self.taken[k]
                if level < 0 or -sum_ <= least:
                    least, level = -sum_, k - 1
            bound += least
            for i in range(self.samples):
                if self.passed[i, j] > level:
                    self.slope[i, j] -= 1.0
        return bound
