"""How many leave c busy servers within a time, while there are others to follow them.

Who finds c busy and j waiting waits longer than t if at most j leave until then. Each server is then in the middle of a
service, by itself: until the first leaves it takes a residual time, after that whole services (equilibrium renewal
process, D. R. Cox, "Renewal theory", 1962, chapter 2), and

    P(W > t | j waiting) = P(N_1(t) + ... + N_c(t) <= j).

Exact for exponential times; for others residual times and j are not independent.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from serflow_opt.ground.tolerances import ROUNDING
from serflow_opt.traffic.queues.residual import excess, excess_squared, on_grid

if TYPE_CHECKING:
    from serflow_opt.ground.arrays import Floats
    from serflow_opt.traffic.queues.service_time import ServiceTime

STEPS = 512
"""Steps of the grid of times, half of them up to the latest."""
DAMPING = 23.0
"""What is beyond a period of a transform comes back into it times exp(-23)."""
SERVERS = 512
"""Service times and times for which what was found is kept."""


def at_most(servers: int, service: ServiceTime, most: int, times: Floats) -> Floats:
    """Return P(at most j leave within t), j = 0 .. most - 1: a row for each time.

    Parameters
    ----------
    servers
        Workers, all in the middle of a service at time 0.
    service
        Their service times.
    most
        Departures that are told apart.
    times
        Seconds, n.

    Returns
    -------
    Chances, n x most.
    """
    alone = np.minimum(excess(service, times) / service.mean, 1.0)
    if most == 1:
        nobody: Floats = np.power(alone, servers)[:, None]
        return nobody
    horizon = 3 * service.mean * (most / servers + 1) * max(1.0, service.cv2)
    left = _one_server(service, np.minimum(times, horizon).tobytes()).left(most)
    period = 2 ** math.ceil(math.log2(2 * most))
    damping = np.exp(-DAMPING / period * np.arange(period))
    transform = np.fft.rfft(left * damping[: left.shape[1]], n=period)
    exactly = np.fft.irfft(transform**servers, n=period, axis=1)[:, :most] / damping[:most]
    together: Floats = np.clip(np.cumsum(np.maximum(exactly, 0.0), axis=1), 0.0, 1.0)
    late = times > horizon  # nearly never; by the first who leaves
    if late.any():
        at_horizon = max(float(excess(service, np.array([horizon]))[0]) / service.mean, ROUNDING)
        together[late] *= np.minimum(alone[late] / at_horizon, 1.0)[:, None] ** servers
    return together


class _OneServer:
    """How many leave one server within each of some times, as far as was asked."""

    def __init__(self, service: ServiceTime, times: Floats) -> None:
        self._times = times
        last = float(times.max(initial=0.0))
        self._at_least = [np.ones(len(times)), np.maximum(1 - excess(service, times) / service.mean, 0.0)]
        self._grid: Floats | None = None
        if last == 0.0:
            return
        step = last / (STEPS // 2 - 1)
        self._grid = step * np.arange(STEPS + 1.0)
        first = on_grid(excess_squared(service, self._grid) / service.mean, step)
        each = on_grid(excess(service, self._grid), step)
        self._damping = np.exp(-DAMPING / STEPS * np.arange(STEPS))
        z = np.exp(-DAMPING / STEPS - 2j * math.pi / STEPS * np.arange(STEPS // 2 + 1))
        self._following = np.fft.rfft(each * self._damping)
        self._transform = np.fft.rfft(first * self._damping) / (1 - z) * self._following

    def left(self, most: int) -> Floats:
        """Return P(n leave within t), n = 0 .. most - 1 or as far as there are any: a row for each time."""
        if self._grid is None:
            return np.ones((len(self._times), 1))
        while len(self._at_least) <= most and self._at_least[-1].max() > ROUNDING:
            until = np.fft.irfft(self._transform, n=STEPS) / self._damping
            until[1:] = (until[1:] + until[:-1]) / 2  # the mass at a time counts half there
            until[0] = 0.0
            within = np.interp(self._times, self._grid[: STEPS // 2], until[: STEPS // 2])
            self._at_least.append(np.clip(within, 0.0, self._at_least[-1]))
            self._transform = self._transform * self._following
        return np.maximum(-np.diff(np.array(self._at_least[: most + 1]), axis=0).T, 0.0)


@lru_cache(maxsize=SERVERS)
def _one_server(service: ServiceTime, times: bytes) -> _OneServer:
    return _OneServer(service, np.frombuffer(times))
