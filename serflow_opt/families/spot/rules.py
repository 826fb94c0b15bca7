"""Rules that start and stop machines step by step, knowing nothing of what comes; those that others published.

SpotHedge is restated from its description in Z. Mao et al., "SkyServe: Serving AI models across regions and clouds with
spot instances", arXiv:2411.01438: a few spot machines more than are needed, spread over zones, those that were lost or
refused left aside until fewer than two are left, and machines on demand in the place of spot machines that do not
serve.
"""

from __future__ import annotations

from abc import ABC, abstractmethod

from serflow_opt.families.spot.market import MarketMachines
from serflow_opt.families.spot.problem import SpotPool

EXTRA = 2
"""Spot machines of SpotHedge beyond those needed, as in its paper's evaluation."""


class MarketRule(ABC):
    """Is asked in every step, once what is lost is lost; starts and stops machines."""

    @abstractmethod
    def __call__(self, machines: MarketMachines) -> None:
        """Start and stop."""

    def saw(self, late: float, requests: float) -> None:
        """Note what was late in a step, a share of so many requests; most rules do not care."""
        return


def spot_offers(pool: SpotPool) -> list[int]:
    """Return the offers that stand in a zone."""
    return [j for j, own in enumerate(pool.offers) if own.zone is not None]


def steady_offer(pool: SpotPool) -> int | None:
    """Return the cheapest offer, by worker, that is always there; None: there is none."""
    own = [j for j, offer in enumerate(pool.offers) if offer.zone is None]
    return min(own, key=lambda j: pool.offers[j].usd_per_s / pool.offers[j].workers, default=None)


class Steady(MarketRule):
    """As many on demand as are enough.

    Parameters
    ----------
    pool
        What there is.
    """

    def __init__(self, pool: SpotPool) -> None:
        self.pool, self.offer = pool, steady_offer(pool)

    def __call__(self, machines: MarketMachines) -> None:
        """Follow what is needed."""
        if self.offer is not None:
            _follow(machines, self.offer, machines.market.need[machines.now])


class SpotHedge(MarketRule):
    """Spread over zones, some more than needed, and on demand in the place of those that do not serve.

    Parameters
    ----------
    pool
        What there is.
    extra
        Workers beyond those needed.
    fallback
        Whether machines on demand stand in.
    """

    def __init__(self, pool: SpotPool, extra: float = EXTRA, *, fallback: bool = True) -> None:
        self.pool, self.extra, self.active, self.aside = pool, extra, spot_offers(pool), list[int]()
        self.offer = steady_offer(pool) if fallback else None

    def __call__(self, machines: MarketMachines) -> None:
        """Replace what was lost where it can be had, and fall back."""
        need, offers = float(machines.market.need[machines.now]), self.pool.offers
        for j in [j for j in self.active if machines.lost[j]]:
            self._put_aside(j)
        spot = sum(machines.held[j] * offers[j].workers for j in spot_offers(self.pool))
        refused: set[int] = set()
        while spot < need + self.extra:
            if len(self.active) < 2:
                self.active, self.aside = [*self.active, *self.aside], []
            held = machines.held
            free = [j for j in self.active if j not in refused and held[j] < offers[j].most]
            if not free:
                break
            j = min(free, key=lambda j: (held[j], offers[j].usd_per_s / offers[j].workers))
            if machines.start(j, 1):
                spot += offers[j].workers
            else:
                refused.add(j)
                self._put_aside(j)
        while True:
            held = machines.held
            some = [j for j in spot_offers(self.pool) if held[j] and spot - offers[j].workers >= need + self.extra]
            if not some:
                break
            j = max(some, key=lambda j: held[j])
            machines.stop(j, 1)
            spot -= offers[j].workers
        if self.offer is not None:
            serve = sum(machines.ready[j] * offers[j].workers for j in spot_offers(self.pool))
            _follow(machines, self.offer, min(need, max(need + self.extra - serve, 0.0)))

    def _put_aside(self, j: int) -> None:
        self.active.remove(j)
        self.aside.append(j)


def _follow(machines: MarketMachines, j: int, workers: float) -> None:
    """Have so many workers of an offer."""
    wanted = int(-(-workers // machines.pool.offers[j].workers))
    held = machines.held[j]
    if held < wanted:
        machines.start(j, wanted - held)
    else:
        machines.stop(j, held - wanted)
