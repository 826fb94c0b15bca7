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
    before = np.zeros(len(seconds))
    behind = np.zeros(len(seconds))
    _longest(seconds, ends, after, before, behind)
    return before, behind


@cython.cfunc
def _longest(
    seconds: cython.double[::1],
    ends: cython.longlong[::1],
    after: cython.int[::1],
    before: cython.double[::1],
    behind: cython.double[::1],
) -> cython.void:
    """Forward for what comes before, backward for what comes behind."""
    i: cython.Py_ssize_t
    k: cython.Py_ssize_t
    own: cython.double
    with cython.nogil:
        for i in range(seconds.shape[0]):
            own = before[i] + seconds[i]
            for k in range(ends[i], ends[i + 1]):
                if before[after[k]] < own:
                    before[after[k]] = own
        for i in range(seconds.shape[0] - 1, -1, -1):
            own = 0.0
            for k in range(ends[i], ends[i + 1]):
                if behind[after[k]] + seconds[after[k]] > own:
                    own = behind[after[k]] + seconds[after[k]]
            behind[i] = own


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
    count = len(seconds)
    starts = np.zeros(count)
    of_rank = np.empty(count, dtype=np.int64)
    of_rank[np.asarray(ranks)] = np.arange(count)
    ready = np.empty(count + 1, dtype=np.int64)
    when, busy = np.empty(workers + 1), np.empty(workers + 1, dtype=np.int64)
    _schedule(seconds, ranks, ends, after, waits, workers, starts, of_rank, ready, when, busy)
    return starts


@cython.cfunc
def _schedule(
    seconds: cython.double[::1],
    ranks: cython.longlong[::1],
    ends: cython.longlong[::1],
    after: cython.int[::1],
    waits: cython.int[::1],
    workers: cython.Py_ssize_t,
    starts: cython.double[::1],
    of_rank: cython.longlong[::1],
    ready: cython.longlong[::1],
    when: cython.double[::1],
    busy: cython.longlong[::1],
) -> cython.void:
    """Two heaps: ranks of tasks that are ready, and ends of those that run."""
    i: cython.Py_ssize_t
    k: cython.Py_ssize_t
    up: cython.Py_ssize_t
    down: cython.Py_ssize_t
    size: cython.Py_ssize_t = 0
    used: cython.Py_ssize_t = 0
    now: cython.double = 0.0
    end: cython.double
    task: cython.longlong
    rank: cython.longlong
    with cython.nogil:
        for i in range(seconds.shape[0]):
            if waits[i] == 0:
                size += 1
                _sift_up(ready, size, ranks[i])
        while size > 0 or used > 0:
            while size > 0 and used < workers:
                rank = ready[1]
                size -= 1
                _sift_down(ready, size, ready[size + 1])
                task = of_rank[rank]
                starts[task] = now
                end = now + seconds[task]
                used += 1
                up = used
                while up > 1 and when[up // 2] > end:
                    when[up], busy[up] = when[up // 2], busy[up // 2]
                    up = up // 2
                when[up], busy[up] = end, task
            now = when[1]
            while used > 0 and when[1] <= now:
                task = busy[1]
                end = when[used]
                rank = busy[used]
                used -= 1
                up = 1
                while 2 * up <= used:
                    down = 2 * up
                    if down < used and when[down + 1] < when[down]:
                        down += 1
                    if when[down] >= end:
                        break
                    when[up], busy[up] = when[down], busy[down]
                    up = down
                if used > 0:
                    when[up], busy[up] = end, rank
                for k in range(ends[task], ends[task + 1]):
                    waits[after[k]] -= 1
                    if waits[after[k]] == 0:
                        size += 1
                        _sift_up(ready, size, ranks[after[k]])


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
