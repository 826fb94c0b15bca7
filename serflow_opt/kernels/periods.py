"""The period that each of many moments lies in, and sums over periods.

Periods are those of numpy's floor division, without what that takes for signs and zeros, and sums are those of numpy's
`bincount`, addition by addition.
"""

from __future__ import annotations

import cython
import numpy as np
from cython.cimports.libc.math import floor, fmod
from numpy.typing import NDArray


@cython.cfunc
@cython.inline
@cython.nogil
@cython.exceptval(check=False)
def _period(time: cython.double, length: cython.double) -> cython.longlong:
    number: cython.double = time / length
    below: cython.double = floor(number)
    if number == below:  # the quotient may have been rounded up to a whole number
        below = floor((time - fmod(time, length)) / length + 0.5)
    return cython.cast(cython.longlong, below)


def periods(times: cython.double[::1], length: cython.double) -> NDArray[np.int64]:
    """Return the numbers of the periods, from 0 on, that moments lie in; exactly, as `times // length`.

    Parameters
    ----------
    times
        Seconds, at least 0.
    length
        Of a period, seconds, above 0.
    """
    found: cython.longlong[::1] = np.empty(times.shape[0], np.int64)
    i: cython.Py_ssize_t
    for i in range(times.shape[0]):
        found[i] = _period(times[i], length)
    return np.asarray(found)


@cython.cclass
class _Span:
    """Periods that some moments lie in: the first, and how many up to the last.

    A moment that is surely in the same period as the one before is not divided: where the product of a period's number
    and its length is rounded, no number is between it and the exact one, so what is strictly between is inside.
    """

    first: cython.longlong
    size: cython.longlong
    length: cython.double
    period: cython.longlong
    low: cython.double
    high: cython.double

    def __init__(self, times: cython.double[::1], length: cython.double) -> None:
        low: cython.double = times[0]
        high: cython.double = times[0]
        i: cython.Py_ssize_t
        for i in range(times.shape[0]):
            if times[i] < low:
                low = times[i]
            if times[i] > high:
                high = times[i]
        self.first, self.length = _period(low, length), length
        self.size = _period(high, length) - self.first + 1
        self.low = self.high = 0.0

    @cython.cfunc
    @cython.inline
    @cython.nogil
    @cython.exceptval(check=False)
    def place(self, time: cython.double) -> cython.longlong:
        """Return which of the periods a moment lies in; `high` is its end then."""
        if not self.low < time < self.high:
            self.period = _period(time, self.length)
            self.low, self.high = self.period * self.length, (self.period + 1) * self.length
        return self.period - self.first


def counted(times: cython.double[::1], length: cython.double) -> tuple[int, NDArray[np.int64]]:
    """Return the first period that moments lie in, and how many lie in each from there on.

    Parameters
    ----------
    times, length
        As of `periods`; at least one moment.
    """
    span: _Span = _Span(times, length)
    counts: cython.longlong[::1] = np.zeros(span.size, np.int64)
    i: cython.Py_ssize_t
    with cython.nogil:
        for i in range(times.shape[0]):
            counts[span.place(times[i])] += 1
    return span.first, np.asarray(counts)


def spread(
    times: cython.double[::1], length: cython.double, sign: cython.double
) -> tuple[int, NDArray[np.float64], NDArray[np.float64]]:
    """Return the first period, the seconds that moments are before the ends of theirs, and how many they are.

    Parameters
    ----------
    times, length
        As of `counted`.
    sign
        Of all that is added up: 1 or -1.
    """
    span: _Span = _Span(times, length)
    left: cython.double[::1] = np.zeros(span.size)
    steps: cython.double[::1] = np.zeros(span.size)
    i: cython.Py_ssize_t
    k: cython.longlong
    with cython.nogil:
        for i in range(times.shape[0]):
            k = span.place(times[i])
            left[k] += sign * (span.high - times[i])
            steps[k] += sign
    return span.first, np.asarray(left), np.asarray(steps)
