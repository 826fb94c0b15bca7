"""The backward sweep over the states of a chain: what `search/bound_recursion.py` does with arrays, label by label.

Labels of a stage lie by lane and runner; those of one lane and runner by `back` and rising V. A label is put where it
belongs as it is met, or left out, so that nothing is sorted and what is dominated takes no room.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import cython
import numpy as np
from cython.cimports.libc.math import INFINITY
from cython.cimports.serflow_opt.kernels.states import States, put_label
from numpy.typing import NDArray

Labels = tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.int64]]
ROOM = cython.declare(cython.Py_ssize_t, 4)  # labels of a stage, lane and runner that there is room for at first


@cython.cclass
class Sweep(States):  # type: ignore[misc]  # mypy does not read .pxd files
    """A sweep.

    Parameters
    ----------
    flat
        `search.flat.Flat`: the arrays of a chain.
    on
        Lanes x M x E, bytes: states that each lane keeps to.
    stage, left, into
        What stages, ways into hubs and ways out of them add to V: lanes x M x E, entries x lanes, entries x lanes.
    before, beta
        Least whole time before each state; the accuracy's multiplier of each lane.
    allowed
        Lanes x M x E: the largest V of a label at a state; None: any.
    limit
        Of the whole time.
    timed
        Whether whole times count; else they are zero.
    stay, end
        What stands for a way to hand over where the run goes on, and where the plan ends.
    """

    lanes: cython.Py_ssize_t
    limit: cython.double
    timed: cython.bint
    bounded: cython.bint
    stay: cython.longlong
    end: cython.longlong
    on: cython.uchar[:, :, ::1]
    stage: cython.double[:, :, ::1]
    left: cython.double[:, ::1]
    into: cython.double[:, ::1]
    before: cython.double[:, ::1]
    beta: cython.double[::1]
    allowed: cython.double[:, :, ::1]
    # labels of all stages (rows of tags: lane, runner, back, after, via), how many there are, and where those of a
    # stage, lane and runner begin
    value: cython.double[::1]
    time: cython.double[::1]
    tags: cython.longlong[:, ::1]
    count: cython.Py_ssize_t
    begin: cython.longlong[:, ::1]
    # labels at the hubs before it, and where those of a hub and lane begin
    met_value: cython.double[::1]
    met_time: cython.double[::1]
    met_tags: cython.longlong[:, ::1]
    met_begin: cython.longlong[::1]
    # where labels are put, and how many there are: of one lane and runner, or one lane and hub
    values: cython.p_double
    times: cython.p_double
    backs: cython.p_longlong
    afters: cython.p_longlong
    vias: cython.p_longlong
    size: cython.Py_ssize_t

    def __init__(
        self,
        flat: Any,
        on: cython.uchar[:, :, ::1],
        stage: cython.double[:, :, ::1],
        left: cython.double[:, ::1],
        into: cython.double[:, ::1],
        before: cython.double[:, ::1],
        beta: cython.double[::1],
        allowed: Any,
        limit: float,
        timed: bool,
        stay: int,
        end: int,
    ) -> None:
        super().__init__(flat)
        self.on, self.stage, self.left, self.into, self.before, self.beta = on, stage, left, into, before, beta
        self.lanes, self.limit, self.timed, self.stay, self.end = stage.shape[0], limit, timed, stay, end
        self.bounded = allowed is not None
        if self.bounded:
            self.allowed = allowed
        room: cython.Py_ssize_t = ROOM * self.stages * self.lanes * self.runners
        self.value, self.time, self.tags, self.count = np.empty(room), np.empty(room), np.empty((5, room), np.int64), 0
        self.begin = np.empty((self.stages, self.lanes * self.runners + 1), dtype=np.int64)
        self.met_value, self.met_time, self.met_tags = np.empty(0), np.empty(0), np.empty((5, 0), dtype=np.int64)
        self.met_begin = np.zeros(1 + self.lanes * (self.hub_via.shape[0]), dtype=np.int64)

    def run(self, check: Callable[[], object]) -> tuple[Labels, NDArray[np.int64]]:
        """Sweep; return labels of all stages, the last stage first, and where those of each lane and runner begin.

        `check` is called before each stage; it raises where time is up.
        """
        for s in range(self.stages - 1, -1, -1):
            check()
            self._make_room(self.count + self._room(s))
            self.count = self._grow(s, self.value, self.time, self.tags, self.begin[s])
            self._hubs(s)
        value, time, tags = map(np.asarray, (self.value, self.time, self.tags))
        return (value[: self.count], time[: self.count], tags[:, : self.count]), np.asarray(self.begin)

    def whole_plans(
        self, start: cython.double[:, ::1], source: int
    ) -> tuple[Labels, NDArray[np.float64], NDArray[np.int64]]:
        """Return whole plans within the limit, the least V of each lane, and which of them attain it; -1: none.

        Parameters
        ----------
        start
            Ways from the source x lanes: what they add.
        source
            What stands for the source.
        """
        room: cython.Py_ssize_t = 0
        total: cython.Py_ssize_t = 0
        i: cython.Py_ssize_t
        k: cython.Py_ssize_t
        lane: cython.Py_ssize_t
        place: cython.Py_ssize_t
        whole: cython.double
        for k in range(self.start_hub.shape[0]):
            place = self.start_hub[k] * self.lanes
            room += self.met_begin[place + self.lanes] - self.met_begin[place]
        values, times, tagged = np.empty(room), np.empty(room), np.empty((5, room), dtype=np.int64)
        least, attained = np.full(self.lanes, INFINITY), np.full(self.lanes, -1, dtype=np.int64)
        value: cython.double[::1] = values
        time: cython.double[::1] = times
        tags: cython.longlong[:, ::1] = tagged
        best: cython.double[::1] = least
        first: cython.longlong[::1] = attained
        for k in range(self.start_hub.shape[0]):
            place = self.start_hub[k] * self.lanes
            for i in range(self.met_begin[place], self.met_begin[place + self.lanes]):
                whole = self.met_time[i] + self.start_whole[k] if self.timed else 0.0
                # labels were kept for the fastest way in; this one may be slower
                if not whole <= self.limit:
                    continue
                lane = self.met_tags[0, i]
                value[total], time[total] = self.met_value[i] + start[k, lane], whole
                tags[0, total], tags[1, total], tags[2, total] = lane, source, 1
                tags[3, total], tags[4, total] = self.met_tags[3, i], self.met_tags[4, i]
                if value[total] < best[lane]:
                    best[lane], first[lane] = value[total], total
                total += 1
        return (values[:total], times[:total], tagged[:, :total]), least, attained

    @cython.cfunc
    def _make_room(self, need: cython.Py_ssize_t) -> cython.void:
        """Make room for so many labels."""
        more: cython.Py_ssize_t = max(need, 2 * self.value.shape[0]) - self.count
        if need > self.value.shape[0]:
            self.value = np.concatenate([self.value[: self.count], np.empty(more)])
            self.time = np.concatenate([self.time[: self.count], np.empty(more)])
            self.tags = np.concatenate([self.tags[:, : self.count], np.empty((5, more), np.int64)], axis=1)

    @cython.cfunc
    def _room(self, s: cython.Py_ssize_t) -> cython.Py_ssize_t:
        """How many labels stage s may come to have."""
        last: cython.Py_ssize_t = self.lanes * self.runners
        room: cython.Py_ssize_t = 2 * last
        after: cython.Py_ssize_t
        if s + 1 == self.stages:
            return room
        after = self.begin[s + 1, last] - self.begin[s + 1, 0]
        room += after * (1 if self.stay_from[s + 1, 0] < 0 else self.runners)
        for i in range(self.left_from[s + 1, 0], self.left_from[s + 1, self.runners]):
            place = (self.left_hub[i] - self.hub_at[s + 1]) * self.lanes
            room += self.met_begin[place + self.lanes] - self.met_begin[place]
        return room

    @cython.cfunc
    @cython.exceptval(check=False)
    def _grow(
        self,
        s: cython.Py_ssize_t,
        value: cython.double[::1],
        time: cython.double[::1],
        tags: cython.longlong[:, ::1],
        begin: cython.longlong[::1],
    ) -> cython.Py_ssize_t:
        """Put the labels of stage s behind the others; return how many there are."""
        lane: cython.Py_ssize_t
        e: cython.Py_ssize_t
        i: cython.Py_ssize_t
        total: cython.Py_ssize_t = self.count
        with cython.nogil:
            for lane in range(self.lanes):
                for e in range(self.runners):
                    begin[lane * self.runners + e] = total
                    if not self.on[lane, s, e]:
                        continue
                    self.values, self.times = cython.address(value[total]), cython.address(time[total])
                    self.backs, self.afters = cython.address(tags[2, total]), cython.address(tags[3, total])
                    self.vias, self.size = cython.address(tags[4, total]), 0
                    if s + 1 == self.stages:
                        self._add(s, lane, e, 0.0, 0.0, self.back[s, e], -1, self.stay)
                    else:
                        self._go_on(s, lane, e)
                    for i in range(total, total + self.size):
                        tags[0, i], tags[1, i] = lane, e
                    total += self.size
            begin[self.lanes * self.runners] = total
        return total

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _go_on(self, s: cython.Py_ssize_t, lane: cython.Py_ssize_t, e: cython.Py_ssize_t) -> cython.void:
        """Put what can follow stage s on a runner: its run goes on, the plan ends, or something is handed over."""
        i: cython.Py_ssize_t
        k: cython.Py_ssize_t
        hub: cython.Py_ssize_t
        if self.stay_from[s + 1, 0] < 0:
            self._stays(s, lane, e, e)
        else:
            for k in range(self.stay_from[s + 1, e], self.stay_from[s + 1, e + 1]):
                self._stays(s, lane, e, self.stay_to[k])
        if self.may_end and self.ends[s, e] == self.ends[s, e]:
            self._add(s, lane, e, 0.0, 0.0, self.back[s, e], -1, self.end)
        for k in range(self.left_from[s + 1, e], self.left_from[s + 1, e + 1]):
            hub = self.left_hub[k] - self.hub_at[s + 1]
            for i in range(self.met_begin[hub * self.lanes + lane], self.met_begin[hub * self.lanes + lane + 1]):
                # the run ends here: how far it may reach back is a matter of its own stages, not of the receiver's
                self._add(
                    s, lane, e,
                    self.met_value[i] + self.left[k, lane], self.met_time[i] + self.left_whole[k],
                    self.back[s, e], self.met_tags[3, i], self.met_tags[4, i],
                )  # fmt: skip

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _stays(
        self, s: cython.Py_ssize_t, lane: cython.Py_ssize_t, e: cython.Py_ssize_t, f: cython.Py_ssize_t
    ) -> cython.void:
        """Stage s as e begins the run that stage s + 1 as f belongs to, as far as memory and time let it."""
        i: cython.Py_ssize_t
        place: cython.Py_ssize_t = lane * self.runners + f
        first: cython.longlong = self.begin[s + 1, 0]
        for i in range(self.begin[s + 1, place], self.begin[s + 1, place + 1]):
            if self.tags[2, i] <= s + 1:
                self._add(s, lane, e, self.value[i], self.time[i], self.tags[2, i], i - first, self.stay)

    @cython.cfunc
    @cython.inline
    @cython.nogil
    @cython.exceptval(check=False)
    def _add(
        self,
        s: cython.Py_ssize_t,
        lane: cython.Py_ssize_t,
        e: cython.Py_ssize_t,
        value: cython.double,
        time: cython.double,
        back: cython.longlong,
        after: cython.longlong,
        via: cython.longlong,
    ) -> cython.void:
        """Put stage s in front of what follows and keep it if it can be within the limits and is not dominated."""
        if self.timed:
            time += self.whole[s, e]
            if not time + self.before[s, e] <= self.limit:
                return
        else:
            time = 0.0
        if via == self.end:
            value = -self.beta[lane] * self.ends[s, e]
        else:
            value = self.left_by(self.menu[s, e], value, self.beta[lane])
        value = self.stage[lane, s, e] + value
        if self.bounded and not value <= self.allowed[lane, s, e]:
            return
        self.size = put_label(
            self.values, self.times, self.backs, self.afters, self.vias, self.size, value, time, back, after, via
        )

    @cython.cfunc
    def _hubs(self, s: cython.Py_ssize_t) -> cython.void:
        """Gather the labels of stage s at the hubs before it: each sender meets few there."""
        room: cython.Py_ssize_t = 0
        for i in range(self.into_from[self.hub_at[s]], self.into_from[self.hub_at[s + 1]]):
            for lane in range(self.lanes):
                place = lane * self.runners + self.into_runner[i]
                room += self.begin[s, place + 1] - self.begin[s, place]
        if room >= self.met_value.shape[0]:
            room = 2 * room + 1
            self.met_value, self.met_time = np.empty(room), np.empty(room)
            self.met_tags = np.empty((5, room), dtype=np.int64)
        self._meet(s, self.met_value, self.met_time, self.met_tags, self.met_begin)

    @cython.cfunc
    @cython.exceptval(check=False)
    def _meet(
        self,
        s: cython.Py_ssize_t,
        value: cython.double[::1],
        time: cython.double[::1],
        tags: cython.longlong[:, ::1],
        begin: cython.longlong[::1],
    ) -> cython.void:
        lane: cython.Py_ssize_t
        hub: cython.Py_ssize_t
        i: cython.Py_ssize_t
        k: cython.Py_ssize_t
        place: cython.Py_ssize_t
        first: cython.longlong = self.begin[s, 0]
        total: cython.Py_ssize_t = 0
        with cython.nogil:
            for hub in range(self.hub_at[s], self.hub_at[s + 1]):
                for lane in range(self.lanes):
                    self.values, self.times = cython.address(value[total]), cython.address(time[total])
                    self.backs, self.afters = cython.address(tags[2, total]), cython.address(tags[3, total])
                    self.vias, self.size = cython.address(tags[4, total]), 0
                    for k in range(self.into_from[hub], self.into_from[hub + 1]):
                        place = lane * self.runners + self.into_runner[k]
                        for i in range(self.begin[s, place], self.begin[s, place + 1]):
                            # senders do not care who receives, nor how far the receiver's run reaches
                            self.size = put_label(
                                self.values, self.times, self.backs, self.afters, self.vias, self.size,
                                self.value[i] + self.into[k, lane],
                                self.time[i] + self.into_whole[k] if self.timed else 0.0,
                                0, i - first, self.hub_via[hub],
                            )  # fmt: skip
                    for i in range(total, total + self.size):
                        tags[0, i] = lane
                        tags[1, i] = self.tags[1, first + tags[3, i]]
                        tags[2, i] = self.tags[2, first + tags[3, i]]
                    total += self.size
                    begin[(hub - self.hub_at[s]) * self.lanes + lane + 1] = total
