"""What placements of a chain take, row by row: the loops of `search/placed.py`."""

from __future__ import annotations

from typing import Any

import cython
import numpy as np
from cython.cimports.serflow_opt.kernels.states import States
from numpy.typing import NDArray


@cython.cclass
class Placing(States):  # type: ignore[misc]  # mypy does not read .pxd files
    """Placements looked up in the arrays of a chain.

    Parameters
    ----------
    flat
        `search.flat.Flat`: the arrays of a chain.
    """

    def __init__(self, flat: Any) -> None:
        super().__init__(flat)

    def located(
        self, runner: cython.longlong[:, ::1], way: cython.longlong[:, ::1], moved: cython.uchar[:, ::1]
    ) -> NDArray[np.int64]:
        """Return the runner of each stage, and the numbers of the ways into and out of a hub, -1 where there is none.

        Parameters
        ----------
        runner, way, moved
            N x M: `search.placements.Paths`.
        """
        found = np.full((runner.shape[0], self.stages, 3), -1, dtype=np.int64)
        paths: cython.longlong[:, :, ::1] = found
        n: cython.Py_ssize_t
        s: cython.Py_ssize_t
        k: cython.Py_ssize_t
        hub: cython.Py_ssize_t
        with cython.nogil:
            for n in range(runner.shape[0]):
                for s in range(self.stages):
                    if runner[n, s] < 0:
                        break
                    paths[n, s, 0] = runner[n, s]
                    if not moved[n, s]:
                        continue
                    # who takes over, and in which way, says what hub there is between
                    for hub in range(self.hub_at[s], self.hub_at[s + 1]):
                        if self.hub_via[hub] != way[n, s]:
                            continue
                        for k in range(self.into_from[hub], self.into_from[hub + 1]):
                            if self.into_runner[k] == runner[n, s]:
                                paths[n, s, 2] = k
                                paths[n, s, 1] = self._into(s, -1 if s == 0 else runner[n, s - 1], hub)
                                break
        return found

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _into(self, s: cython.Py_ssize_t, sender: cython.Py_ssize_t, hub: cython.Py_ssize_t) -> cython.Py_ssize_t:
        """Return the number of the way of a sender into a hub; -1: there is none."""
        k: cython.Py_ssize_t
        if s == 0:
            for k in range(self.start_hub.shape[0]):
                if self.start_hub[k] == hub:
                    return k
            return -1
        for k in range(self.left_from[s, sender], self.left_from[s, sender + 1]):
            if self.left_hub[k] == hub:
                return k
        return -1

    def times(self, paths: cython.longlong[:, :, ::1]) -> NDArray[np.float64]:
        """Return whole times of placements, as `located` returns them, N."""
        found = np.zeros(paths.shape[0])
        times: cython.double[::1] = found
        n: cython.Py_ssize_t
        s: cython.Py_ssize_t
        k: cython.Py_ssize_t
        whole: cython.double
        with cython.nogil:
            for n in range(paths.shape[0]):
                whole = 0.0
                for s in range(self.stages):
                    if paths[n, s, 0] < 0:
                        break
                    k = paths[n, s, 1]
                    if k >= 0:
                        whole += self.start_whole[k] if s == 0 else self.left_whole[k]
                    if paths[n, s, 2] >= 0:
                        whole += self.into_whole[paths[n, s, 2]]
                    whole += self.whole[s, paths[n, s, 0]]
                times[n] = whole
        return found


