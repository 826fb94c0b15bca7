"""Placements with the same types of machines, bounded all at once: numbers of machines parted by mixes of their plans.

The columns of a program (`mixes.py`) are plans of any of these placements: the one that enters next is found by a sweep
(`routes.py`). So the bound of a node holds for all placements of the group, as if lots were drawn between them, and
only the numbers of machines are parted (`nodes.py`). What that does not rule out comes back as parts, numbers and the
weights that bound them best, by which few placements are left.
"""

from __future__ import annotations

from typing import Any

import cython
import numpy as np
from numpy.typing import NDArray

from serflow_opt.kernels.nodes import ONE, Nodes

INFINITE = cython.declare(cython.double, float("inf"))


class Groups(Nodes):
    """G groups; as `Nodes`, one of them open at a time.

    Parameters
    ----------
    routes
        The sweep.
    may
        G x E, bytes: runners of each group.
    plans
        That are known: where those of each group begin, G + 1; their columns, whole times and the plans, as `Routes`
        has them, P x K, P, P x M x 4.
    limits, machines, money, best, known, tolerances
        As `Choices`, by group.
    """

    def __init__(
        self,
        routes: Any,
        may: cython.uchar[:, ::1],
        plans: tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64], NDArray[np.int64]],
        limits: NDArray[np.float64],
        machines: tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]],
        money: int,
        best: float,
        known: bool,
        tolerances: tuple[float, float, float, float, float],
    ) -> None:
        self.routes, self.may = routes, may
        groups, stages = may.shape[0], self.routes.stages
        # the thresholds of a group are those of its plans: none are parted
        none, one = np.zeros((groups, stages), np.int64), np.ones((groups, stages), np.int64)
        super().__init__(
            np.full(groups, stages, np.int64), (none, one, np.ones(1), np.zeros(1)),
            np.zeros((groups, len(limits), stages)), limits, machines, money, best, known, tolerances, mixing=ONE,
        )  # fmt: skip
        self.known_from, self.known_columns, self.known_times, self.known_plans = plans
        self.room += int(np.diff(plans[0]).max(initial=0))
        self.pool, self.pooled = np.zeros((self.room, stages), np.int64), np.zeros((self.room, len(limits)))
        self.pool_plans, self.loaded = np.full((self.room, stages, 4), -1, np.int64), 0
        self.best_path = np.full((stages, 4), -1, np.int64)
        depth, kinds = self.leasts.shape[0], len(machines[3])
        self.left, self.left_bounds = 0, np.zeros(depth)
        self.left_leasts, self.left_mosts = np.zeros((depth, kinds)), np.zeros((depth, kinds))
        self.left_weights = np.zeros((depth, len(limits)))

    def target(self) -> float:
        """Return what a plan must be below to count."""
        return float(self._target())

    def plan(self) -> NDArray[np.int64]:
        """Return the best plan, as `Routes` has it, M x 4."""
        return np.array(self.best_path)

    def offer_known(self, groups: cython.longlong[::1]) -> NDArray[np.float64]:
        """Value the known plans of some groups; return the best values, infinite where none keeps the limits."""
        i: cython.Py_ssize_t
        found = np.empty(groups.shape[0])
        values: cython.double[::1] = found
        for i in range(groups.shape[0]):
            self.open(groups[i], -INFINITE)
            values[i] = self._load(groups[i])
        return found

    def begin(self, n: cython.Py_ssize_t, bound: float, weights: cython.double[::1]) -> bool:
        """Begin to part the numbers of machines of a group; say whether any of its plans is in time.

        Parameters
        ----------
        n
            Which one.
        bound
            What no plan is below in any case.
        weights
            Of the columns, K, to begin with where no plan of the group is known; the first is above 0.
        """
        k: cython.Py_ssize_t
        self.open(n, bound)
        self._load(n)
        self.left, self.dropped, self.eager = 0, INFINITE, self.have == 0
        if self.eager and self.routes._least(weights) == INFINITE:
            self.top = 0
            return False
        for k in range(self.machines):
            self.leasts[0, k] = 1.0 if self.all_most[n, k] > 0 else 0.0
        for k in range(self.columns):
            self.weights[0, k] = weights[k]
        return True

    def leave(self) -> None:
        """Leave what waits as it is."""
        k: cython.Py_ssize_t
        while self.top > 0:
            self._take_node()
            for k in range(self.columns):
                self.tightest[k] = self.weight[k]
            self._close(self.bounds[self.top])

    def parts(self) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
        """Return what was left of the last group: least and most machines (P), weights (K), bounds."""
        return (
            np.array(self.left_leasts[: self.left]),
            np.array(self.left_mosts[: self.left]),
            np.array(self.left_weights[: self.left]),
            np.array(self.left_bounds[: self.left]),
        )

    def made(self) -> NDArray[np.int64]:
        """Return the plans that the last group came to, besides those known, N x M x 4."""
        return np.array(self.pool_plans[self.loaded : self.have])

    def _load(self, n: cython.Py_ssize_t) -> cython.double:
        """Put the known plans of a group that are in time into the pool; return the value of the best."""
        i: cython.Py_ssize_t
        k: cython.Py_ssize_t
        best: cython.double = INFINITE
        for i in range(self.known_from[n], self.known_from[n + 1]):
            if self.known_times[i] <= self.routes.limit:
                for k in range(self.columns):
                    self.column[k] = self.known_columns[i, k]
                    self.pooled[self.have, k] = self.column[k]
                self.have += 1
                best = min(best, self._offer_plan(self.known_plans[i]))
        self.loaded = self.last = self.have
        return best

    def _open(self, n: cython.Py_ssize_t) -> None:
        """Begin with a group."""
        Nodes._open(self, n)
        self.routes._among(self.may[n])

    def _price(self) -> cython.double:
        """Find the plan of the group that is least by the weights: its columns; its weighted sum."""
        k: cython.Py_ssize_t
        value: cython.double = self.routes._least(self.weight)
        if value < INFINITE:
            for k in range(self.columns):
                self.column[k] = self.routes.column[k]
            self._offer()
        return value

    def _offer(self) -> None:
        """Keep the plan if it is the best."""
        self._offer_plan(self.routes.path)

    def _offer_plan(self, plan: cython.longlong[:, ::1]) -> cython.double:
        """Keep the plan the columns are of if it is the best; return its value."""
        s: cython.Py_ssize_t
        i: cython.Py_ssize_t
        value: cython.double = self._worth()
        if value < self.best:
            self.best, self.best_at, self.known = value, self.here, True
            for s in range(self.stages):
                for i in range(4):
                    self.best_path[s, i] = plan[s, i]
        return value

    def _keep(self) -> cython.Py_ssize_t:
        """Put the plan into the pool, as `Mixes`."""
        s: cython.Py_ssize_t
        i: cython.Py_ssize_t
        at: cython.Py_ssize_t = Nodes._keep(self)
        for s in range(self.stages):
            for i in range(4):
                self.pool_plans[at, s, i] = self.routes.path[s, i]
        return at

    def _offer_mix(self) -> None:
        """No mix of placements is a plan."""

    def _cross(self) -> None:
        """Plans of different placements are not crossed."""

    def _open_stage(self) -> cython.Py_ssize_t:
        """No thresholds are parted."""
        return -1

    def _close(self, bound: cython.double) -> None:
        """A node is done: keep what is left of it."""
        k: cython.Py_ssize_t
        self.dropped = min(self.dropped, bound)
        if bound >= self._target() or self.left == self.left_bounds.shape[0]:
            return
        self.left_bounds[self.left] = bound
        for k in range(self.machines):
            self.left_leasts[self.left, k], self.left_mosts[self.left, k] = self.least[k], self.most[k]
        for k in range(self.columns):
            self.left_weights[self.left, k] = self.tightest[k]
        self.left += 1
