"""How unevenly requests leave a busy server: variance over mean of how many leave within a time.

Of a server that is always busy, looked at from any moment on, N(t) leave within t: E N = t / E S, and with U(t) the
expected number of services begun up to t where one begins at 0,

    Var N(t) = 2 / E S ∫ U(s) ds - t / E S - (t / E S)²

(D. R. Cox, "Renewal theory", 1962, section 4.5). The quotient is 1 at first, as if service times were exponential, and
tends to their squared coefficient of variation: a queue that comes and goes quickly sees nothing of what they are.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from serflow_opt.traffic.queues.residual import excess, on_grid

if TYPE_CHECKING:
    from serflow_opt.ground.arrays import Floats
    from serflow_opt.traffic.queues.service_time import ServiceTime

STEPS = 1024
"""Steps of the grid of times, half of them up to the latest."""
DAMPING = 27.0
"""What is beyond the grid comes back into it times exp(-27)."""
LATEST = 40.0
"""Mean service times after which the quotient is taken to be what it was then."""


def dispersion(service: ServiceTime, times: Floats) -> Floats:
    """Return Var N(t) / E N(t) for each time, in mean service times, positive."""
    step = min(float(times.max()), LATEST) / (STEPS // 2 - 1)
    steps = step * np.arange(STEPS + 1.0)
    law = on_grid(excess(service, steps * service.mean) / service.mean, step)
    damping = np.exp(-DAMPING / STEPS * np.arange(STEPS))
    z = np.exp(-DAMPING / STEPS - 2j * math.pi / STEPS * np.arange(STEPS // 2 + 1))
    begun = np.fft.irfft(1 / ((1 - np.fft.rfft(law * damping)) * (1 - z)), n=STEPS) / damping
    begun[1:] = (begun[1:] + begun[:-1]) / 2  # who begins at a time counts half there
    area = np.append(0.0, np.cumsum(begun[1 : STEPS // 2] + begun[: STEPS // 2 - 1])) * step / 2
    grid = steps[: STEPS // 2]
    quotient = np.append(1.0, 2 * area[1:] / grid[1:] - 1 - grid[1:])
    of_times: Floats = np.maximum(np.interp(times, grid, quotient), 0.0)
    return of_times
