"""What requests wait at the machines of a block: by rate of the demand, for numbers of machines and of waiting places.

A request that finds no free worker waits where fewer than `room` are waiting, else it goes to the block's function; a
block without a function has room for all. The queue is taken for M/G/c by the first two moments of the seconds that a
request holds a worker (`traffic/queues`), at every rate as if it lasted.

Beside a function more variation sends more away, and makes those who stay wait longer or not: who waits too long, of
all who come, may be fewest anywhere in a range of it. So such queues are told at some variations (`VARIATIONS`), and
between two of these as if one were met with a share of the chances, and else the other. Then the least in a range is at
its ends or at one of these in it.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from serflow_opt.ground.tolerances import HARDLY, ROUNDING
from serflow_opt.traffic.demand.rates import Rates
from serflow_opt.traffic.queues.erlang import erlang_b
from serflow_opt.traffic.queues.service_time import ServiceTime
from serflow_opt.traffic.queues.waiting import FEW, Waiting, waiting, waiting_at_least

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from serflow_opt.traffic.service import Machine, Service

    Floats = NDArray[np.float64]

MOST_RATES = 100
"""Rates of a demand that waits are computed for; where there are more, groups of them count as their largest."""
KEPT = 20_000
"""Waits that are remembered, and who waits longer than some times."""
MANY_TIMES = 64
"""Times from which on it is not: one structure asks for fewer, and others that share a block for the same."""
CELLS = 255
"""Cells of the grids for sums of waits, to half of the longest slack of each: sums of two fit in 1,024."""
LAST = 2 * CELLS
"""Number of the last point of a grid."""
REMEMBERED = 100 * 2**20
"""Bytes of waits on grids that are kept, and of their transforms."""
APART, PARTS = 0.005, 8
"""What may be lost more at one end of a range of loads than at the other, and else the parts that it is cut into: waits
at one end are put together with losses at the other."""
VARIATIONS = np.concatenate([[0.0], (2 ** (1 / 8) - 1) / 4.0 ** np.arange(2, 0, -1), 2 ** (np.arange(1, 161) / 8) - 1])
"""Squared coefficients of variation at which queues beside functions are told: 1 + cv² is an eighth of an octave apart,
and less where times hardly vary. Above the last, of a million, as there."""
_TOLD = frozenset(VARIATIONS.tolist())
ROOMS: tuple[int, ...] = (*range(9), 10, 12, 15, 18, 22, 27, 33, 40, 50, 60, 75, 90, 110, 135, 165, 200, 250)
"""Numbers of requests that may wait where others go to a function: each at most a quarter more than the one before."""


def useful_rooms(servers: int, load: float, hardly: float = HARDLY, cv2: float = 1.0) -> int:
    """How many of `ROOMS` are worth having: with more than the last hardly anybody more is served.

    Functions are called as often as exponential servers have it: by a share B ρ^r / (1 + B (ρ + .. + ρ^r)) with room
    for r (`mmc`), which rises with the load. So all places beyond r spare less than B ρ^r of the requests, B and ρ
    those of the largest load. What varies more is given (1 + cv²) / 2 times the places, so that waits are told for as
    much, too: no proof rests on that. Nor on the cap, which only sends more away.

    Parameters
    ----------
    servers
        c.
    load
        a, the largest.
    hardly
        Share of the requests that may as well find none.
    cv2
        Squared coefficient of variation of the time that one holds a worker.
    """
    full = load / servers
    blocked = erlang_b(servers, load)
    if blocked <= hardly:
        return 1
    if full >= 1 - HARDLY:
        return len(ROOMS)
    room = math.log(hardly / blocked) / math.log(full) * max(1.0, (1 + cv2) / 2)
    return min(bisect_left(ROOMS, room) + 1, len(ROOMS))


@dataclass(frozen=True, slots=True, eq=False)
class HoldingTime:
    """How long requests that enter a block hold a worker: mean, s, and squared coefficient of variation."""

    seconds: float
    cv2: float

    @classmethod
    def of(cls, service: Service, b: int, machine: Machine) -> HoldingTime:
        """Return it for a block of a service on a type of machines.

        Parameters
        ----------
        service, b
            The service, and the position of the block.
        machine
            The type.
        """
        return cls(service.busy_s(b, machine), service.cv2(b, machine))


@dataclass(frozen=True, slots=True, eq=False)
class Wait:
    """What those who enter a block meet; rows by rate.

    Attributes
    ----------
    lost
        Share that finds no room, and goes to the function.
    seconds
        Mean wait, of all who enter.
    """

    lost: Floats
    seconds: Floats
    queue: Waiting

    def beyond(self, times: Floats) -> Floats:
        """Return P(wait > t) of all who enter, by rate and time (s, 0 or more)."""
        return (1 - self.lost)[:, None] * self.queue.beyond(times)


@dataclass(frozen=True, slots=True, eq=False)
class LeastWait(Wait):
    """The least of several waits: nobody who enters waits longer with a greater chance than in any of them."""

    each: tuple[Wait, ...]

    def beyond(self, times: Floats) -> Floats:
        """Return the least P(wait > t) of all who enter, by rate and time (s, 0 or more)."""
        least: Floats = np.min([own.beyond(times) for own in self.each], axis=0)
        return least


@dataclass(frozen=True, slots=True, eq=False)
class WaitBetween(Wait):
    """A wait that is one of two, with a chance.

    Attributes
    ----------
    other
        The second.
    chance
        Of that.
    """

    first: Wait
    other: Wait
    chance: float

    def beyond(self, times: Floats) -> Floats:
        """Return P(wait > t) of all who enter, by rate and time (s, 0 or more)."""
        longer: Floats = (1 - self.chance) * self.first.beyond(times) + self.chance * self.other.beyond(times)
        return longer


@dataclass(frozen=True, slots=True, eq=False)
class WaitAtLeast(Wait):
    """Waits that are not longer than any in a range of reaches, which is cut into parts; `lost` is the most.

    Attributes
    ----------
    most
        Share that finds no room at most, part after part.
    """

    most: Floats

    def beyond(self, times: Floats) -> Floats:
        """Return P(wait > t) of all who enter at least, by rate and time (s, 0 or more)."""
        late = (1 - self.most)[:, None] * self.queue.beyond(times)
        least: Floats = late.reshape(-1, len(self.lost), len(times)).min(axis=0)
        return least


@dataclass(frozen=True, slots=True)
class Size:
    """Machines of a block.

    Attributes
    ----------
    count
        How many.
    room
        Requests that may wait for them where others go to the function; None: there is none, all wait.
    usd
        USD per second, the function's part included.
    wait
        What requests meet; None: nobody waits.
    """

    count: int
    room: int | None
    usd: float = 0.0
    wait: Wait | None = None


class Queues:
    """Waits under a demand.

    Parameters
    ----------
    demand
        Rates of arrival.

    Attributes
    ----------
    rates
        Those that waits are computed for, requests of the service per second, rising.
    weights
        Share of the requests that come at each.
    """

    def __init__(self, demand: Rates) -> None:
        self.rates, self.weights = _rounded_up(demand)
        self.peak = float(self.rates[-1])
        self.of = lru_cache(maxsize=KEPT)(self._of)
        self.at_least = lru_cache(maxsize=KEPT)(self._at_least)
        self.least = lru_cache(maxsize=KEPT)(_least)
        self._late = lru_cache(maxsize=KEPT)(self._late_of)
        self.rounded = lru_cache(maxsize=max(1, REMEMBERED // (8 * len(self.rates) * (LAST + 1))))(_rounded)

    def _of(
        self,
        servers: int,
        room: int | None,
        reach: float,
        seconds: float,
        cv2: float,
    ) -> Wait:
        """Return the waits of a block.

        Parameters
        ----------
        servers
            Workers of all its machines.
        room
            Requests that may wait; None: all.
        reach
            Share of the service's requests that enter.
        seconds, cv2
            Mean and squared coefficient of variation of the time that one holds a worker.
        """
        if room and cv2 not in _TOLD:
            return _mixed(cv2, lambda own: self.of(servers, room, reach, seconds, own))
        cv2 = cv2 if cv2 > ROUNDING else 0.0
        found = waiting(servers, self.rates * reach, ServiceTime.of_moments(seconds, cv2), room)
        with np.errstate(invalid="ignore"):
            mean = np.where(found.lost < 1, (1 - found.lost) * found.mean_s, 0.0)
        return Wait(found.lost, mean, found)

    def _at_least(self, servers: int, room: int | None, low: float, high: float, seconds: float, cv2: float) -> Wait:
        """Return waits that are not longer than any in a range of reaches, for one law of service times.

        Parameters
        ----------
        servers, room, seconds, cv2
            As of `of`.
        low, high
            Ends of the range.
        """
        if not room or not high > low:  # where there is room for all, waits rise with the load
            return self.of(servers, room, low, seconds, cv2)
        if cv2 not in _TOLD:
            return _mixed(cv2, lambda own: self.at_least(servers, room, low, high, seconds, own))
        law, few = ServiceTime.of_moments(seconds, cv2 if cv2 > ROUNDING else 0.0), len(self.rates) <= FEW
        for parts in (1, PARTS):
            ends = np.geomspace(low, high, parts + 1)
            lows, highs = ((self.rates * own[:, None]).ravel() for own in (ends[:-1], ends[1:]))
            found, most = waiting_at_least(servers, lows, highs, law, room, few)
            if float((most - found.lost).max()) <= APART:
                break
        lost, seconds_each = most.reshape(parts, -1).max(axis=0), found.mean_s.reshape(parts, -1).min(axis=0)
        return WaitAtLeast(lost, seconds_each, found, most)

    def late(self, wait: Wait, times: Floats) -> Floats:
        """Return the shares of the requests that wait longer than some times; not to be written to.

        Parameters
        ----------
        wait
            Of a block.
        times
            Seconds, 0 or more.
        """
        if len(times) > MANY_TIMES:
            return self.mean(wait.beyond(times))
        return self._late(wait, times.tobytes())

    def _late_of(self, wait: Wait, times: bytes) -> Floats:
        return self.mean(wait.beyond(np.frombuffer(times)))

    def mean(self, values: Floats) -> Floats:
        """Return the mean over requests of what depends on the rate; rows by rate."""
        mean: Floats = self.weights @ values
        return mean


def _rounded(wait: Wait, step_s: float) -> Floats:
    """Return the mass of a wait at 0, 1, .. `LAST` steps: each cell's is split between its ends; rates x points."""
    below = 1 - wait.beyond(step_s * np.arange(LAST + 1, dtype=np.float64))
    half = np.diff(below, axis=1) / 2
    mass = np.zeros(below.shape)
    mass[:, 0] = below[:, 0]
    mass[:, :-1] += half
    mass[:, 1:] += half
    return mass


