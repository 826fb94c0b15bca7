"""The placements that sweeps cannot rule out, prefix by prefix: the loops of `search/enumerate.py`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import cython
import numpy as np
from cython.cimports.libc.math import fabs
from cython.cimports.serflow_opt.kernels.states import States
from numpy.typing import NDArray

OFTEN = cython.declare(cython.Py_ssize_t, 1000)
"""Placements found between two looks at the clock."""


@cython.cclass
class Listing(States):  # type: ignore[misc]  # mypy does not read .pxd files
    """A listing under one or more sets of multipliers, lanes: what any of them rules out is not listed.

    Parameters
    ----------
    flat
        `search.flat.Flat`: the arrays of a chain.
    option
        E: of each runner.
    stage, start, left, into, beta
        What stages, ways from the source, into hubs and out of them add to V, and the accuracy's multiplier, by lane:
        lanes x M x E, ways x lanes, lanes.
    labels
        Of the sweep, one stage behind the other: value, whole time, `back`; and M x (lanes E + 1), where those of each
        lane and runner begin.
    room
        Most whole time; below 0: whole times do not count.
    rounding
        Relative, of sums.
    """

    check: object
    lanes: cython.Py_ssize_t
    found: cython.Py_ssize_t
    most_found: cython.Py_ssize_t
    timed: cython.bint
    room: cython.double
    rounding: cython.double
    option: cython.longlong[::1]
    stage: cython.double[:, :, ::1]
    start: cython.double[:, ::1]
    left: cython.double[:, ::1]
    into: cython.double[:, ::1]
    beta: cython.double[::1]
    value: cython.double[::1]
    time: cython.double[::1]
    reach_back: cython.longlong[::1]
    begin: cython.longlong[:, ::1]
    # the prefix at hand: what may follow before and behind each stage, by lane; runners, ways into and out of hubs
    before: cython.double[:, ::1]
    behind: cython.double[:, ::1]
    path: cython.longlong[:, ::1]
    # those that are complete
    paths: cython.longlong[:, :, ::1]
    times: cython.double[::1]

    def __init__(
        self,
        flat: Any,
        option: cython.longlong[::1],
        stage: cython.double[:, :, ::1],
        start: cython.double[:, ::1],
        left: cython.double[:, ::1],
        into: cython.double[:, ::1],
        beta: cython.double[::1],
        labels: tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.int64], NDArray[np.int64]],
        room: float,
        rounding: float,
    ) -> None:
        super().__init__(flat)
        self.option, self.stage, self.start, self.left, self.into = option, stage, start, left, into
        self.beta, self.lanes, self.rounding = beta, beta.shape[0], rounding
        self.value, self.time, self.reach_back, self.begin = labels
        self.room, self.timed, self.found = room, room >= 0, 0
        self.before, self.behind = np.zeros((self.stages, self.lanes)), np.zeros((self.stages, self.lanes))
        self.path = np.full((self.stages, 3), -1, dtype=np.int64)
        self.paths, self.times = np.empty((64, self.stages, 3), dtype=np.int64), np.empty(64)

    def run(
        self, most: cython.double[::1], listed: cython.Py_ssize_t, check: Callable[[], object]
    ) -> tuple[NDArray[np.int64], NDArray[np.float64]] | None:
        """Return placements and their whole times; None: there are more than `listed`.

        Of each stage the runner, and the numbers of the ways into and out of a hub; -1 where there is none.

        Parameters
        ----------
        most
            Of V at the source, by lane.
        check
            Called now and then; it raises where time is up.
        """
        k: cython.Py_ssize_t
        j: cython.Py_ssize_t
        lane: cython.Py_ssize_t
        hub: cython.Py_ssize_t
        self.most_found, self.check = listed, check
        for k in range(self.start_hub.shape[0]):
            hub = self.start_hub[k]
            for j in range(self.into_from[hub], self.into_from[hub + 1]):
                for lane in range(self.lanes):
                    self.before[0, lane] = most[lane] - self.start[k, lane] - self.into[j, lane]
                if not self._enter(0, self.into_runner[j], self.start_whole[k] + self.into_whole[j], 1, k, j):
                    return None
        return np.asarray(self.paths)[: self.found].copy(), np.asarray(self.times)[: self.found].copy()

    @cython.cfunc
    @cython.exceptval(check=False)
    def _within(
        self, s: cython.Py_ssize_t, e: cython.Py_ssize_t, whole: cython.double, run: cython.longlong
    ) -> cython.bint:
        """Whether something can follow, by all lanes: on runner e, whose run begins with a stage."""
        lane: cython.Py_ssize_t
        i: cython.Py_ssize_t
        end: cython.Py_ssize_t
        left: cython.double = self.room - whole
        for lane in range(self.lanes):
            i = self.begin[s, lane * self.runners + e]
            end = self.begin[s, lane * self.runners + e + 1]
            while i < end and not (
                self.value[i] <= self.before[s, lane]
                and self.reach_back[i] <= run
                and (not self.timed or self.time[i] <= left)
            ):
                i += 1
            if i == end:
                return False
        return True

    @cython.cfunc
    @cython.exceptval(-1)
    def _enter(
        self,
        s: cython.Py_ssize_t,
        e: cython.Py_ssize_t,
        whole: cython.double,
        run: cython.longlong,
        left: cython.Py_ssize_t,
        into: cython.Py_ssize_t,
    ) -> cython.int:
        """Put stage s on runner e behind the prefix, and all that can follow; 0: there are too many.

        Parameters
        ----------
        s, e
            Stage and runner.
        whole
            Time of what is before.
        run
            The stage, from 1 on, that the run on this option begins with.
        left, into
            The ways into and out of a hub by which it is handed over to.
        """
        lane: cython.Py_ssize_t
        k: cython.Py_ssize_t
        j: cython.Py_ssize_t
        f: cython.Py_ssize_t
        hub: cython.Py_ssize_t
        room: cython.double
        ends: cython.bint
        if not self._within(s, e, whole, run):
            return 1
        self.path[s, 0], self.path[s, 1], self.path[s, 2] = e, left, into
        whole += self.whole[s, e]
        ends = self.may_end and self.ends[s, e] == self.ends[s, e] and (not self.timed or whole <= self.room)
        for lane in range(self.lanes):
            room = self.before[s, lane] - self.stage[lane, s, e]
            if ends:  # nothing follows: the accuracy of those who leave has to be within what is left
                ends = -self.beta[lane] * self.ends[s, e] <= room + self.rounding * (
                    fabs(room) + fabs(self.stage[lane, s, e])
                )
            self.behind[s, lane] = self.most_after(self.menu[s, e], room, self.beta[lane])
        if (ends or s + 1 == self.stages) and not self._take(s + 1, whole):
            return 0
        if s + 1 == self.stages:
            return 1
        if self.stay_from[s + 1, 0] < 0:
            if not self._go_on(s + 1, e, whole, run):
                return 0
        else:
            for k in range(self.stay_from[s + 1, e], self.stay_from[s + 1, e + 1]):
                if not self._go_on(s + 1, self.stay_to[k], whole, run):
                    return 0
        for k in range(self.left_from[s + 1, e], self.left_from[s + 1, e + 1]):
            hub = self.left_hub[k]
            for j in range(self.into_from[hub], self.into_from[hub + 1]):
                f = self.into_runner[j]
                # on one option a run goes on: nothing is handed over from an option to itself
                if self.option[f] == self.option[e] or self.begin[s + 1, f] == self.begin[s + 1, f + 1]:
                    continue
                for lane in range(self.lanes):
                    self.before[s + 1, lane] = self.behind[s, lane] - self.left[k, lane] - self.into[j, lane]
                if not self._enter(s + 1, f, whole + self.left_whole[k] + self.into_whole[j], s + 2, k, j):
                    return 0
        return 1

    @cython.cfunc
    @cython.exceptval(-1)
    def _go_on(
        self, s: cython.Py_ssize_t, e: cython.Py_ssize_t, whole: cython.double, run: cython.longlong
    ) -> cython.int:
        """Go on with a stage on the same option, as `_enter`."""
        lane: cython.Py_ssize_t
        for lane in range(self.lanes):
            self.before[s, lane] = self.behind[s - 1, lane]
        return self._enter(s, e, whole, run, -1, -1)

    @cython.cfunc
    @cython.exceptval(-1)
    def _take(self, stages: cython.Py_ssize_t, whole: cython.double) -> cython.int:
        """Keep a placement of so many stages; 0: there are too many."""
        s: cython.Py_ssize_t
        i: cython.Py_ssize_t
        if self.found == self.most_found:
            return 0
        if self.found % OFTEN == 0:
            self.check()  # type: ignore[operator]  # a Python object to Cython
        if self.found == self.times.shape[0]:
            self.paths = np.concatenate([self.paths, np.empty_like(self.paths)])
            self.times = np.concatenate([self.times, np.empty_like(self.times)])
        for s in range(self.stages):
            for i in range(3):
                self.paths[self.found, s, i] = self.path[s, i] if s < stages else -1
        self.times[self.found] = whole
        self.found += 1
        return 1


@cython.cclass
class Least(States):  # type: ignore[misc]  # mypy does not read .pxd files
    """Of listed placements the least V of each, whatever the thresholds.

    Parameters
    ----------
    flat
        `search.flat.Flat`: the arrays of a chain.
    """

    def __init__(self, flat: Any) -> None:
        super().__init__(flat)

    def values(
        self, runner: cython.longlong[:, ::1], stage: cython.double[:, ::1], beta: cython.double
    ) -> NDArray[np.float64]:
        """Return V, N.

        Parameters
        ----------
        runner, stage
            N x M: what each stage runs as, and what it adds to V.
        beta
            The multiplier of the accuracy.
        """
        found = np.zeros(runner.shape[0])
        least: cython.double[::1] = found
        n: cython.Py_ssize_t
        s: cython.Py_ssize_t
        e: cython.Py_ssize_t
        value: cython.double
        with cython.nogil:
            for n in range(runner.shape[0]):
                value = 0.0
                for s in range(self.stages - 1, -1, -1):
                    e = runner[n, s]
                    if e < 0:
                        continue
                    if s + 1 < self.stages and runner[n, s + 1] < 0:  # everybody leaves
                        value = -beta * self.ends[s, e]
                    else:
                        value = self.left_by(self.menu[s, e], value, beta)
                    value += stage[n, s]
                least[n] = value
        return found
