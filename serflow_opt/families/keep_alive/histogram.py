"""Idle times seen lately, by the minute, and the window that a hybrid histogram policy takes of them."""

from __future__ import annotations

from collections import deque

import numpy as np

from serflow_opt.families.keep_alive.problem import HYBRID, KeepAliveWindow

WIDTH_S = 60.0
BUCKETS = 240
"""Minutes that are told apart: four hours; longer idle times are in the last bucket."""


class Histogram:
    """Idle times of the last so many seconds.

    Parameters
    ----------
    span_s
        How long an idle time counts; infinite: for ever.
    """

    def __init__(self, span_s: float) -> None:
        self.span_s, self.seen = span_s, 0
        self.counts = np.zeros(BUCKETS, dtype=np.int64)
        self._kept: deque[tuple[float, int]] = deque()

    def add(self, gap: float, now: float) -> None:
        """Note an idle time that ends now, and forget those that are too old."""
        bucket = min(int(gap / WIDTH_S), BUCKETS - 1)
        self.counts[bucket] += 1
        self.seen += 1
        if self.span_s == np.inf:
            return
        self._kept.append((now, bucket))
        while self._kept[0][0] < now - self.span_s:
            self.counts[self._kept.popleft()[1]] -= 1
            self.seen -= 1

    def window(self) -> KeepAliveWindow:
        """Return from the start of the bucket of the lower quantile to the end of that of the upper one."""
        upto = np.cumsum(self.counts)
        low, high = (int(np.searchsorted(upto, share * self.seen)) for share in HYBRID)
        return KeepAliveWindow(low * WIDTH_S, (high + 1) * WIDTH_S)
