"""Requests at the machines and the function of a block: the loop of `traffic/simulate/pool.py`, on arrays.

The order of what happens at one moment, and every addition, is that of the loop there, so that results are the same to
the last digit.
"""

from __future__ import annotations

from typing import Any

import cython
import numpy as np
from cython.cimports.libc.math import INFINITY

LOWEST = 0x03F79D71B4CB0A89
"""Times a power of two it has another number in its six highest bits for each: a de Bruijn sequence."""
PLACE = np.array([(LOWEST << k & (1 << 64) - 1) >> 58 for k in range(64)]).argsort().astype(np.uint8)
"""By that number, which power it is."""


@cython.cfunc
@cython.inline
@cython.nogil
@cython.exceptval(check=False)
def _before(t: cython.double, m: cython.longlong, u: cython.double, k: cython.longlong) -> cython.bint:
    return t < u or (t == u and m < k)


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def _push(
    times: cython.p_double,
    marks: cython.p_longlong,
    size: cython.Py_ssize_t,
    t: cython.double,
    m: cython.longlong,
) -> cython.void:
    """Put an entry into a heap of `size` others, by time and mark."""
    above: cython.Py_ssize_t
    while size > 0:
        above = (size - 1) // 2
        if not _before(t, m, times[above], marks[above]):
            break
        times[size], marks[size] = times[above], marks[above]
        size = above
    times[size], marks[size] = t, m


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def _replace(
    times: cython.p_double,
    marks: cython.p_longlong,
    size: cython.Py_ssize_t,
    t: cython.double,
    m: cython.longlong,
) -> cython.void:
    """Put an entry in the place of the first of a heap of `size`."""
    place: cython.Py_ssize_t = 0
    child: cython.Py_ssize_t = 1
    while child < size:
        if child + 1 < size and _before(times[child + 1], marks[child + 1], times[child], marks[child]):
            child += 1
        if not _before(times[child], marks[child], t, m):
            break
        times[place], marks[place] = times[child], marks[child]
        place = child
        child = 2 * place + 1
    times[place], marks[place] = t, m


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def _pop(times: cython.p_double, marks: cython.p_longlong, size: cython.Py_ssize_t) -> cython.void:
    """Take the first entry out of a heap; `size` others are left."""
    _replace(times, marks, size, times[size], marks[size])


