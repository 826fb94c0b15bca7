"""Exponential service times, c servers, room for r that wait (M/M/c/K with K = c + r), exact.

With a = λ/μ and ρ = a/c the states c + j, j = 0..r, have probabilities in the proportions ρ^j, and those up to c sum to
1/B of that of c, B = B(c, a) (D. Gross, C. M. Harris, "Fundamentals of queueing theory", 1998, section 2.5). Who finds
c + j, j < r, waits until j + 1 services have ended: Erlang-(j+1) with rate cμ. Summed over j, with x = cμt and
Q(r, x) the incomplete gamma function, which is the share of Erlang-r above x,

    P(W > t | waits) = (exp(-(1-ρ) x) Q(r, ρx) - ρ^r Q(r, x)) / (1 - ρ^r),

and with room for all exp(-(1-ρ) x), which times C(c, a) is Erlang's delay formula.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from serflow_opt.ground.tolerances import EVEN, ROUNDING
from serflow_opt.traffic.queues.erlang import erlang_b

if TYPE_CHECKING:
    from serflow_opt.ground.arrays import Floats

HUGE = 700.0
"""Exponents are cut here, where exp is just finite."""


@dataclass(frozen=True)
class Exponential:
    """Waiting before exponential servers, for each of some loads below c, or any loads where the room is limited.

    Attributes
    ----------
    servers
        c, at least 1.
    loads
        a = λ/μ, positive.
    room
        r, positive and not always whole; `None`: room for all.
    """

    servers: int
    loads: Floats
    room: Floats | None

    def shares(self) -> tuple[Floats, Floats]:
        """Return the shares of the arrivals that find no room, and that wait."""
        blocked = erlang_b(self.servers, self.loads)
        rho = self.loads / self.servers
        if self.room is None:
            return np.zeros_like(rho), blocked / (1 - rho * (1 - blocked))
        log, room = np.log(rho), self.room
        scale = np.exp(-np.maximum(room * log, 0.0))  # all weights times this: none is infinite
        full = np.exp(np.minimum(room * log, 0.0))
        waiting = blocked * _geometric(log, room)
        weight = (1 - blocked) * scale + waiting + blocked * full
        return blocked * full / weight, waiting / weight

    def beyond(self, x: Floats) -> Floats:
        """Return the shares of those who wait that wait longer than x / (cμ): a row a load."""
        rho = (self.loads / self.servers)[:, None]
        if self.room is None:
            return np.exp(-(1 - rho) * x)
        from scipy.special import gammaincc

        room = self.room[:, None]
        log = np.log(rho)
        log = np.where(np.abs(room * log) < EVEN, -EVEN / room, log)
        rho = np.exp(log)
        lift = np.maximum(room * log, 0.0)
        exponent = np.minimum(-(1 - rho) * x - lift, HUGE)
        above = np.exp(exponent) * gammaincc(room, rho * x) - np.exp(room * log - lift) * gammaincc(room, x)
        longer: Floats = np.clip(above / (np.sign(log) * np.expm1(-np.abs(room * log))), 0.0, 1.0)
        return longer


def lost(servers: int, loads: Floats, room: int) -> Floats:
    """Return the shares of the arrivals that find neither a free server nor room.

    Parameters
    ----------
    servers
        c, at least 1.
    loads
        a, 0 or more.
    room
        r.
    """
    shares = np.zeros(len(loads))
    some = loads > 0
    shares[some] = Exponential(servers, loads[some], np.full(int(some.sum()), float(room))).shares()[0]
    return shares


def _geometric(log: Floats, terms: Floats) -> Floats:
    """Return the sum of ρ^j, j < r, times ρ^-r where ρ > 1."""
    even = np.abs(log) < ROUNDING
    safe = np.where(even, 1.0, log)
    falling = np.expm1(-terms * np.abs(safe)) / np.expm1(-np.abs(safe))
    return np.where(even, terms, np.where(log > 0, falling / np.exp(np.minimum(safe, HUGE)), falling))
