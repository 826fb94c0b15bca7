"""The environments of a function: which requests find one warm, and which are refused."""

from __future__ import annotations

import math
from heapq import heappop, heappush
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from serflow_opt.traffic.service import Function
    from serflow_opt.traffic.simulate.faults import Faults


class Environments:
    """A function at work; calls come in the order of time."""

    __slots__ = ("_busy", "_cold_s", "_faults", "_idle", "_keep_s", "_most")

    def __init__(self, function: Function, faults: Faults) -> None:
        self._busy: list[float] = []  # heap: when each busy environment is done
        self._idle: list[float] = []  # when each idle one was done; grows in time, so the last is the latest used
        self._cold_s = function.cold_start_s
        self._keep_s = function.keep_alive_s
        self._most = math.inf if function.concurrency_max is None else function.concurrency_max
        self._faults = faults if faults.throttle else None

    def limits(self) -> tuple[float, float, float]:
        """Seconds that an environment keeps and a cold start takes, and how many there may be."""
        return self._keep_s, self._cold_s, self._most

    def throttle(self) -> NDArray[np.float64]:
        """Windows and how many are called at once in them, K x 3."""
        return np.array([] if self._faults is None else self._faults.throttle, float).reshape(-1, 3)

    def state(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """When busy environments are done (a heap), and when idle ones were."""
        return np.array(self._busy), np.array(self._idle)

    def set_state(self, busy: NDArray[np.float64], idle: NDArray[np.float64]) -> None:
        """Go on from what a compiled step has left."""
        self._busy, self._idle = busy.tolist(), idle.tolist()

    def call(self, now_s: float, seconds: float) -> bool | None:
        """Take a request.

        Returns
        -------
        bool or None
            Whether it met a cold start; None when it was refused.
        """
        busy, idle = self._busy, self._idle
        while busy and busy[0] <= now_s:
            idle.append(heappop(busy))
        most = self._most if self._faults is None else min(self._most, self._faults.limit(now_s))
        if len(busy) >= most:
            return None
        if idle and now_s - idle[-1] <= self._keep_s:
            idle.pop()
            heappush(busy, now_s + seconds)
            return False
        idle.clear()  # the latest used is gone, so all are
        heappush(busy, now_s + (seconds + self._cold_s))
        return True
