"""Plans of a chain, placement and thresholds, as rows of numbers: the columns they come to, and their whole times."""

from __future__ import annotations

from typing import Any

import cython
import numpy as np
from cython.cimports.serflow_opt.kernels.states import States
from numpy.typing import NDArray

ENDS = cython.declare(cython.longlong, -2)
"""Stands where the line of a menu could: the plan ends, everybody leaves."""


class Plans(States):  # type: ignore[misc]  # mypy does not read .pxd files
    """What the parts of a chain add to the columns; one plan at a time, M x 4.

    Of each stage it has the runner, the ways into and out of a hub, and the line of its menu's envelope; -1 where there
    is none.

    Parameters
    ----------
    flat
        `search.flat.Flat`: the arrays of a chain.
    adds
        What stages, ways from the source, ways into hubs and ways out of them add to the K columns, the last that of
        minus the accuracy: M x E x K, ways x K.
    """

    def __init__(
        self, flat: Any, adds: tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]
    ) -> None:
        super().__init__(flat)
        self.adds, self.start_adds, self.left_adds, self.into_adds = adds
        self.columns = self.adds.shape[2]
        self.column, self.path = np.zeros(self.columns), np.full((self.stages, 4), -1, np.int64)

    def columns_of(self, plans: cython.longlong[:, :, ::1]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the columns and whole times of plans as `least` has them, N x K and N.

        Parameters
        ----------
        plans
            N x M x 4.
        """
        found, times = np.empty((plans.shape[0], self.columns)), np.empty(plans.shape[0])
        columns: cython.double[:, ::1] = found
        wholes: cython.double[::1] = times
        n: cython.Py_ssize_t
        s: cython.Py_ssize_t
        k: cython.Py_ssize_t
        for n in range(plans.shape[0]):
            wholes[n] = 0.0
            for s in range(self.stages):
                for k in range(4):
                    self.path[s, k] = plans[n, s, k]
                if plans[n, s, 0] < 0:
                    continue
                wholes[n] += self.whole[s, plans[n, s, 0]]
                if plans[n, s, 2] >= 0:
                    wholes[n] += self.into_whole[plans[n, s, 2]]
                    wholes[n] += self.left_whole[plans[n, s, 1]] if s > 0 else self.start_whole[plans[n, s, 1]]
            self._add_up()
            for k in range(self.columns):
                columns[n, k] = self.column[k]
        return found, times

    def _add_up(self) -> None:
        """Set the columns of the plan."""
        s: cython.Py_ssize_t
        for s in range(self.stages - 1, -1, -1):
            if self.path[s, 0] >= 0:
                self._put_before(s)

    def _put_before(self, s: cython.Py_ssize_t) -> None:
        """Put stage s with the hand-over before it in front of what the columns are of."""
        k: cython.Py_ssize_t
        e: cython.Py_ssize_t = self.path[s, 0]
        left: cython.Py_ssize_t = self.path[s, 1]
        into: cython.Py_ssize_t = self.path[s, 2]
        line: cython.Py_ssize_t = self.path[s, 3]
        last: cython.bint = s + 1 == self.stages or self.path[s + 1, 0] < 0
        for k in range(self.columns):
            self.column[k] = 0.0 if last else self.go_on[line] * self.column[k]
        self.column[self.columns - 1] -= self.ends[s, e] if line == ENDS else self.mass[line]
        for k in range(self.columns):
            self.column[k] += self.adds[s, e, k]
            if into >= 0:
                self.column[k] += self.into_adds[into, k]
                self.column[k] += self.left_adds[left, k] if s > 0 else self.start_adds[left, k]
