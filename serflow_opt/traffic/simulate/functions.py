"""The environments of a function: which requests find one warm, and which are refused."""

from __future__ import annotations

import math
from heapq import heappop, heappush
from typing import TYPE_CHECKING

if TYPE_CHECKING:
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
