"""When requests get a worker: first come, first served, by equal workers that are always there."""

from __future__ import annotations

from collections import deque
from heapq import heapreplace
from typing import TYPE_CHECKING

import numpy as np

from serflow_opt import kernels
from serflow_opt.traffic.balancer import leaves

if TYPE_CHECKING:
    from numpy.typing import NDArray


def starts(
    times: NDArray[np.float64], holds: NDArray[np.float64], workers: int, queue_max: int | None
) -> NDArray[np.float64]:
    """Return when each request gets a worker.

    Parameters
    ----------
    times
        When requests come, rising, s.
    holds
        How long each holds a worker, s.
    workers
        How many there are.
    queue_max
        Who finds no free worker waits if fewer than this many wait, else it goes elsewhere; None: it waits.

    Returns
    -------
    array
        Seconds; NaN for those that go elsewhere.
    """
    if workers == 0:
        return np.full(len(times), np.nan)
    if queue_max is None and workers == 1:
        return _one(times, holds)
    if kernels.compiled:
        from serflow_opt.kernels import workers as kernel

        found: NDArray[np.float64] = kernel.starts(times, holds, workers, -1 if queue_max is None else queue_max)
        return found
    if queue_max is None:
        return _many(times, holds, workers)
    return _at_once(times, holds, workers) if queue_max == 0 else _few_wait(times, holds, workers, queue_max)


def _one(times: NDArray[np.float64], holds: NDArray[np.float64]) -> NDArray[np.float64]:
    """Lindley's recursion: a request is done at max(when it comes, when the one before is done) + its hold.

    Written out, that is the sum of the holds so far and the largest of (coming - holds before) so far.
    """
    before = np.cumsum(holds) - holds
    begun: NDArray[np.float64] = np.maximum(times, np.maximum.accumulate(times - before) + before)
    return begun


def _many(times: NDArray[np.float64], holds: NDArray[np.float64], workers: int) -> NDArray[np.float64]:
    free = [0.0] * workers  # heap: when each worker is free
    begun = []
    for t, hold in zip(times.tolist(), holds.tolist(), strict=True):
        first = free[0]
        start = first if first > t else t  # as `max`, which costs a call
        heapreplace(free, start + hold)
        begun.append(start)
    return np.array(begun)


def _at_once(times: NDArray[np.float64], holds: NDArray[np.float64], workers: int) -> NDArray[np.float64]:
    free = [0.0] * workers
    found = []
    for t, hold in zip(times.tolist(), holds.tolist(), strict=True):
        if free[0] <= t:
            heapreplace(free, t + hold)
            found.append(True)
        else:
            found.append(False)
    return np.where(np.array(found, bool), times, np.nan)


def _few_wait(
    times: NDArray[np.float64], holds: NDArray[np.float64], workers: int, queue_max: int
) -> NDArray[np.float64]:
    free = [0.0] * workers
    waiting: deque[float] = deque()  # when each of those who wait starts, rising
    begun = []
    for t, hold in zip(times.tolist(), holds.tolist(), strict=True):
        start = free[0]
        if start <= t:
            start = t
        else:
            while waiting and waiting[0] <= t:
                waiting.popleft()
            if leaves(False, len(waiting), queue_max, True):
                begun.append(np.nan)
                continue
            waiting.append(start)
        heapreplace(free, start + hold)
        begun.append(start)
    return np.array(begun)
