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
where 1 <= r' < r waits are no shorter than those for r' exponential services, r/r' times as long each. At most, they
are what they were with room for all.

With more room those served find others on top, in unchanged proportions, and so more in the likelihood ratio order; r'
is no less, so that fewer are lost. So no fewer of all who come wait longer than any time. Where waits are those for r'
services this takes r/r' to rise with r, which is not derived: for log-normal times it does up to r = 250, cv² = 100.

Over a range of loads. For fixed 0 < 1' <= 2' <= ... <= r' what is lost and what those served wait rise with the load.
Those served find n < c busy, or are of group j, in the proportions (c!/n!) c^(n-c) ρ^(n-c) and
w_j = (ρ^j' - ρ^(j+1)') / (1-ρ). But for constants, the quotients of successive ones are ρ, ρ (1 - ρ^1') / (1-ρ) and
w_(j+1) / w_j. The second rises if ρ^-s - 1 > s (1-ρ), s = 1', which follows from ln u >= 1 - 1/u; the third is one of
integrals of ρ^s over [(j+1)', (j+2)'] and [j', (j+1)']. So what is found rises in the likelihood ratio order, and with
it the chance of a wait that is the longer the more are found (M. Shaked, J. G. Shanthikumar, "Stochastic orders", 2007,
theorem 1.C.1). Waits for r' services have, among those who wait, a density in proportion to e^-x E (ρx + V)^(r'-1), V
exponential: the mean is log-convex in log ρ where r' >= 1, so they rise in that order, too. The share lost is one over

    1 + Σ (c!/n!) c^(n-c) ρ^(n-c-r') + (ρ^-r' - 1) / (1-ρ),   n < c,

of which all terms fall with ρ. Places are worth more at higher loads below c where I < 1. At any load those served wait
the longer the less 1' .. (r-1)' are and the more r' is, and the more r' is, the fewer are lost. So with r' as at a_0,
and the others as at a_1,

    (1 - lost at a_1) P(W > x | served at a_0)

is at most what waits longer than x of all who come at any load between: `Limited.at_least`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING

import numpy as np

from serflow_opt.ground.tolerances import ROUNDING
from serflow_opt.traffic.queues.departures import at_most
from serflow_opt.traffic.queues.dispersion import dispersion
from serflow_opt.traffic.queues.mgc import TwoMoments
from serflow_opt.traffic.queues.mmc import Exponential
from serflow_opt.traffic.queues.residual import LAWS

if TYPE_CHECKING:
    from collections.abc import Callable

    from serflow_opt.ground.arrays import Floats
    from serflow_opt.traffic.queues.service_time import ServiceTime

