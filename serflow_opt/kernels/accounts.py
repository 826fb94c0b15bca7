"""How long requests hold workers, and when those that have begun are done: one pass over each step of a simulation.

The arithmetic is that of `traffic/simulate/service_times.py`, addition by addition.
"""

from __future__ import annotations

import cython


@cython.cclass
class Lasting:
    """Stated times of a block, and what they are multiplied by.

    Parameters
    ----------
    exits
        Position of the stage where each request leaves; may be written to later.
    first, last
        Position of the block's first stage, and its last outcome, which is to go on.
    stated
        Seconds by option and outcome.
    sending
        What handing over adds to a hold that ends in the last outcome, by option, seconds.
    factors, rows
        Factors by row and request; which row holds for each option, -1: none.
    """

    exits: cython.short[::1]
    first: cython.Py_ssize_t
    last: cython.Py_ssize_t
    stated: cython.double[:, ::1]
    sending: cython.double[::1]
    factors: cython.double[:, ::1]
    rows: cython.longlong[::1]

    def __init__(
        self,
        exits: cython.short[::1],
        first: cython.Py_ssize_t,
        last: cython.Py_ssize_t,
        stated: cython.double[:, ::1],
        sending: cython.double[::1],
        factors: cython.double[:, ::1],
        rows: cython.longlong[::1],
    ) -> None:
        self.exits, self.first, self.last = exits, first, last
        self.stated, self.sending, self.factors, self.rows = stated, sending, factors, rows

    @cython.cfunc
    @cython.inline
    @cython.nogil
    @cython.exceptval(check=False)
    def _outcome(self, number: cython.longlong) -> cython.Py_ssize_t:
        outcome: cython.Py_ssize_t = self.exits[number] - self.first
        return outcome if outcome < self.last else self.last

    @cython.cfunc
    @cython.inline
    @cython.nogil
    @cython.exceptval(check=False)
    def _seconds(self, option: cython.Py_ssize_t, number: cython.longlong, outcome: cython.Py_ssize_t) -> cython.double:
        seconds: cython.double = self.stated[option, outcome]
        row: cython.longlong = self.rows[option]
        if row >= 0:
            seconds = seconds * self.factors[row, number]
        return seconds

    def holds(self, option: cython.Py_ssize_t, numbers: cython.longlong[::1], out: cython.double[::1]) -> None:
        """Write how long an option is held by each request, seconds.

        Parameters
        ----------
        option, numbers
            Its position in `stated`, and the requests.
        out
            As many as requests.
        """
        i: cython.Py_ssize_t
        outcome: cython.Py_ssize_t
        seconds: cython.double
        sending: cython.double = self.sending[option]
        with cython.nogil:
            for i in range(numbers.shape[0]):
                outcome = self._outcome(numbers[i])
                seconds = self._seconds(option, numbers[i], outcome)
                if outcome == self.last:
                    seconds = seconds + sending
                out[i] = seconds

    def ends(
        self,
        numbers: cython.longlong[::1],
        starts: cython.double[::1],
        options: cython.longlong[::1],
        done: cython.double[::1],
        free: cython.double[::1],
    ) -> None:
        """Write when requests are done that options have begun with, and when their workers are free again.

        Parameters
        ----------
        numbers, starts, options
            The requests, their starts, seconds, and the position of each one's option in `stated`.
        done, free
            As many as requests, seconds.
        """
        i: cython.Py_ssize_t
        option: cython.Py_ssize_t
        outcome: cython.Py_ssize_t
        seconds: cython.double
        with cython.nogil:
            for i in range(numbers.shape[0]):
                option = options[i]
                outcome = self._outcome(numbers[i])
                seconds = self._seconds(option, numbers[i], outcome)
                done[i] = starts[i] + seconds
                if outcome == self.last:
                    seconds = seconds + self.sending[option]
                free[i] = starts[i] + seconds

    def going_on(self, numbers: cython.longlong[::1], out: cython.uchar[::1]) -> None:
        """Write which requests go on behind the block."""
        i: cython.Py_ssize_t
        with cython.nogil:
            for i in range(numbers.shape[0]):
                out[i] = self._outcome(numbers[i]) == self.last


def latest(until: cython.double[::1], machines: cython.longlong[::1], ends: cython.double[::1]) -> None:
    """Raise the moment of each machine to the latest of its ends.

    Parameters
    ----------
    until
        By machine, seconds; written to.
    machines, ends
        The machine of each request, and when it ends, seconds.
    """
    i: cython.Py_ssize_t
    with cython.nogil:
        for i in range(machines.shape[0]):
            if ends[i] > until[machines[i]]:
                until[machines[i]] = ends[i]


def within(
    times: cython.double[::1],
    starts: cython.double[::1],
    most: cython.longlong[::1],
    second: cython.longlong,
    number: cython.longlong,
    out: cython.uchar[::1],
) -> cython.longlong:
    """Write which requests a quota of each second lets through; return how many came in the last second.

    Parameters
    ----------
    times
        When requests come, rising, at least 0, seconds.
    starts, most
        From when how many of each second are let through, rising; none before.
    second, number
        The second of the last request before, and how many came in it.
    out
        As many as requests.
    """
    i: cython.Py_ssize_t
    k: cython.Py_ssize_t = 0
    now: cython.longlong
    with cython.nogil:
        for i in range(times.shape[0]):
            now = cython.cast(cython.longlong, times[i])
            if now != second:
                second, number = now, 0
            while k < starts.shape[0] and starts[k] <= times[i]:
                k += 1
            out[i] = k > 0 and number < most[k - 1]
            number += 1
    return number
