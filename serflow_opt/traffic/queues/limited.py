"""Any service times, c servers, room for r that wait: a guess that a simulation has to confirm.

Where there is room for all, C ρ^r of the arrivals find r waiting in front of exponential servers, C Erlang's. In front
of others r places are worth as much as r' there, r' / r = 2 / (1 + I): in heavy traffic I is the squared coefficient of
variation (H. C. Tijms, "A first course in stochastic models", 2003, section 9.6), and for a short queue in front of
many servers, which comes and goes with a few of them, it is 1. In between it is taken to be the dispersion of
departures within 1.3 r^1.05 c^-0.7 mean service times, which is fitted to simulations of fixed, two-point and
log-normal times; where departures are more even than exponential ones, r' is a little less at low loads.

States with room have the same proportions whatever the room is (exact for one server and for exponential times), so

    p(c + j) / p(c) = (ρ^j' - ρ^(j+1)') / (1 - ρ),  j < r,   and   p(c + r) / p(c) = ρ^r',

which for all r' lets as many go as the busy servers serve. What a request waits that finds j waiting: see
`departures`. That takes servers to be in the middle of any service; but in long queues the long ones have piled up. So
where r' < r waits are no shorter than those for r' exponential services, r/r' times as long each. At most, they are
what they were with room for all.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from serflow_opt.ground.tolerances import ROUNDING
from serflow_opt.traffic.queues.departures import at_most
from serflow_opt.traffic.queues.dispersion import dispersion
from serflow_opt.traffic.queues.erlang import erlang_b
from serflow_opt.traffic.queues.mgc import TwoMoments
from serflow_opt.traffic.queues.mmc import Exponential

if TYPE_CHECKING:
    from serflow_opt.ground.arrays import Floats, Mask
    from serflow_opt.traffic.queues.service_time import ServiceTime

ONE_BY_ONE = 256
"""So many who wait are told apart; more are only taken for r' exponential services."""
SEEN, BY_QUEUE, BY_SERVERS = 1.3, 1.05, -0.7
"""The fitted time."""
LESS_AT_LOW_LOADS = 0.1
"""Of 1 - I, for each unit of -log ρ, what (1 + I) / 2 gains."""


@dataclass(frozen=True)
class Limited:
    """Waiting with room for some, for each of some loads, which may be above c.

    Attributes
    ----------
    servers, room
        c and r, at least 1.
    service
        Service times.
    loads
        a, positive.
    places
        r', for each load.
    lost, finds
        Shares of the arrivals that find no room, and that find c busy and j waiting, j < r: a row for each load.
    stable, unlimited
        Which loads are below c, and waiting there with room for all.
    """

    servers: int
    room: int
    service: ServiceTime
    loads: Floats
    places: Floats
    lost: Floats
    finds: Floats
    stable: Mask
    unlimited: TwoMoments

    @classmethod
    def at(cls, servers: int, loads: Floats, service: ServiceTime, room: int) -> Limited:
        """Return the queue at some loads."""
        blocked = erlang_b(servers, loads)[:, None]
        log = np.log(loads / servers)[:, None]
        places = _places(servers, log, service, room)
        below = np.hstack([np.zeros_like(log), places[:, :-1]])
        top = np.maximum(places[:, -1:] * log, 0.0)  # all is divided by exp of this: nothing is infinite
        steps = (places - below) * log
        even = np.abs(log) < ROUNDING
        safe = np.where(even, 1.0, log)
        width = np.where(even, places - below, np.expm1(-np.abs(steps)) / np.expm1(-np.abs(safe)))
        # where ρ > 1, (ρ^s - 1) / (ρ - 1) is the same of 1/ρ, times ρ^(s - 1)
        weights = blocked * width * np.exp(below * log - top + np.where(log > 0, steps - log, 0.0))
        lost = blocked * np.exp(places[:, -1:] * log - top)
        total = (1 - blocked) * np.exp(-top) + weights.sum(axis=1, keepdims=True) + lost
        stable = loads < servers
        unlimited = TwoMoments.at(servers, loads[stable], service.cv2)
        lost, finds = (lost / total)[:, 0], weights / total
        return cls(servers, room, service, loads, places[:, -1], lost, finds, stable, unlimited)

    @property
    def mean(self) -> Floats:
        """Mean waits of those served, in mean service times: Little's law."""
        waiting = self.finds @ np.arange(self.room) + self.lost * self.room
        mean = waiting / (self.loads * (1 - self.lost))
        mean[self.stable] = np.minimum(mean[self.stable], self.unlimited.mean)
        return mean

    def beyond(self, x: Floats) -> Floats:
        """Return the shares of those served who wait longer than x mean service times: a row for each load."""
        longer = np.zeros((len(self.loads), len(x)))
        if self.room <= ONE_BY_ONE:
            longer = self.finds @ at_most(self.servers, self.service, self.room, x * self.service.mean).T
        uneven = (self.places < self.room) | (self.room > ONE_BY_ONE)
        if uneven.any():
            alike = Exponential(self.servers, self.loads[uneven], self.places[uneven])
            scale = self.servers * self.places[uneven] / self.room
            fewer = alike.beyond(x * scale[:, None]) * self.finds[uneven].sum(axis=1, keepdims=True)
            longer[uneven] = np.maximum(longer[uneven], fewer)
        longer /= (1 - self.lost)[:, None]
        longer[self.stable] = np.minimum(longer[self.stable], self.unlimited.beyond(x))
        return np.clip(longer, 0.0, 1.0)


def _places(servers: int, log: Floats, service: ServiceTime, room: int) -> Floats:
    """Return r' of 1, 2, ... r places: a row for each logarithm of ρ."""
    places = np.arange(1, room + 1)
    seen = dispersion(service, SEEN * places**BY_QUEUE * float(servers) ** BY_SERVERS)
    less = LESS_AT_LOW_LOADS * np.maximum(1 - seen, 0.0) * np.maximum(-log, 0.0)
    worth: Floats = np.maximum.accumulate(places / ((1 + seen) / 2 + less), axis=1)
    return worth
