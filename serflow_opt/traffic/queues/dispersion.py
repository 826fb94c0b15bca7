"""How unevenly requests leave a busy server: variance over mean of how many leave within a time.

Of a server that is always busy, looked at from any moment on, N(t) leave within t: E N = t / E S, and with U(t) the
expected number of services begun up to t where one begins at 0,

    Var N(t) = 2 / E S ∫ U(s) ds - t / E S - (t / E S)²

(D. R. Cox, "Renewal theory", 1962, section 4.5). The quotient is 1 at first, as if service times were exponential, and
tends to their squared coefficient of variation: a queue that comes and goes quickly sees nothing of what they are.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from serflow_opt.traffic.queues.residual import excess, on_grid

if TYPE_CHECKING:
    from serflow_opt.ground.arrays import Floats
    from serflow_opt.traffic.queues.service_time import ServiceTime

FINE = 64
"""Cells to a mean service time: the grid is the same whatever times are asked for."""
DAMPING = 27.0
"""What is beyond the grid comes back into it times exp(-27)."""
LATEST = 40
"""Mean service times after which the quotient is taken to be what it was then."""
LAWS = 256
"""Laws of service times for which it is kept."""


def dispersion(service: ServiceTime, times: Floats) -> Floats:
    """Return Var N(t) / E N(t) for each time, in mean service times, positive."""
    grid, quotient = _on_grid(service.unit)
    of_times: Floats = np.maximum(np.interp(times, grid, quotient), 0.0)
    return of_times


@lru_cache(maxsize=LAWS)
def _on_grid(service: ServiceTime) -> tuple[Floats, Floats]:
    """Return times and the quotient at them, by the law of service times in units of their mean."""
    cells, step = LATEST * FINE, 1 / FINE
    count = 2 * cells
    steps = step * np.arange(count + 1.0)
    law = on_grid(excess(service, steps), step)
    damping = np.exp(-DAMPING / count * np.arange(count))
    z = np.exp(-DAMPING / count - 2j * math.pi / count * np.arange(cells + 1))
    begun = np.fft.irfft(1 / ((1 - np.fft.rfft(law * damping)) * (1 - z)), n=count) / damping
    begun[1:] = (begun[1:] + begun[:-1]) / 2  # who begins at a time counts half there
    area = np.append(0.0, np.cumsum(begun[1:cells] + begun[: cells - 1])) * step / 2
    grid = steps[:cells]
    return grid, np.append(1.0, 2 * area[1:] / grid[1:] - 1 - grid[1:])
