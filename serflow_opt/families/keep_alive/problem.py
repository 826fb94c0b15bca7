"""A function's idle times and prices, in seconds and USD."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

HYBRID = (0.05, 0.99)
"""Quantiles of the idle times at which a hybrid histogram policy loads and unloads."""


@dataclass(frozen=True, slots=True, eq=False)
class Idle:
    """What a window is chosen for.

    Attributes
    ----------
    times_s, shares
        Idle times, rising, each once, and how often each comes: shares that add up to 1.
    resolution_s
        What idle times are rounded up to: one of g came within so much before g, and who is to meet it must be there.
    usd_per_idle_s
        Price of being loaded.
    usd_per_cold_start
        What a cold start is worth.
    rate
        Requests a second.
    """

    times_s: NDArray[np.float64]
    shares: NDArray[np.float64]
    resolution_s: float
    usd_per_idle_s: float
    usd_per_cold_start: float
    rate: float


@dataclass(frozen=True, slots=True)
class KeepAliveWindow:
    """When a function is loaded after a request: from `prewarm_s` to `keep_s`; both 0: not at all.

    From 0 it is not unloaded in between.
    """

    prewarm_s: float
    keep_s: float