@cython.cclass
class Serving:
    """A block for one step of time.

    Parameters
    ----------
    fleet
        Moments and machines of busy workers (a heap), and by machine free workers and type.
    waiting
        When those in the queue came, their numbers, and by type how long they hold a worker.
    function
        Moments when environments get free (a heap), and when idle ones did; None: there is no function.
    limits
        Seconds a request waits at most, how many wait; seconds an environment keeps and a cold start takes, and how
        many there may be; the last three of no meaning without a function.
    throttle
        Windows of seconds in which no more than so many are called: K x 3.
    """

    # heaps of moments and machines; environments have no number
    busy: cython.double[::1]
    on: cython.longlong[::1]
    # a bit for each machine with free workers; words before `low` are empty
    idle: cython.ulonglong[::1]
    sequence: cython.ulonglong
    place: cython.uchar[::1]
    low: cython.Py_ssize_t
    free: cython.longlong[::1]
    kind: cython.longlong[::1]
    calls: cython.double[::1]
    blank: cython.longlong[::1]
    warm: cython.double[::1]
    n_busy: cython.Py_ssize_t
    n_idle: cython.Py_ssize_t
    n_calls: cython.Py_ssize_t
    n_warm: cython.Py_ssize_t
    # the queue, from `head` to `tail`
    came: cython.double[::1]
    number: cython.longlong[::1]
    holds: cython.double[:, ::1]
    head: cython.Py_ssize_t
    tail: cython.Py_ssize_t
    patience: cython.double
    queue_max: cython.double
    present: cython.bint
    callable: cython.bint
    keep: cython.double
    cold: cython.double
    most: cython.double
    throttle: cython.double[:, ::1]
    # what happened: positions and machines; numbers, starts and machines; positions and whether cold; moments
    places: cython.longlong[:, ::1]
    n_at: cython.Py_ssize_t
    later: cython.longlong[:, ::1]
    starts: cython.double[::1]
    n_later: cython.Py_ssize_t
    called: cython.longlong[:, ::1]
    n_called: cython.Py_ssize_t
    late: cython.double[::1]
    n_late: cython.Py_ssize_t
    throttled: cython.double[::1]
    n_throttled: cython.Py_ssize_t
    refused: cython.Py_ssize_t

    def __init__(
        self, fleet: Any, waiting: Any, function: Any, limits: Any, throttle: cython.double[:, ::1], room: int
    ) -> None:
        self.busy, self.on, self.free, self.kind = fleet
        self.n_busy, self.n_idle, self.low = len(self.busy), 0, 0
        self.sequence, self.place = LOWEST, PLACE
        self.idle = np.zeros(len(self.free) // 64 + 1, np.uint64)
        for m in np.flatnonzero(self.free).tolist():
            self._rests(m)
        # a worker that is free is busy later on
        more = int(np.sum(self.free)) + 1
        self.busy, self.on = (
            np.concatenate([self.busy, np.zeros(more)]),
            np.concatenate([self.on, np.zeros(more, np.int64)]),
        )
        came, number, holds = waiting
        self.head, self.tail = 0, len(came)
        self.came, self.number = (
            np.concatenate([came, np.zeros(room)]),
            np.concatenate([number, np.zeros(room, np.int64)]),
        )
        self.holds = np.concatenate([holds, np.zeros((len(holds), room))], axis=1)
        self.callable = function is not None
        calls, warm = function if self.callable else (np.zeros(0), np.zeros(0))
        self.n_calls, self.n_warm = len(calls), len(warm)
        self.calls, self.warm = (
            np.concatenate([calls, np.zeros(room)]),
            np.concatenate([warm, np.zeros(room + len(calls))]),
        )
        self.blank = np.zeros(len(calls) + room, np.int64)
        self.patience, self.queue_max, self.present, self.keep, self.cold, self.most = limits
        self.throttle = throttle
        self.places, self.called = np.empty((2, room), np.int64), np.empty((2, room), np.int64)
        self.later, self.starts = np.empty((2, room + self.tail), np.int64), np.empty(room + self.tail)
        self.late, self.throttled = np.empty(room + self.tail), np.empty(room)
        self.n_at = self.n_later = self.n_called = self.n_late = self.n_throttled = self.refused = 0

    def run(
        self,
        numbers: cython.longlong[::1],
        times: cython.double[::1],
        holds: cython.double[:, ::1],
        seconds: cython.double[::1],
        quota: Any,
        until_s: float,
    ) -> None:
        """Take requests in the order of time, then let everything happen up to a moment; `Pool` says what is what."""
        until: cython.double = until_s
        limited: cython.bint = quota is not None
        within: cython.uchar[::1] = quota if limited else np.zeros(0, np.uint8)
        j: cython.Py_ssize_t
        with cython.nogil:
            for j in range(times.shape[0]):
                self._free_up(times[j])
                if self.head < self.tail:
                    self._expire(times[j])
                self._arrive(j, numbers[j], times[j], holds, seconds, limited, limited and within[j])
            while self.busy[0] <= until and self.n_busy > 1:
                self._free_next()
            self._expire(until)

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _arrive(
        self,
        j: cython.Py_ssize_t,
        number: cython.longlong,
        t: cython.double,
        holds: cython.double[:, ::1],
        seconds: cython.double[::1],
        limited: cython.bint,
        within: cython.bint,
    ) -> cython.void:
        m: cython.longlong
        k: cython.Py_ssize_t
        away: cython.bint = self.n_idle == 0 and (self.tail - self.head >= self.queue_max or not self.present)
        if limited:
            away = not (within and self.present)
        if self.callable and away:
            if self._call(j, t, seconds[j]):
                return
            self.refused += 1
            if not self.present:
                self.throttled[self.n_throttled] = t
                self.n_throttled += 1
                return
        if self.n_idle > 0:
            m = self._first()
            self.free[m] -= 1
            if self.free[m] == 0:
                self.n_idle -= 1
                self.idle[m >> 6] &= ~(cython.cast(cython.ulonglong, 1) << (m & 63))
            _push(cython.address(self.busy[0]), cython.address(self.on[0]), self.n_busy, t + holds[self.kind[m], j], m)
            self.n_busy += 1
            self.places[0, self.n_at], self.places[1, self.n_at] = j, m
            self.n_at += 1
        else:
            self.came[self.tail], self.number[self.tail] = t, number
            for k in range(holds.shape[0]):
                self.holds[k, self.tail] = holds[k, j]
            self.tail += 1

    @cython.cfunc
    @cython.inline
    @cython.nogil
    @cython.exceptval(check=False)
    def _free_up(self, t: cython.double) -> cython.void:
        """Let workers get free up to a moment."""
        while self.busy[0] <= t:
            self._free_next()

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _free_next(self) -> cython.void:
        """Give the worker that gets free next to the first in the queue that has not waited too long."""
        now: cython.double = self.busy[0]
        m: cython.longlong = self.on[0]
        i: cython.Py_ssize_t
        while self.head < self.tail:
            i = self.head
            self.head += 1
            if self.came[i] + self.patience < now:
                self.late[self.n_late] = self.came[i]
                self.n_late += 1
                continue
            _replace(
                cython.address(self.busy[0]), cython.address(self.on[0]), self.n_busy,
                now + self.holds[self.kind[m], i], m,
            )  # fmt: skip
            self.later[0, self.n_later], self.later[1, self.n_later] = self.number[i], m
            self.starts[self.n_later] = now
            self.n_later += 1
            return
        self.n_busy -= 1
        _pop(cython.address(self.busy[0]), cython.address(self.on[0]), self.n_busy)
        if self.free[m] == 0:
            self._rests(m)
        self.free[m] += 1

    @cython.cfunc
    @cython.inline
    @cython.nogil
    @cython.exceptval(check=False)
    def _rests(self, m: cython.longlong) -> cython.void:
        """Put a machine among those with free workers."""
        self.idle[m >> 6] |= cython.cast(cython.ulonglong, 1) << (m & 63)
        self.n_idle += 1
        if m >> 6 < self.low:
            self.low = m >> 6

    @cython.cfunc
    @cython.inline
    @cython.nogil
    @cython.exceptval(check=False)
    def _first(self) -> cython.longlong:
        """Return the first machine with free workers, of which there is one."""
        word: cython.ulonglong
        while self.idle[self.low] == 0:
            self.low += 1
        word = self.idle[self.low]
        word = (word & (~word + 1)) * self.sequence
        return self.low * 64 + self.place[word >> 58]

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _expire(self, now: cython.double) -> cython.void:
        # with no limit and at the end of all, nothing is late: infinity is not before infinity
        while self.head < self.tail and self.patience < INFINITY and self.came[self.head] + self.patience <= now:
            self.late[self.n_late] = self.came[self.head]
            self.n_late += 1
            self.head += 1

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _call(self, j: cython.Py_ssize_t, t: cython.double, seconds: cython.double) -> cython.bint:
        """Hand a request to the function; say whether it takes it."""
        most: cython.double = self.most
        k: cython.Py_ssize_t
        while self.n_calls > 0 and self.calls[0] <= t:
            self.warm[self.n_warm] = self.calls[0]
            self.n_warm += 1
            self.n_calls -= 1
            _pop(cython.address(self.calls[0]), cython.address(self.blank[0]), self.n_calls)
        for k in range(self.throttle.shape[0]):
            if self.throttle[k, 0] <= t < self.throttle[k, 1] and self.throttle[k, 2] < most:
                most = self.throttle[k, 2]
        if self.n_calls >= most:
            return False
        self.called[0, self.n_called], self.called[1, self.n_called] = j, 0
        if self.n_warm > 0 and t - self.warm[self.n_warm - 1] <= self.keep:
            self.n_warm -= 1
        else:
            self.n_warm = 0  # the latest used is gone, so all are
            seconds = seconds + self.cold
            self.called[1, self.n_called] = 1
        _push(cython.address(self.calls[0]), cython.address(self.blank[0]), self.n_calls, t + seconds, 0)
        self.n_calls += 1
        self.n_called += 1
        return True

    def fleet(self) -> Any:
        """Return moments and machines of busy workers, and free workers by machine."""
        return np.asarray(self.busy)[: self.n_busy], np.asarray(self.on)[: self.n_busy], np.asarray(self.free)

    def waiting(self) -> Any:
        """Return the queue."""
        here = slice(self.head, self.tail)
        return np.asarray(self.came)[here], np.asarray(self.number)[here], np.asarray(self.holds)[:, here]

    def environments(self) -> Any:
        """Return when environments get free, and when idle ones did."""
        return np.asarray(self.calls)[: self.n_calls], np.asarray(self.warm)[: self.n_warm]

    def happened(self) -> Any:
        """Return what `Pool` notes: at once, later, called, timed out, throttled; and how many were refused."""
        at, called = np.asarray(self.places)[:, : self.n_at], np.asarray(self.called)[:, : self.n_called]
        later, starts = np.asarray(self.later)[:, : self.n_later], np.asarray(self.starts)[: self.n_later]
        late, throttled = np.asarray(self.late)[: self.n_late], np.asarray(self.throttled)[: self.n_throttled]
        return at, later, starts, called, late, throttled, self.refused
