"""Where a rate is going: a line through the last minutes, looked ahead along for as long as machines take to start.

What is ordered now serves from its start on until what is ordered next does. A rate that rises will be higher then, by
its slope times that while; one that falls may turn, and nothing is left out for it. Random arrivals have slopes, too:
one within two of their standard errors is none.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from serflow_opt.traffic.demand.forecast import RecentWindow
from serflow_opt.traffic.demand.rates import Rates

if TYPE_CHECKING:
    from numpy.typing import NDArray

WINDOW_S, STEP_S = 180, 10
"""Seconds that the line is drawn through, and over which counts are averaged."""
SURE = 2.0
"""Standard errors that a slope has to have."""
SHORT = ((75.0, 1.0),)
"""Memory of the window that is moved, as of `RecentWindow`: where the rate was is of no account for longer."""
FURTHER = 2.0
"""A rate is not expected to be more than so many times what it is."""


def risen(counts: NDArray[np.float64], ahead_s: float) -> float:
    """Return how many times its last value a rate will have, 1 at least.

    Parameters
    ----------
    counts
        Requests second by second, the latest last; NaN: not known.
    ahead_s
        How far is looked ahead, s.
    """
    recent = counts[-WINDOW_S:]
    recent = recent[len(recent) % STEP_S :].reshape(-1, STEP_S)
    known = ~np.isnan(recent).all(axis=1)
    if known.sum() < 3:
        return 1.0
    means, at = np.nanmean(recent[known], axis=1), STEP_S * np.flatnonzero(known).astype(float)
    at -= at.mean()
    square = float(at @ at)
    slope, mean = float(at @ means) / square, float(means.mean())
    off = means - mean - slope * at
    scatter = max(mean / STEP_S, float(off @ off) / max(1, len(means) - 2))  # Poisson's, or what is seen
    if slope <= SURE * math.sqrt(scatter / square):
        return 1.0
    last = mean + slope * (float(at[-1]) + STEP_S / 2)
    return min(FURTHER, (last + slope * ahead_s) / last)


@dataclass
class RisingWindow:
    """The recent window, moved along its trend where the rate rises.

    Attributes
    ----------
    ahead_s
        How far is looked ahead, s.
    window
        What came.
    """

    ahead_s: float
    window: RecentWindow = field(default_factory=lambda: RecentWindow(SHORT))

    def observe(self, counts: NDArray[np.float64]) -> None:
        """Take in seconds."""
        self.window.observe(counts)

    def rates(self) -> Rates | None:
        """Return the distribution of the window, all of it as many times larger as the rate will be."""
        found = self.window.rates()
        if found is None:
            return None
        times = risen(self.window.seen, self.ahead_s)
        return found if times == 1.0 else Rates(found.rates * times, found.shares)

    def state(self) -> dict[str, Any]:
        """Return the window."""
        return self.window.state()

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from it."""
        self.window.restore(state)
