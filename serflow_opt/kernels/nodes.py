"""A tree over numbers of machines and ranges of thresholds, placement by placement, bounded by the best mixes.

First the numbers are parted, then the menus where the choices of the mix disagree most. Plans are the choices that are
met, and those that follow one choice of a mix up to a stage and another one from there on.

Where lots may be drawn, a mix is a plan itself, and no menu is parted; where between neighbours alone, those of a menu
whose mix takes others, too, and both parts keep the threshold between, so that no two neighbours are parted.
"""

from __future__ import annotations

from typing import Any

import cython
import numpy as np
from cython.cimports.libc.math import ceil, fabs, floor
from numpy.typing import NDArray

from serflow_opt.kernels.mixes import Mixes

INFINITE = cython.declare(cython.double, float("inf"))
ONE, NEIGHBOURS, ANY = 0, 1, 2
"""Which thresholds of a stage a plan may mix: none, two neighbours of the menu, or any."""
BETWEEN = cython.declare(cython.Py_ssize_t, NEIGHBOURS)
FREELY = cython.declare(cython.Py_ssize_t, ANY)


class Nodes(Mixes):
    """The nodes that wait of the open placement; as `Mixes`.

    Parameters
    ----------
    mixing
        `ONE`, `NEIGHBOURS` or `ANY`: which thresholds of a stage a plan may mix.
    """

    def __init__(self, *given: Any, mixing: int = ONE) -> None:
        super().__init__(*given)
        columns, kinds, longest = self.columns, self.machines, self.all_adds.shape[2]
        depth = int(np.asarray(self.all_sizes).sum(axis=1).max(initial=0)) + 100 * (kinds + 1)
        self.lows, self.highs = np.zeros((depth, longest), np.int64), np.zeros((depth, longest), np.int64)
        self.leasts, self.mosts = np.zeros((depth, kinds)), np.zeros((depth, kinds))
        self.fulls, self.bounds = np.zeros((depth, kinds), np.int64), np.zeros(depth)
        self.weights, self.top = np.zeros((depth, columns)), 0
        self.behind, self.before = np.zeros((columns, longest + 1, columns)), np.zeros((columns, longest + 1, columns))
        self.reach = np.zeros((columns, longest + 1))
        self.dropped, self.nodes = INFINITE, 0
        self.quick, self.mixing, self.mixed = True, mixing, INFINITE
        self.best_shares = np.zeros((longest, int(np.asarray(self.all_sizes).max(initial=1))))

    def shares(self) -> NDArray[np.float64] | None:
        """Return how often the best plan takes each level of each stage; None: it mixes none."""
        return np.array(self.best_shares) if self.mixed == self.best else None

    def proven(self) -> float:
        """Return what no plan of the nodes that are done is below, but for the best."""
        return float(self.dropped)

    def waiting(self) -> int:
        """Return how many nodes wait."""
        return self.top

    def looked_at(self) -> int:
        """Return how many nodes there were."""
        return self.nodes

    def least_waiting(self) -> float:
        """Return the least bound of the nodes that wait."""
        least: cython.double = INFINITE
        i: cython.Py_ssize_t
        for i in range(self.top):
            least = min(least, self.bounds[i])
        return float(least)

    def bound(
        self,
        order: cython.longlong[::1],
        bounds: cython.double[::1],
        weights: cython.double[:, ::1],
        nodes: cython.Py_ssize_t,
    ) -> None:
        """Bound placements in turn, each by its first nodes; plans met are kept.

        Parameters
        ----------
        order
            Which of them.
        bounds
            N, what is known of each; it is raised.
        weights
            N x K, written: those of the columns at the first node.
        nodes
            Looked at of each, at most.
        """
        i: cython.Py_ssize_t
        k: cython.Py_ssize_t
        n: cython.Py_ssize_t
        dropped: cython.double = self.dropped
        self.quick = False
        for i in range(order.shape[0]):
            n = order[i]
            if bounds[n] >= self._target():
                continue
            self.open(n, bounds[n])
            self.dropped = INFINITE
            self.run(1)
            for k in range(self.columns):
                weights[n, k] = self.weight[k]
            self.run(nodes - 1)
            bounds[n] = max(bounds[n], min(self.dropped, self.least_waiting()))
            self.top = 0
        self.dropped, self.quick = dropped, True

    def open(self, n: cython.Py_ssize_t, bound: float) -> None:
        """Begin with a placement of a known bound; what waited is forgotten."""
        s: cython.Py_ssize_t
        p: cython.Py_ssize_t
        k: cython.Py_ssize_t
        self._open(n)
        self.have, self.last, self.top = 0, 0, 1
        for s in range(self.stages):
            self.lows[0, s], self.highs[0, s] = 0, self.all_sizes[n, s] - 1
        for p in range(self.machines):
            self.leasts[0, p], self.mosts[0, p], self.fulls[0, p] = 0.0, self.all_most[n, p], 0
        for k in range(self.columns):
            self.weights[0, k] = 0.0
        self.weights[0, 0], self.bounds[0] = 1.0, bound

    def run(self, nodes: cython.Py_ssize_t) -> None:
        """Look at so many nodes of the open placement."""
        bound: cython.double
        while self.top > 0 and nodes > 0:
            nodes -= 1
            self._take_node()
            bound = self.bounds[self.top]
            if bound < self._target():
                bound = max(bound, self._bound(self.quick))
            if bound < self._target():
                self._offer_mix()
                self._cross()
            if bound < self._target() and self._branch(bound):
                continue
            if self.quick and bound < self._target():  # there is nothing to part: bound it as tightly as can be
                bound = max(bound, self._bound(False))
                if bound < self._target():
                    self._offer_mix()
                    self._cross()
                if bound < self._target() and self._branch(bound):
                    continue
            self._close(bound)

    def _close(self, bound: cython.double) -> None:
        """A node is done."""
        self.dropped = min(self.dropped, bound)

    def _take_node(self) -> None:
        """Take the last of the nodes that wait."""
        i: cython.Py_ssize_t
        self.top -= 1
        self.nodes += 1
        for i in range(self.stages):
            self.low[i], self.high[i] = self.lows[self.top, i], self.highs[self.top, i]
        for i in range(self.machines):
            self.least[i], self.most[i] = self.leasts[self.top, i], self.mosts[self.top, i]
            self.full[i] = self.fulls[self.top, i] or self.least[i] == self.most[i]
        for i in range(self.columns):
            self.weight[i] = self.weights[self.top, i]

    def _offer_mix(self) -> None:
        """Keep the mix if it is a plan, and the best."""
        i: cython.Py_ssize_t
        s: cython.Py_ssize_t
        k: cython.Py_ssize_t
        value: cython.double
        total: cython.double = 0.0
        if self.mixing == 0:
            return
        for k in range(self.columns):
            self.column[k] = 0.0
        for i in range(self.columns):
            if self._shares(i):
                self._reach(i)
                total += self.value[i]
                for k in range(self.columns):
                    self.column[k] += self.value[i] * self.pooled[self.kind[i], k]
        if total <= 0 or self._open_stage() >= 0:
            return
        for k in range(self.columns):
            self.column[k] /= total
        value = self._worth()
        if value >= self.best:
            return
        self.best, self.mixed, self.best_at, self.known = value, value, self.here, True
        for s in range(self.stages):
            self.best_levels[s] = 0
            for k in range(self.best_shares.shape[1]):
                self.best_shares[s, k] = 0.0
            total = 0.0
            for i in range(self.columns):
                if self._shares(i):
                    total += self.value[i] * self.reach[i, s]
                    self.best_shares[s, self.pool[self.kind[i], s]] += self.value[i] * self.reach[i, s]
            if total <= 0:  # nobody gets here: any threshold will do
                self.best_shares[s, 0], total = 1.0, 1.0
            for k in range(self.best_shares.shape[1]):
                self.best_shares[s, k] /= total

    def _reach(self, i: cython.Py_ssize_t) -> None:
        """Set the reach of each stage by a choice of the basis."""
        s: cython.Py_ssize_t
        self.reach[i, 0] = 1.0
        for s in range(self.stages):
            self.reach[i, s + 1] = self.reach[i, s] * self.stay[self.first[s] + self.pool[self.kind[i], s]]

    def _cross(self) -> None:
        """Try plans that follow one choice of the mix up to a stage and another one from there on."""
        i: cython.Py_ssize_t
        j: cython.Py_ssize_t
        k: cython.Py_ssize_t
        s: cython.Py_ssize_t
        t: cython.Py_ssize_t
        at: cython.Py_ssize_t
        for i in range(self.columns):
            if self._shares(i):
                self._split_up(i)
        for i in range(self.columns):
            for j in range(self.columns):
                if i == j or not self._shares(i) or not self._shares(j):
                    continue
                for s in range(1, self.stages):
                    for k in range(self.columns):
                        self.column[k] = self.before[i, s, k] + self.reach[i, s] * self.behind[j, s, k]
                    if self._worth() >= self.best:
                        continue
                    for t in range(self.stages):
                        at = self.kind[i] if t < s else self.kind[j]
                        self.levels[t] = self.pool[at, t]
                    self._add_up()
                    self._offer()

    def _split_up(self, i: cython.Py_ssize_t) -> None:
        """Set what a choice of the basis takes before each stage and behind it, and its reach."""
        s: cython.Py_ssize_t
        k: cython.Py_ssize_t
        level: cython.Py_ssize_t
        last: cython.Py_ssize_t = self.columns - 1
        for k in range(self.columns):
            self.before[i, 0, k], self.behind[i, self.stages, k] = 0.0, 0.0
        self._reach(i)
        for s in range(self.stages):
            level = self.first[s] + self.pool[self.kind[i], s]
            for k in range(self.columns):
                self.before[i, s + 1, k] = self.before[i, s, k] + self.reach[i, s] * self.adds[k, s]
            self.before[i, s + 1, last] -= self.reach[i, s] * self.mass[level]
        for s in range(self.stages - 1, -1, -1):
            level = self.first[s] + self.pool[self.kind[i], s]
            for k in range(self.columns):
                self.behind[i, s, k] = self.adds[k, s] + self.stay[level] * self.behind[i, s + 1, k]
            self.behind[i, s, last] -= self.mass[level]

    def _branch(self, bound: cython.double) -> cython.bint:
        """Put two parts of the node among those that wait; say whether there is something to part."""
        p: cython.Py_ssize_t
        s: cython.Py_ssize_t
        if self.top + 2 > self.bounds.shape[0]:
            return False
        p = self._open_number(self.integral)
        if p < 0:
            s = self._open_stage()
            if s >= 0:
                self._part_menu(s, bound)
                return True
            p = self._open_number(10 * self.rounding)  # beyond what is forgiven, a part of one takes one more
        if p < 0:
            return False
        self._part_number(p, bound)
        return True

    def _open_number(self, within: cython.double) -> cython.Py_ssize_t:
        """Return the kind of machines whose number is to be decided next: the dearest part of one."""
        p: cython.Py_ssize_t
        at: cython.Py_ssize_t = -1
        number: cython.double
        part: cython.double
        most: cython.double = -1.0
        for p in range(self.machines):
            if self.least[p] == self.most[p]:
                continue
            if self.rent[p] == 0 and (not self.money or self.due[p] == 0):  # free: how many there are changes nothing
                continue
            number = self._number(p)
            part = min(number - floor(number), ceil(number) - number)
            if self.full[p]:
                part = 1.0
            elif part <= within * number:  # of none, any part is one
                continue
            if part * self.rent[p] > most:
                at, most = p, part * self.rent[p]
        return at

    def _part_number(self, p: cython.Py_ssize_t, bound: cython.double) -> None:
        """At most as many machines as are whole in the mix, or more; the likelier part is looked at first."""
        number: cython.double = self._number(p)
        below: cython.double = number - 1 if self.full[p] else floor(number)
        above: cython.double = below + 1
        up: cython.bint = self.full[p] or number - below > above - number or above > self.most[p]
        i: cython.Py_ssize_t
        for i in range(2):
            if up == (i == 0):  # the later one waits on top
                self._wait(bound)
                self.mosts[self.top, p], self.fulls[self.top, p] = below, 1
                self.top += below >= self.least[p]
            else:
                self._wait(bound)
                self.leasts[self.top, p] = above
                self.top += above <= self.most[p]

    def _wait(self, bound: cython.double) -> None:
        """Write the node behind those that wait; the caller changes it and counts it."""
        i: cython.Py_ssize_t
        self.bounds[self.top] = bound
        for i in range(self.stages):
            self.lows[self.top, i], self.highs[self.top, i] = self.low[i], self.high[i]
        for i in range(self.machines):
            self.leasts[self.top, i], self.mosts[self.top, i] = self.least[i], self.most[i]
            self.fulls[self.top, i] = 0
        for i in range(self.columns):
            self.weights[self.top, i] = self.weight[i]

    def _open_stage(self) -> cython.Py_ssize_t:
        """Return the stage where the exits of the mix differ most, as requests see them, and no plan may mix them.

        It is -1 where there is none.
        """
        s: cython.Py_ssize_t
        i: cython.Py_ssize_t
        at: cython.Py_ssize_t = -1
        mean: cython.double
        total: cython.double
        apart: cython.double
        most: cython.double = 0.0
        if self.mixing == FREELY:
            return -1
        for s in range(self.stages):
            if self.high[s] - self.low[s] <= self.mixing:
                continue
            if self._used(s, -1) - self._used(s, 1) <= self.mixing:  # rounding alone is no difference
                continue
            mean, total, apart = self._mean_stay(s), 0.0, 0.0
            for i in range(self.columns):
                if self._shares(i):
                    total = self.value[i] * self.reach[i, s]
                    apart += total * fabs(self.stay[self.first[s] + self.pool[self.kind[i], s]] - mean)
            if apart > most or (at < 0 and self.mixing == BETWEEN):
                at, most = s, apart
        return at

    def _mean_stay(self, s: cython.Py_ssize_t) -> cython.double:
        """Return which share of those who enter the stage goes on, in the mix."""
        i: cython.Py_ssize_t
        enter: cython.double = 0.0
        on: cython.double = 0.0
        for i in range(self.columns):
            if self._shares(i):
                enter += self.value[i] * self.reach[i, s]
                on += self.value[i] * self.reach[i, s + 1]
        return on / enter if enter > 0 else 0.0

    def _part_menu(self, s: cython.Py_ssize_t, bound: cython.double) -> None:
        """Part the thresholds of a stage next to the mean of the mix; the larger share of it is looked at first."""
        mean: cython.double = self._mean_stay(s)
        lowest: cython.Py_ssize_t = self._used(s, 1)
        highest: cython.Py_ssize_t = self._used(s, -1)
        cut: cython.Py_ssize_t = lowest
        i: cython.Py_ssize_t
        share: cython.double = 0.0
        while cut < highest - 1 and self.stay[self.first[s] + cut + 1] <= mean:
            cut += 1
        if self.mixing == BETWEEN:
            cut = max(cut, lowest + 1)
        for i in range(self.columns):
            if self._shares(i):
                share += self.value[i] * self.reach[i, s] * (1.0 if self.pool[self.kind[i], s] <= cut else -1.0)
        for i in range(2):
            self._wait(bound)
            if (share > 0) == (i == 1):  # the later one waits on top
                self.highs[self.top, s] = cut
            else:
                self.lows[self.top, s] = cut if self.mixing == BETWEEN else cut + 1
            self.top += 1

    def _used(self, s: cython.Py_ssize_t, sign: cython.Py_ssize_t) -> cython.Py_ssize_t:
        """Return the lowest threshold that the mix takes of a stage; of sign -1, the highest."""
        i: cython.Py_ssize_t
        level: cython.Py_ssize_t = self.high[s] if sign > 0 else self.low[s]
        for i in range(self.columns):
            if self._shares(i) and self.reach[i, s] > 0 and sign * self.pool[self.kind[i], s] < sign * level:
                level = self.pool[self.kind[i], s]
        return level
