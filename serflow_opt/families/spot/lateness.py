"""What share of the requests is late while so many workers are up: random arrivals, first come first served, for good.

Fixed times: late is who waits longer than the target leaves (M/D/c, exact). Exponential ones: who waits and is served
longer than it; with θ = cμ - λ and Erlang's share C of those who wait (M/M/c, exact)

    P(W + S > t) = (1 - C) e^{-μt} + C (θ e^{-μt} - μ e^{-θt}) / (θ - μ),   C e^{-μt} (1 + μt) at the end where θ = μ.
"""

from __future__ import annotations

import math

import numpy as np

from serflow_opt.ground.tolerances import NIL, ROUNDING
from serflow_opt.traffic.queues.erlang import erlang_c
from serflow_opt.traffic.queues.service_time import ServiceTime
from serflow_opt.traffic.queues.waiting import waiting


def late_shares(rate_per_s: float, service_s: float, slo_s: float, exponential: bool, most: int) -> tuple[float, ...]:
    """Return the share of late requests with 0, 1, .. workers; it does not rise.

    Parameters
    ----------
    rate_per_s, service_s, slo_s
        Requests a second, how long one holds a worker, and from arrival to answer.
    exponential
        Whether service times are exponential; else they are fixed.
    most
        Workers up to which it is told.
    """
    least = math.exp(-slo_s / service_s) if exponential else 0.0
    shares = [1.0]
    for c in range(1, most + 1):
        if shares[-1] <= least + NIL:  # nobody waits any more
            return (*shares, *[shares[-1]] * (most + 1 - c))
        own = _exponential(c, rate_per_s, service_s, slo_s) if exponential else _fixed(c, rate_per_s, service_s, slo_s)
        shares.append(min(own, shares[-1]))
    return tuple(shares)


def _fixed(servers: int, rate_per_s: float, service_s: float, slo_s: float) -> float:
    if rate_per_s * service_s >= servers:
        return 1.0
    queue = waiting(servers, np.array([rate_per_s]), ServiceTime((service_s,), (1.0,)))
    return float(queue.beyond(np.array([slo_s - service_s]))[0, 0])


def _exponential(servers: int, rate_per_s: float, service_s: float, slo_s: float) -> float:
    mu = 1 / service_s
    if rate_per_s >= servers * mu:
        return 1.0
    waits, theta = erlang_c(servers, rate_per_s * service_s), servers * mu - rate_per_s
    served = math.exp(-mu * slo_s)
    if abs(theta - mu) <= ROUNDING * mu:
        both = served * (1 + mu * slo_s)
    else:
        both = (theta * served - mu * math.exp(-theta * slo_s)) / (theta - mu)
    return (1 - waits) * served + waits * both
