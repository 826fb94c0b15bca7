"""Who gets a worker when: the loops of `traffic/confirm/workers.py`, with the same sums to the last digit."""

from __future__ import annotations

import cython
import numpy as np
from cython.cimports.libc.math import NAN
from numpy.typing import NDArray


@cython.cfunc
@cython.inline
@cython.nogil
@cython.exceptval(check=False)
def _replace(free: cython.double[::1], busy_until: cython.double) -> cython.void:
    """Put a moment in the place of the least of a heap."""
    size: cython.Py_ssize_t = free.shape[0]
    place: cython.Py_ssize_t = 0
    child: cython.Py_ssize_t = 1
    while child < size:
        if child + 1 < size and free[child + 1] < free[child]:
            child += 1
        if free[child] >= busy_until:
            break
        free[place] = free[child]
        place = child
        child = 2 * place + 1
    free[place] = busy_until


def starts(
    times: cython.double[::1], holds: cython.double[::1], workers: cython.Py_ssize_t, queue_max: cython.Py_ssize_t
) -> NDArray[np.float64]:
    """Return when each request gets a worker, s; NaN for those that find more waiting than may.

    Parameters
    ----------
    times, holds
        When requests come, rising, and how long each holds a worker, s.
    workers
        How many there are, 1 or more.
    queue_max
        How many may wait; -1: all.
    """
    n: cython.Py_ssize_t = times.shape[0]
    found = np.empty(n)
    begun: cython.double[::1] = found
    free: cython.double[::1] = np.zeros(workers)  # heap: when each worker is free
    waiting: cython.double[::1] = np.empty(n if queue_max > 0 else 0)  # when those who wait start, rising
    head: cython.Py_ssize_t = 0
    tail: cython.Py_ssize_t = 0
    j: cython.Py_ssize_t
    start: cython.double
    with cython.nogil:
        for j in range(n):
            start = free[0]
            if start <= times[j]:
                start = times[j]
            elif queue_max >= 0:
                while head < tail and waiting[head] <= times[j]:
                    head += 1
                if tail - head >= queue_max:
                    begun[j] = NAN
                    continue
                waiting[tail] = start
                tail += 1
            _replace(free, start + holds[j])
            begun[j] = start
    return found