ONE_BY_ONE = 256
"""So many who wait are told apart; of more there are so many groups."""
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
    places
        Up to how many who wait are one group: 1, 2, ... r, where they are told apart.
    alike
        Exponential servers with room r'.
    lost, waits
        Shares of the arrivals that find no room, and that wait.
    worth
        1', 2', ... r' of groups, a row for each load; None: as at the load.
    upto
        Loads up to which no more may wait with room for all; None: the same.
    """

    servers: int
    room: int
    service: ServiceTime
    places: Floats
    alike: Exponential
    lost: Floats
    waits: Floats
    worth: Floats | None = None
    upto: Floats | None = None

    @classmethod
    def at(cls, servers: int, loads: Floats, service: ServiceTime, room: int) -> Limited:
        """Return the queue at some loads, which are positive and may be above c.

        Parameters
        ----------
        servers
            c.
        loads
            Workers that would be busy if nobody were turned away, n.
        service
            Service times.
        room
            Requests that may wait.
        """
        worth = _worth(servers, np.log(loads / servers)[:, None], service, _places(room)).max(axis=1)
        return cls._of(servers, loads, service, room, worth)

    @classmethod
    def at_least(
        cls, servers: int, low: Floats, high: Floats, service: ServiceTime, room: int
    ) -> tuple[Limited, Floats, Callable[[], Floats]]:
        """Return a queue in front of which none wait longer than at any load in ranges, and what is lost at most.

        Parameters
        ----------
        servers, service, room
            As of `at`.
        low, high
            Ends of the ranges.

        Returns
        -------
        tuple
            The queue, shares of the arrivals that find no room, and mean waits of all who come, in mean service times,
            for those who ask.
        """
        lowest, highest = (
            np.maximum.accumulate(_worth(servers, np.log(own / servers)[:, None], service, _places(room)), axis=1)
            for own in (low, high)
        )
        last = lowest[:, -1]
        inner = np.minimum(highest[:, :-1], lowest[:, -1:])
        found = cls._of(servers, low, service, room, last, np.append(inner, lowest[:, -1:], axis=1), high)
        lost = Exponential(servers, high, last).shares()[0]

        def waited() -> Floats:
            # Little's law; in ρ^r' the number waiting is a quotient of two linear functions, so least at an end
            most = highest[:, -1]
            other = cls._of(servers, low, service, room, most, np.append(inner, highest[:, -1:], axis=1), high)
            least: Floats = np.minimum(found.waiting, other.waiting) / high
            return found._at_most(least, ((1 - lost)[low < servers]) * found.unlimited.mean)

        return found, lost, waited

    @classmethod
    def _of(
        cls,
        servers: int,
        loads: Floats,
        service: ServiceTime,
        room: int,
        last: Floats,
        worth: Floats | None = None,
        upto: Floats | None = None,
    ) -> Limited:
        """Return the queue where all places are worth `last`."""
        alike = Exponential(servers, loads, last)
        lost, waits = alike.shares()
        return cls(servers, room, service, _places(room), alike, lost, waits, worth, upto)

    # what waits is asked for less often than what is lost, and takes several times as long

    @cached_property
    def chances(self) -> Floats:
        """Chances of those who wait to be of each group: a row for each load."""
        log = np.log(self.alike.loads / self.servers)[:, None]
        worth = self.worth
        if worth is None:
            worth = np.maximum.accumulate(_worth(self.servers, log, self.service, self.places), axis=1)
        return _chances(log, worth)

    @cached_property
    def unlimited(self) -> TwoMoments:
        """Waiting with room for all, at those loads that are below c."""
        loads = self.alike.loads
        stable = loads < self.servers
        upto = None if self.upto is None else np.minimum(self.upto[stable], self.servers)
        return TwoMoments.at(self.servers, loads[stable], self.service.cv2, upto)

    @property
    def waiting(self) -> Floats:
        """How many wait on average."""
        waiting: Floats = self.waits * (self.chances @ self._found) + self.lost * self.room
        return waiting

    @property
    def mean(self) -> Floats:
        """Mean waits of those served, in mean service times: Little's law."""
        return self._at_most(self.waiting / self.alike.loads / (1 - self.lost), self.unlimited.mean)

    def beyond(self, x: Floats) -> Floats:
        """Return the shares of those served who wait longer than x mean service times: a row for each load."""
        if self.room > ONE_BY_ONE:
            longer = self.chances @ self._beyond_of_groups(x)
        else:
            longer = self.chances @ at_most(self.servers, self.service, self.room, x * self.service.mean).T
        assert self.alike.room is not None
        uneven = (self.alike.room >= 1) & (self.alike.room < self.room)
        if uneven.any():
            fewer = Exponential(self.servers, self.alike.loads[uneven], self.alike.room[uneven])
            rate = self.servers * self.alike.room[uneven] / self.room  # r' services take as long as r
            longer[uneven] = np.maximum(longer[uneven], fewer.beyond(x * rate[:, None]))
        longer *= (self.waits / (1 - self.lost))[:, None]
        return np.clip(self._at_most(longer, self.unlimited.beyond(x)), 0.0, 1.0)

    @property
    def _found(self) -> Floats:
        """How many each group finds waiting on average, where all of it are as many."""
        return (np.append(0.0, self.places[:-1]) + self.places - 1) / 2

    def _beyond_of_groups(self, x: Floats) -> Floats:
        """Return the shares of each group that wait longer than x: for as many exponential services as it is worth."""
        from scipy.special import gammaincc

        services = self._found + 1
        worth = np.maximum.accumulate(_worth(self.servers, np.zeros((1, 1)), self.service, services)[0])
        longer: Floats = gammaincc(worth[:, None], x * (self.servers * worth / services)[:, None])
        return longer

    def _at_most(self, values: Floats, unlimited: Floats) -> Floats:
        """Return the values, where loads are below c at most those with room for all."""
        stable = self.alike.loads < self.servers
        values[stable] = np.minimum(values[stable], unlimited)
        return values


def _places(room: int) -> Floats:
    """Return up to how many who wait are one group."""
    return np.unique(np.round(np.geomspace(1, room, ONE_BY_ONE))) if room > ONE_BY_ONE else np.arange(1.0, room + 1)


def _worth(servers: int, log: Floats, service: ServiceTime, places: Floats) -> Floats:
    """Return what numbers of places r are worth: a row for each logarithm of ρ; r' is the most up to each."""
    seen = _seen(servers, service, places.tobytes())
    worth: Floats = LESS_AT_LOW_LOADS * np.maximum(1 - seen, 0.0) * np.maximum(-log, 0.0)
    worth += (1 + seen) / 2
    np.divide(places, worth, out=worth)
    return worth


@lru_cache(maxsize=LAWS)
def _seen(servers: int, service: ServiceTime, places: bytes) -> Floats:
    """Return the dispersion that queues of some lengths, r, see."""
    return dispersion(service, SEEN * np.frombuffer(places) ** BY_QUEUE * float(servers) ** BY_SERVERS)


def _chances(log: Floats, places: Floats) -> Floats:
    """Return (ρ^j' - ρ^(j+1)') / (1 - ρ), so that each row sums to 1; `places` are 1', 2', ... r'."""
    below = np.hstack([np.zeros_like(log), places[:, :-1]])
    width = places - below
    even = np.abs(log) < ROUNDING
    safe = np.where(even, 1.0, log)
    width = np.where(even, width, np.expm1(-np.abs(width * safe)) / np.expm1(-np.abs(safe)))
    # where ρ > 1, (ρ^s - 1) / (ρ - 1) is the same of 1/ρ, times ρ^(s - 1)
    powers = below * log + np.where(log > 0, (places - below - 1) * log, 0.0)
    weights = width * np.exp(powers - powers.max(axis=1, keepdims=True))
    chances: Floats = weights / weights.sum(axis=1, keepdims=True)
    return chances