def added(
    flat: Any,
    paths: cython.longlong[:, :, ::1],
    adds: cython.double[:, :, ::1],
) -> NDArray[np.float64]:
    """Return what each stage of placements adds to the columns with the hand-over before it, N x M x C.

    Parameters
    ----------
    flat, paths
        The arrays of a chain, and placements as `Placing.located` has them.
    adds
        M x E x C, of stages alone.
    """
    columns: cython.Py_ssize_t = adds.shape[2]
    total = np.zeros((paths.shape[0], paths.shape[1], columns))
    sums: cython.double[:, :, ::1] = total
    start: cython.double[:, ::1] = flat.start_adds
    left: cython.double[:, ::1] = flat.left_adds
    into: cython.double[:, ::1] = flat.into_adds
    n: cython.Py_ssize_t
    s: cython.Py_ssize_t
    c: cython.Py_ssize_t
    k: cython.Py_ssize_t
    j: cython.Py_ssize_t
    with cython.nogil:
        for n in range(paths.shape[0]):
            for s in range(paths.shape[1]):
                if paths[n, s, 0] < 0:
                    break
                k, j = paths[n, s, 1], paths[n, s, 2]
                for c in range(columns):
                    if k >= 0:
                        sums[n, s, c] = start[k, c] if s == 0 else left[k, c]
                    if j >= 0:
                        sums[n, s, c] += into[j, c]
                    sums[n, s, c] += adds[s, paths[n, s, 0], c]
    return total


def summed(
    adds: cython.double[:, :, :], entries: cython.longlong[:, :], rate: cython.double[::1], mass: cython.double[::1]
) -> NDArray[np.float64]:
    """Return what thresholds make of the columns, N x C.

    Parameters
    ----------
    adds
        N x M x C, what the stages of placements add.
    entries
        N x M, numbers of the thresholds.
    rate, mass
        e and e r of all thresholds.
    """
    stages: cython.Py_ssize_t = adds.shape[1]
    columns: cython.Py_ssize_t = adds.shape[2]
    found = np.zeros((adds.shape[0], columns))
    sums: cython.double[:, ::1] = found
    reach: cython.double
    n: cython.Py_ssize_t
    s: cython.Py_ssize_t
    c: cython.Py_ssize_t
    with cython.nogil:
        for n in range(adds.shape[0]):
            reach = 1.0
            for s in range(stages):
                for c in range(columns):
                    sums[n, c] += reach * adds[n, s, c]
                sums[n, columns - 1] -= reach * mass[entries[n, s]]
                reach *= 1 - rate[entries[n, s]]
    return found


def followed(
    tags: cython.longlong[:, :],
    begin: cython.longlong[:, ::1],
    ends: tuple[NDArray[np.int64], NDArray[np.int64]],
    nowhere: int,
    vias: tuple[int, int],
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.uint8]]:
    """Return the placements of whole plans, N x M: runners, ways to hand over, and whether stages are handed over to.

    Parameters
    ----------
    tags, begin
        Of labels, as a sweep has them.
    ends
        Of each plan the label of the first stage, among those of that stage, and the way in.
    nowhere
        The runner of stages behind the end of a plan.
    vias
        What stands for a way where the run goes on, and where nothing is crossed.
    """
    stages: cython.Py_ssize_t = begin.shape[0]
    first: cython.longlong[::1] = ends[0]
    entered: cython.longlong[::1] = ends[1]
    shape = len(ends[0]), stages
    runners, ways = np.full(shape, nowhere, dtype=np.int64), np.full(shape, vias[1], dtype=np.int64)
    handed = np.zeros(shape, dtype=np.uint8)
    runner: cython.longlong[:, ::1] = runners
    way: cython.longlong[:, ::1] = ways
    moved: cython.uchar[:, ::1] = handed
    stay: cython.longlong = vias[0]
    nothing: cython.longlong = vias[1]
    n: cython.Py_ssize_t
    s: cython.Py_ssize_t
    i: cython.Py_ssize_t
    row: cython.longlong
    via: cython.longlong
    with cython.nogil:
        for n in range(first.shape[0]):
            row, via = first[n], entered[n]
            for s in range(stages):
                if row < 0:  # the plan is over before
                    break
                i = begin[s, 0] + row
                runner[n, s], way[n, s], moved[n, s] = tags[1, i], max(via, nothing), via > stay
                row, via = tags[3, i], tags[4, i]
    return runners, ways, handed