def variations(low: float, high: float) -> list[float]:
    """Return squared coefficients of variation among which waits beside a function are least between two."""
    inner = VARIATIONS[(low < VARIATIONS) & (high > VARIATIONS)].tolist()
    return [low, *inner, high] if high > low else [low]


def _mixed(cv2: float, at: Callable[[float], Wait]) -> Wait:
    """Return a wait between those at two of `VARIATIONS`."""
    high = int(np.searchsorted(VARIATIONS[:-1], cv2))
    low, above = VARIATIONS[max(high - 1, 0)].item(), VARIATIONS[high].item()
    chance = min(max((cv2 - low) / (above - low), 0.0), 1.0) if above > low else 0.0
    first, other = at(low), at(above)
    lost, seconds = (
        (1 - chance) * getattr(first, name) + chance * getattr(other, name) for name in ("lost", "seconds")
    )
    return WaitBetween(lost, seconds, first.queue, first, other, chance)


def _least(each: tuple[Wait, ...]) -> Wait:
    """Return the least of waits."""
    lost, seconds = (np.min([getattr(own, name) for own in each], axis=0) for name in ("lost", "seconds"))
    return LeastWait(lost, seconds, each[0].queue, each)


def _rounded_up(demand: Rates) -> tuple[Floats, Floats]:
    """Return rates at which somebody comes and shares of the requests, few enough: waits rise with the rate."""
    used = demand.rates > 0
    rates, mass = demand.rates[used], (demand.rates * demand.shares)[used] / demand.mean
    if len(rates) <= MOST_RATES:
        return rates, mass
    group = np.minimum((np.cumsum(mass) - mass / 2) * MOST_RATES, MOST_RATES - 1).astype(np.int64)
    last = np.flatnonzero(np.append(np.diff(group) > 0, True))
    weights: Floats = np.bincount(group, weights=mass)[group[last]].astype(np.float64)
    return rates[last], weights
