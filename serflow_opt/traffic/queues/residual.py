"""What is left of a service time: E (S - t)+, from which the law of a residual time follows.

A factor that scatters is taken to be log-normal (F. Black, M. Scholes, "The pricing of options and corporate
liabilities", 1973, have the same mean for the value of an option).
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from serflow_opt.ground.tolerances import RARE_WORK, SMALLEST

if TYPE_CHECKING:
    from serflow_opt.ground.arrays import Floats
    from serflow_opt.traffic.queues.service_time import ServiceTime

FARTHEST = 1e4
"""Mean service times up to which there is a longest."""
LAWS = 512
"""Laws of service times for which what is found is kept."""


def excess(service: ServiceTime, times: Floats) -> Floats:
    """Return E (S - t)+, s, for each time t; at 0 it is the mean, and over that the share of residual times above t."""
    total = np.zeros_like(times)
    for seconds, share in zip(service.seconds, service.shares, strict=True):
        if not service.scatters:
            total += share * np.maximum(seconds - times, 0.0)
        else:
            above, sigma = _deviations(service, seconds, times)
            total += share * (seconds * _normal(above + sigma) - times * _normal(above))
    return np.maximum(total, 0.0)


def excess_squared(service: ServiceTime, times: Floats) -> Floats:
    """Return E ((S - t)+)^2 / 2, s^2, for each time t: what `excess` is the slope of, up to its sign."""
    total = np.zeros_like(times)
    for seconds, share in zip(service.seconds, service.shares, strict=True):
        if not service.scatters:
            total += share * np.maximum(seconds - times, 0.0) ** 2 / 2
        else:
            above, sigma = _deviations(service, seconds, times)
            square = seconds**2 * math.exp(sigma**2) * _normal(above + 2 * sigma)
            total += share * (square - 2 * seconds * times * _normal(above + sigma) + times**2 * _normal(above)) / 2
    return np.maximum(total, 0.0)


@lru_cache(maxsize=LAWS)
def longest(service: ServiceTime) -> float:
    """Return the longest time, s; with a factor that scatters the one above which hardly any work is."""
    if not service.scatters:
        return max(service.seconds)
    times = service.mean * np.geomspace(1.0, FARTHEST, 400)
    above = np.flatnonzero(excess(service, times) > RARE_WORK * service.mean)
    return float(times[above[-1]]) if len(above) else max(service.seconds)


def on_grid(tail_integral: Floats, step: float) -> Floats:
    """Return a law by masses at 0, 1, 2, ... steps, each time shared between its neighbours so that the mean stays.

    Parameters
    ----------
    tail_integral
        At 0, 1, 2, ... steps the integral from there on of the share that is above.
    step
        The step.
    """
    above = -np.diff(tail_integral) / step
    return np.append(1.0, above[:-1]) - above


def _deviations(service: ServiceTime, seconds: float, times: Floats) -> tuple[Floats, float]:
    """Return by how many standard deviations the logarithm of a time is above that of t, and the deviation."""
    sigma = math.sqrt(math.log1p(service.cv_extra**2))
    return np.log(max(seconds, SMALLEST) / np.maximum(times, SMALLEST)) / sigma - sigma / 2, sigma


def _normal(deviations: Floats) -> Floats:
    """Return the shares of a normal law below."""
    from scipy.special import ndtr

    below: Floats = ndtr(deviations)
    return below
