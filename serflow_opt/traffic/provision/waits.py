"""What requests wait where a block has machines alone: Erlang's formula for those who find no free worker.

With c workers and a load of a busy ones (M/M/c, first come first served) a share C(c, a) waits, C/(c - a) service times
on average. With W the seconds that a request of the service holds a worker of the block, a = λ W, and a request of the
service waits C W / (c - a) there on average. Both are convex in W, and so is their mean over the rates of a demand: so
tangents bound them from below.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from serflow_opt.traffic.demand.rates import Rates
from serflow_opt.traffic.queues.erlang import erlang_b

if TYPE_CHECKING:
    from numpy.typing import NDArray

FULL = 0.995
"""Load of a worker up to which tangents are drawn: towards 1 the queue grows for ever, and so do their slopes."""


@dataclass(frozen=True, slots=True)
class Waits:
    """Waiting for machines that have no function beside them, as a request sees it on average over the rates.

    Attributes
    ----------
    demand
        Rates of arrival.
    mean
        Whether seconds are meant, or the share of a block's requests that wait at all.
    """

    demand: Rates
    mean: bool

    def of(self, servers: int, work: float) -> float:
        """Return the wait of a request of the service, s, or the share of the block's that wait; inf: too few servers.

        Parameters
        ----------
        servers
            Workers of all machines.
        work
            Seconds that a request of the service holds one of them, on average.
        """
        return self._value_and_slope(servers, work)[0]

    def tangent(self, servers: int, work: float) -> tuple[float, float]:
        """Return slope and intercept of a line below `of`, which touches it at this work or where servers are full."""
        at = min(work, FULL * servers / self.demand.peak)
        value, slope = self._value_and_slope(servers, at)
        return slope, value - slope * at

    def _value_and_slope(self, servers: int, work: float) -> tuple[float, float]:
        """Of `of`, and its derivative: B' = B (c/a - 1 + B), C = c B / D with D = c - a (1 - B)."""
        if work <= 0:
            return (0.0, 0.0) if servers else (math.inf, 0.0)
        loads: NDArray[np.float64] = self.demand.rates * work
        if loads[-1] >= servers:
            return math.inf, 0.0
        weights = self.demand.shares * self.demand.rates / self.demand.mean
        used = loads > 0  # in the other seconds nobody comes
        loads, weights, rates = loads[used], weights[used], self.demand.rates[used]
        blocked = erlang_b(servers, loads)
        free = servers - loads * (1 - blocked)
        rising = blocked * (servers / loads - 1 + blocked)
        share = servers * blocked / free
        slope = servers * rising / free - share * (loads * rising - (1 - blocked)) / free
        if self.mean:
            spare = servers - loads
            slope = (slope * work * rates + share * (1 + loads / spare)) / spare
            return float(weights @ (share * work / spare)), float(weights @ slope)
        return float(weights @ share), float(weights @ (slope * rates))
