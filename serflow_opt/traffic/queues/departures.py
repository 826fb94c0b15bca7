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

FINE, CELLS = 64, 2**14
"""Cells to a mean service time, and most cells. Grids are of the service alone, and not of the times that are asked
for: what is told of one time does not depend on others, so that it keeps its order between queues of one law."""
DAMPING = 23.0
"""What is beyond a period of a transform comes back into it times exp(-23)."""
SERVERS = 64
"""Laws of service times and lengths of grids for which what was found is kept."""


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
    left = _one_server(service, _cells(min(float(times.max(initial=0.0)), horizon) / service.mean)).left(
        np.minimum(times, horizon), most
    )
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
    """How many leave one server within times, as far as was asked.

    Parameters
    ----------
    service
        Service times.
    cells
        Of the grid.
    """

    def __init__(self, service: ServiceTime, cells: int) -> None:
        self._service = service
        step = service.mean / FINE * max(1, cells // CELLS)
        cells = min(cells, CELLS)
        self._steps = steps = 2 * cells
        times = step * np.arange(steps + 1.0)
        first = on_grid(excess_squared(service, times) / service.mean, step)
        each = on_grid(excess(service, times), step)
        self._damping = np.exp(-DAMPING / steps * np.arange(steps))
        z = np.exp(-DAMPING / steps - 2j * math.pi / steps * np.arange(cells + 1))
        self._following = np.fft.rfft(each * self._damping)
        self._transform = np.fft.rfft(first * self._damping) / (1 - z) * self._following
        self._step = step
        self._at_least = np.zeros((0, cells))  # two leave, three, ..: by time on the grid

    def left(self, times: Floats, most: int) -> Floats:
        """Return P(n leave within t), n = 0 .. most - 1 or as far as there are any: a row for each time."""
        if len(self._at_least) < most - 1 and (not len(self._at_least) or self._at_least[-1, -1] > ROUNDING):
            self._extend(most - 1)
        cell = np.minimum((times / self._step).astype(np.int64), self._at_least.shape[1] - 2)
        part, rows = times / self._step - cell, self._at_least[: most - 1]
        first = np.maximum(1 - excess(self._service, times) / self._service.mean, 0.0)
        within = rows[:, cell] * (1 - part) + rows[:, cell + 1] * part
        found = np.minimum.accumulate(np.vstack([np.ones((1, len(times))), first[None, :], within]))
        left: Floats = np.maximum(-np.diff(found[: most + 1], axis=0).T, 0.0)
        return left

    def _extend(self, most: int) -> None:
        """Tell of up to so many, or as many as leave on the grid."""
        rows = [self._at_least]
        for _ in range(most - len(self._at_least)):
            until = np.fft.irfft(self._transform, n=self._steps) / self._damping
            until[1:] = (until[1:] + until[:-1]) / 2  # the mass at a time counts half there
            until[0] = 0.0
            self._transform = self._transform * self._following
            rows.append(np.maximum(until[None, : self._steps // 2], 0.0))
            if rows[-1][0, -1] <= ROUNDING:
                break
        self._at_least = np.vstack(rows)


def _cells(last: float) -> int:
    """Return the cells of a grid up to a time, in mean service times: so that few grids are made."""
    return int(2 ** math.ceil(math.log2(max(last * FINE + 2, 2 * FINE))))


@lru_cache(maxsize=SERVERS)
def _one_server(service: ServiceTime, cells: int) -> _OneServer:
    return _OneServer(service, cells)
