"""A rule of our own: the pool that is best for as long as a start takes, by the odds that zones vanish meanwhile.

Each zone's rate of vanishing is learnt from how often it did while machines stood there (gamma prior: once in what the
instance says, or six hours). A zone is still there after a start and a step, w seconds, with probability e^{-h w}; so
what to hold is a pool of zones that vanish, and the search for those says it: least cost an hour plus late requests
at what they are worth. That worth is raised while more than allowed were late so far, and lowered while fewer were.
What is refused when it is started is left out, for this step. What is held stays while it is at most so much worse;
what is too much goes once the others serve.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from serflow_opt.families.spot.evaluate import value
from serflow_opt.families.spot.market import MarketMachines
from serflow_opt.families.spot.problem import DAY_S, Counts, SpotOffer, SpotPool, SpotZone
from serflow_opt.families.spot.rules import MarketRule, steady_offer
from serflow_opt.families.spot.search import PoolSearch
from serflow_opt.ground.deadline import Deadline

FIRST_WORTH, STEP, LEVELS = 10.0, 2**0.5, (-4, 20)
"""What all requests being late is worth at first, in what enough machines on demand cost; by what factor it is changed
once a day, and how often down and up at most: below, too few machines would be the best."""
HOUR_S = 3600.0
GAP = 0.01


@dataclass(frozen=True, slots=True)
class OddsTuning:
    """What the rule is tuned by.

    Attributes
    ----------
    prior_s
        How long a zone is taken to be there where nothing is known of it.
    classes
        Rates of vanishing are told apart in so many classes to a factor e.
    stay
        What is held stays while it is at most so much worse than the best.
    spare
        Machines of an offer beyond those that are enough, at most.
    zones
        Offers in zones that are looked at together: those of which a worker costs least, what is late with it included.
    """

    prior_s: float = 21_600.0
    classes: int = 2
    stay: float = 0.3
    spare: int = 3
    zones: int = 4


TUNED = OddsTuning()


class Odds(MarketRule):
    """The rule.

    Parameters
    ----------
    pool
        What there is.
    late_max
        Share of requests that may be late.
    tuning
        What it is tuned by.
    """

    def __init__(self, pool: SpotPool, late_max: float, tuning: OddsTuning = TUNED) -> None:
        self.pool, self.late_max, self.tuning = pool, late_max, tuning
        self.lost = [1.0] * len(pool.zones)
        self.seen_s = [tuning.prior_s if math.isinf(own.up_s) else own.up_s for own in pool.zones]
        self.level, self.days = 0, 0
        self.late = self.requests = 0.0
        self._known: dict[tuple[object, ...], tuple[Counts, float]] = {}

    def __call__(self, machines: MarketMachines) -> None:
        """Learn, decide, start, and stop what is too much."""
        market, now = machines.market, machines.now
        self._learn(machines)
        rates = self._classes()
        which, need = int(market.which[now]), int(market.need[now])
        held, refused = tuple(machines.held), frozenset[int]()
        worth = self._worth(need)
        mine = self._cost(held) + worth * self._late_of(held, rates, which, machines)
        while True:
            wanted, best = self._best(rates, refused, which, need, worth, machines)
            if mine <= best * (1 + self.tuning.stay):
                return
            no = [j for j, count in enumerate(wanted) if count > held[j] and not market.up[now, j]]
            if not no:
                break
            refused |= frozenset(no)
        for j, count in enumerate(wanted):
            machines.start(j, max(count - held[j], 0))
        ready, held = machines.ready, tuple(machines.held)
        if all(min(count, ready[j]) >= min(count, held[j]) for j, count in enumerate(wanted)):
            for j, count in enumerate(wanted):
                machines.stop(j, max(held[j] - count, 0))

    def _learn(self, machines: MarketMachines) -> None:
        """Count what vanished, and what was late in the step before."""
        market, now = machines.market, machines.now
        for zone in range(len(self.pool.zones)):
            own = [j for j, offer in enumerate(self.pool.offers) if offer.zone == zone]
            self.lost[zone] += any(machines.lost[j] for j in own)
            self.seen_s[zone] += market.step_s * any(machines.held[j] for j in own)
        days = int(now * market.step_s / DAY_S)
        if days > self.days and self.requests:
            self.days = days
            step = 1 if self.late > self.late_max * self.requests else -1
            self.level = min(max(self.level + step, LEVELS[0]), LEVELS[1])

    def saw(self, late: float, requests: float) -> None:
        """Note what was late in a step: a share of so many requests."""
        self.late += late * requests
        self.requests += requests

    def _classes(self) -> tuple[float, ...]:
        """Rates at which zones vanish, 1/s, in classes."""
        rates = (lost / seen for lost, seen in zip(self.lost, self.seen_s, strict=True))
        classes = self.tuning.classes
        return tuple(math.exp(round(math.log(rate) * classes) / classes) for rate in rates)

    def _worth(self, need: int) -> float:
        """USD an hour of all requests being late."""
        j = steady_offer(self.pool)
        offer = self.pool.offers[0 if j is None else j]
        return FIRST_WORTH * need / offer.workers * offer.usd_per_s * HOUR_S * STEP**self.level

    def _cost(self, counts: Counts) -> float:
        """USD an hour."""
        return sum(n * own.usd_per_s for n, own in zip(counts, self.pool.offers, strict=True)) * HOUR_S

    def _pool(
        self, rates: tuple[float, ...], refused: frozenset[int], which: int, most: list[int], machines: MarketMachines
    ) -> SpotPool:
        """The pool for as long as a start and a step take: zones vanish by then, and starts are paid by how often."""
        step = machines.market.step_s
        wait = [boots * step + step for boots in machines.boots]
        there = [1.0] * len(rates)
        offers: list[SpotOffer] = []
        for j, own in enumerate(self.pool.offers):
            share, again = 1.0, 0.0
            if own.zone is not None:
                share = there[own.zone] = math.exp(-rates[own.zone] * max(wait))
                again = rates[own.zone] * machines.boots[j] * step
            usd = own.usd_per_s * (1 + again) / share  # what the pool pays is for what is there
            offers.append(replace(own, usd_per_s=usd, up_s=math.inf, start_s=0.0, most=0 if j in refused else most[j]))
        zones = tuple(SpotZone(own.name, share) for own, share in zip(self.pool.zones, there, strict=True))
        size = sum(own.most * own.workers for own in offers)
        late = np.resize(machines.market.late[which], size + 1)
        late[len(machines.market.late[which]) :] = machines.market.late[which][-1]
        return SpotPool(tuple(offers), zones, (), frozenset(), tuple(late.tolist()), size)

    def _late_of(self, counts: Counts, rates: tuple[float, ...], which: int, machines: MarketMachines) -> float:
        """Share of late requests once a start is over, if nothing is started."""
        pool = self._pool(rates, frozenset(), which, list(counts), machines)
        return value(pool, counts).values["late"]

    def _promising(
        self, rates: tuple[float, ...], refused: frozenset[int], need: int, worth: float, machines: MarketMachines
    ) -> set[int]:
        """Offers to choose from: all that are always there, and some in zones."""
        dear, step = {}, machines.market.step_s
        for j, own in enumerate(self.pool.offers):
            if own.zone is not None and j not in refused:
                gone = 1 - math.exp(-rates[own.zone] * (machines.boots[j] + 1) * step)
                dear[j] = own.usd_per_s * HOUR_S / own.workers + worth * gone / max(need, 1)
        steady = {j for j, own in enumerate(self.pool.offers) if own.zone is None}
        return steady | set(sorted(dear, key=lambda j: dear[j])[: self.tuning.zones])

    def _best(
        self,
        rates: tuple[float, ...],
        refused: frozenset[int],
        which: int,
        need: int,
        worth: float,
        machines: MarketMachines,
    ) -> tuple[Counts, float]:
        """The best pool, and what it costs an hour with late requests at what they are worth."""
        key = rates, refused, which, need, worth
        if key not in self._known:
            some = self._promising(rates, refused, need, worth, machines)
            most = [
                min(own.most, -(-need // own.workers) + self.tuning.spare) if j in some else 0
                for j, own in enumerate(self.pool.offers)
            ]
            pool = self._pool(rates, refused, which, most, machines)
            found = PoolSearch(pool, {"cost": 1.0, "late": worth}, {}, GAP, Deadline()).run()
            assert found.counts is not None
            self._known[key] = found.counts, found.value
        return self._known[key]
