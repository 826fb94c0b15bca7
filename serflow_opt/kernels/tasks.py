"""A list schedule of a task graph, and its longest paths: what `families/blocked/schedule.py` does with `heapq`."""

from __future__ import annotations

import cython
import numpy as np
from numpy.typing import NDArray


def longest(
    seconds: cython.double[::1], ends: cython.longlong[::1], after: cython.int[::1]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the longest path before each task, and after it, both without its own seconds.

    Parameters
    ----------
    seconds
        Of each task; tasks come after all that they wait for.
    ends, after
        Tasks that wait for task i: after[ends[i]:ends[i + 1]].
    """
    i: cython.Py_ssize_t
    k: cython.Py_ssize_t
    own: cython.double
    before: cython.double[::1] = np.zeros(len(seconds))
    behind: cython.double[::1] = np.zeros(len(seconds))
    with cython.nogil:
        for i in range(seconds.shape[0]):  # forward for what comes before
            own = before[i] + seconds[i]
            for k in range(ends[i], ends[i + 1]):
                if before[after[k]] < own:
                    before[after[k]] = own
        for i in range(seconds.shape[0] - 1, -1, -1):  # backward for what comes behind
            own = 0.0
            for k in range(ends[i], ends[i + 1]):
                if behind[after[k]] + seconds[after[k]] > own:
                    own = behind[after[k]] + seconds[after[k]]
            behind[i] = own
    return np.asarray(before), np.asarray(behind)


def schedule(
    seconds: cython.double[::1],
    ranks: cython.longlong[::1],
    ends: cython.longlong[::1],
    after: cython.int[::1],
    waits: cython.int[::1],
    workers: cython.Py_ssize_t,
) -> NDArray[np.float64]:
    """Return when each task starts: whenever a worker is free it takes the first task, by rank, that waits for none.

    Parameters
    ----------
    seconds, ends, after
        As `longest` takes them.
    ranks
        Each number once; the least goes first.
    waits
        How many tasks each waits for; it is used up.
    workers
        How many there are.
    """
    i: cython.Py_ssize_t
    k: cython.Py_ssize_t
    size: cython.Py_ssize_t = 0
    used: cython.Py_ssize_t = 0
    now: cython.double = 0.0
    task: cython.longlong
    count = len(seconds)
    starts: cython.double[::1] = np.zeros(count)
    of_rank: cython.longlong[::1] = np.empty(count, dtype=np.int64)
    # two heaps, both from place 1 on: ranks of tasks that are ready, and ends of those that run
    ready: cython.longlong[::1] = np.empty(count + 1, dtype=np.int64)
    when: cython.double[::1] = np.empty(workers + 1)
    busy: cython.longlong[::1] = np.empty(workers + 1, dtype=np.int64)
    with cython.nogil:
        for i in range(seconds.shape[0]):
            of_rank[ranks[i]] = i
            if waits[i] == 0:
                size += 1
                _sift_up(ready, size, ranks[i])
        while size > 0 or used > 0:
            while size > 0 and used < workers:
                task = of_rank[ready[1]]
                size -= 1
                _sift_down(ready, size, ready[size + 1])
                starts[task] = now
                used += 1
                _begin(when, busy, used, now + seconds[task], task)
            now = when[1]
            while used > 0 and when[1] <= now:
                task = busy[1]
                used -= 1
                _end(when, busy, used)
                for k in range(ends[task], ends[task + 1]):
                    waits[after[k]] -= 1
                    if waits[after[k]] == 0:
                        size += 1
                        _sift_up(ready, size, ranks[after[k]])
    return np.asarray(starts)


@cython.cfunc
@cython.nogil
def _begin(
    when: cython.double[::1],
    busy: cython.longlong[::1],
    at: cython.Py_ssize_t,
    end: cython.double,
    task: cython.longlong,
) -> cython.void:
    """Put a task that runs into the heap of ends, from its last place."""
    while at > 1 and when[at // 2] > end:
        when[at], busy[at] = when[at // 2], busy[at // 2]
        at = at // 2
    when[at], busy[at] = end, task


@cython.cfunc
@cython.nogil
def _end(when: cython.double[::1], busy: cython.longlong[::1], size: cython.Py_ssize_t) -> cython.void:
    """Take the first task out of the heap of ends, which keeps so many."""
    at: cython.Py_ssize_t = 1
    down: cython.Py_ssize_t
    end: cython.double = when[size + 1]
    task: cython.longlong = busy[size + 1]
    while 2 * at <= size:
        down = 2 * at
        if down < size and when[down + 1] < when[down]:
            down += 1
        if when[down] >= end:
            break
        when[at], busy[at] = when[down], busy[down]
        at = down
    if size > 0:
        when[at], busy[at] = end, task


@cython.cfunc
@cython.nogil
def _sift_up(heap: cython.longlong[::1], at: cython.Py_ssize_t, value: cython.longlong) -> cython.void:
    """Put a value into a heap, from its last place."""
    while at > 1 and heap[at // 2] > value:
        heap[at] = heap[at // 2]
        at = at // 2
    heap[at] = value


@cython.cfunc
@cython.nogil
def _sift_down(heap: cython.longlong[::1], size: cython.Py_ssize_t, value: cython.longlong) -> cython.void:
    """Put a value into a heap of so many others, whose first place is free."""
    at: cython.Py_ssize_t = 1
    down: cython.Py_ssize_t
    while 2 * at <= size:
        down = 2 * at
        if down < size and heap[down + 1] < heap[down]:
            down += 1
        if heap[down] >= value:
            break
        heap[at] = heap[down]
        at = down
    if size > 0:
        heap[at] = value
