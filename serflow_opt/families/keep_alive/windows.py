"""Every window that can be best, and the best of them: exact, for any goal and limits that are straight in both.

Between two idle times a later opening saves idle time and misses nobody, and so does an earlier end: openings and ends
at idle times are enough. Opening and end stand apart: a window is idle for E[min(g, x)] - E[min(g, p)].
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from serflow_opt.families.keep_alive.problem import Idle, KeepAliveWindow
from serflow_opt.ground.tolerances import TOLERANCE

Array = NDArray[np.float64]
AT_ONCE = 1_000_000
"""Windows that are looked at together."""


@dataclass(frozen=True, slots=True, eq=False)
class Ends:
    """Times at which windows open, or end.

    Attributes
    ----------
    times_s
        The times, rising; the first is 0.
    from_s
        The first idle time that an opening meets, or the last one that an end does.
    idle
        E[min(g, time)], seconds.
    cold
        The share of idle times that are missed.
    """

    times_s: Array
    from_s: Array
    idle: Array
    cold: Array


@lru_cache(maxsize=32)
def openings(problem: Idle) -> Ends:
    """Return the times to load a function again: 0, and just in time for each idle time."""
    meets = problem.times_s[problem.times_s > problem.resolution_s]
    times = meets - problem.resolution_s
    missed = np.concatenate([[0.0], np.cumsum(problem.shares)])[np.searchsorted(problem.times_s, meets)]
    return Ends(*(np.concatenate([[0.0], own]) for own in (times, meets, _loaded(problem, times), missed)))


@lru_cache(maxsize=32)
def closings(problem: Idle) -> Ends:
    """Return the times to unload a function: 0, and after each idle time."""
    times = np.unique(np.concatenate([[0.0], problem.times_s]))
    upto = np.concatenate([[0.0], np.cumsum(problem.shares)])
    missed = np.maximum(1.0 - upto[np.searchsorted(problem.times_s, times, side="right")], 0.0)
    missed[-1] = 0.0
    return Ends(times, times, _loaded(problem, times), missed)


def _loaded(problem: Idle, times: Array) -> Array:
    """E[min(g, time)] of each time."""
    count = np.searchsorted(problem.times_s, times, side="right")
    below = np.concatenate([[0.0], np.cumsum(problem.shares * problem.times_s)])[count]
    above = np.concatenate([[0.0], np.cumsum(problem.shares)])[count]
    loaded: Array = below + times * np.maximum(1.0 - above, 0.0)
    return loaded


def straight(problem: Idle, goal: Mapping[str, float]) -> tuple[float, float]:
    """Return what a goal gives for an idle second and for a cold start.

    Parameters
    ----------
    problem, goal
        Prices, and coefficients of quantities.
    """
    of = {
        "idle": (1.0, 0.0),
        "cold": (0.0, 1.0),
        "cost": (problem.usd_per_idle_s, problem.usd_per_cold_start),
        "held": (problem.usd_per_idle_s * problem.rate * 3600, 0.0),
    }
    return sum(by * of[key][0] for key, by in goal.items()), sum(by * of[key][1] for key, by in goal.items())


def best_window(
    problem: Idle, goal: Mapping[str, float], limits: Mapping[str, float]
) -> tuple[KeepAliveWindow, float] | None:
    """Return the best window within limits, and its value; None: none keeps them.

    Parameters
    ----------
    problem
        Idle times and prices.
    goal
        Coefficients of quantities.
    limits
        By quantity.
    """
    opened, closed = openings(problem), closings(problem)
    per_idle, per_cold = straight(problem, goal)
    held = [(straight(problem, {name: 1.0}), most) for name, most in limits.items()]
    best: tuple[KeepAliveWindow, float] | None = None
    rows = max(AT_ONCE // len(closed.times_s), 1)
    for low in range(0, len(opened.times_s), rows):
        part = slice(low, low + rows)
        idle = np.maximum(closed.idle[None, :] - opened.idle[part, None], 0.0)
        cold = closed.cold[None, :] + opened.cold[part, None]
        value = np.where(closed.from_s[None, :] < opened.from_s[part, None], np.inf, per_idle * idle + per_cold * cold)
        for (by_idle, by_cold), most in held:
            value[by_idle * idle + by_cold * cold > most + TOLERANCE * abs(most)] = np.inf
        i, j = (int(own) for own in np.unravel_index(int(np.argmin(value)), value.shape))
        if np.isfinite(value[i, j]) and (best is None or value[i, j] < best[1]):
            best = KeepAliveWindow(float(opened.times_s[low + i]), float(closed.times_s[j])), float(value[i, j])
    return best
