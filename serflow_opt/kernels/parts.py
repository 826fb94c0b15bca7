"""Placements that are alike, ruled out one after the other by the parts and weights that ruled out the last one.

The tree of a placement (`nodes.py`) ends in parts, ranges of thresholds and numbers of machines, and in weights that
show that there is nothing in each. Of another placement with the same menus and machines these are parts as well, and
mostly the same weights are enough: one look at each part instead of a tree.
"""

from __future__ import annotations

from typing import Any

import cython
import numpy as np

from serflow_opt.kernels.nodes import ONE, Nodes

PARTS = cython.declare(cython.Py_ssize_t, 16)
"""Parts of a placement remembered for others like it, at most."""
INFINITE = cython.declare(cython.double, float("inf"))


class Parts(Nodes):
    """The parts that ruled out the last placement of each group; as `Nodes`."""

    def __init__(self, *given: Any, mixing: int = ONE) -> None:
        super().__init__(*given, mixing=mixing)
        self.closed, self.spare = PARTS + 1, 0

    def close(
        self,
        order: cython.longlong[::1],
        bounds: cython.double[::1],
        group: cython.longlong[::1],
        nodes: cython.Py_ssize_t,
        most: cython.Py_ssize_t,
    ) -> int:
        """Bound placements in turn, as `bound`, each from the parts on that the last one like it came to.

        What they came to is kept from call to call. Returns how many of them were bounded before time is to be looked
        at again.

        Parameters
        ----------
        order, bounds, nodes
            As there.
        group
            N, from 0 on: placements that are likely to be ruled out by the same weights.
        most
            Nodes in all, behind which no other placement is begun with.
        """
        i: cython.Py_ssize_t = 0
        n: cython.Py_ssize_t
        last: cython.Py_ssize_t = self.nodes + most
        dropped: cython.double = self.dropped
        if self.spare == 0:
            self._make_room(group)
        while i < order.shape[0] and self.nodes < last:
            n = order[i]
            i += 1
            if bounds[n] >= self._target():
                continue
            self.open(n, bounds[n])
            self._begin_with_parts(group[n])
            self.dropped, self.closed = INFINITE, 0
            self.run(nodes)
            bounds[n] = max(bounds[n], min(self.dropped, self.least_waiting()))
            if self.top == 0 and self.closed <= PARTS:
                self._keep_parts(group[n])
            self.top = 0
        self.dropped, self.closed = dropped, PARTS + 1
        return int(i)

    def _make_room(self, group: cython.longlong[::1]) -> None:
        """Make room for the parts of each group, and of the placement at hand behind them."""
        i: cython.Py_ssize_t
        groups: cython.Py_ssize_t = 0
        for i in range(group.shape[0]):
            groups = max(groups, group[i] + 1)
        self.spare = groups * PARTS
        rows, longest = self.spare + PARTS, self.lows.shape[1]
        self.kept_lows, self.kept_highs = np.empty((rows, longest), np.int64), np.empty((rows, longest), np.int64)
        self.kept_leasts, self.kept_mosts = np.empty((rows, self.machines)), np.empty((rows, self.machines))
        self.kept_fulls, self.kept_weights = np.empty((rows, self.machines), np.int64), np.empty((rows, self.columns))
        self.kept, self.kept_of = np.zeros(groups, np.int64), np.zeros(groups, np.int64)

    def _same(self, n: cython.Py_ssize_t, m: cython.Py_ssize_t) -> cython.bint:
        """Whether parts of a placement are parts of another one: they have the same menus and machines."""
        s: cython.Py_ssize_t
        p: cython.Py_ssize_t
        same: cython.bint = self.all_stages[n] == self.all_stages[m]
        for s in range(self.stages):
            same = (
                same and self.all_first[n, s] == self.all_first[m, s] and self.all_sizes[n, s] == self.all_sizes[m, s]
            )
        for p in range(self.machines):
            same = same and self.all_rents[n, p] == self.all_rents[m, p]
            same = same and self.all_most[n, p] == self.all_most[m, p]
        return same

    def _begin_with_parts(self, group: cython.Py_ssize_t) -> None:
        """Let the parts that the last placement of a group came to wait in place of the whole."""
        i: cython.Py_ssize_t
        k: cython.Py_ssize_t
        row: cython.Py_ssize_t
        bound: cython.double = self.bounds[0]
        if not self.kept[group] or not self._same(self.here, self.kept_of[group]):
            return
        self.top = self.kept[group]
        for i in range(self.top):
            row = group * PARTS + i
            for k in range(self.stages):
                self.lows[i, k], self.highs[i, k] = self.kept_lows[row, k], self.kept_highs[row, k]
            for k in range(self.machines):
                self.leasts[i, k], self.mosts[i, k] = self.kept_leasts[row, k], self.kept_mosts[row, k]
                self.fulls[i, k] = self.kept_fulls[row, k]
            for k in range(self.columns):
                self.weights[i, k] = self.kept_weights[row, k]
            self.bounds[i] = bound

    def _close(self, bound: cython.double) -> None:
        """A node is done: remember its part and the weights that rule it out, where there is room for that."""
        k: cython.Py_ssize_t
        row: cython.Py_ssize_t = self.spare + self.closed
        self.dropped = min(self.dropped, bound)
        if self.closed >= PARTS or bound < self._target():
            self.closed = PARTS + 1
            return
        self.closed += 1
        for k in range(self.stages):
            self.kept_lows[row, k], self.kept_highs[row, k] = self.low[k], self.high[k]
        for k in range(self.machines):
            self.kept_leasts[row, k], self.kept_mosts[row, k] = self.least[k], self.most[k]
            self.kept_fulls[row, k] = self.full[k]
        for k in range(self.columns):
            self.kept_weights[row, k] = self.tightest[k]

    def _keep_parts(self, group: cython.Py_ssize_t) -> None:
        """Keep the parts of a placement for those of its group."""
        i: cython.Py_ssize_t
        self.kept[group], self.kept_of[group] = self.closed, self.here
        for i in range(self.closed):
            self._copy_part(self.spare + i, group * PARTS + i)

    def _copy_part(self, of: cython.Py_ssize_t, to: cython.Py_ssize_t) -> None:
        k: cython.Py_ssize_t
        for k in range(self.stages):
            self.kept_lows[to, k], self.kept_highs[to, k] = self.kept_lows[of, k], self.kept_highs[of, k]
        for k in range(self.machines):
            self.kept_leasts[to, k], self.kept_mosts[to, k] = self.kept_leasts[of, k], self.kept_mosts[of, k]
            self.kept_fulls[to, k] = self.kept_fulls[of, k]
        for k in range(self.columns):
            self.kept_weights[to, k] = self.kept_weights[of, k]
