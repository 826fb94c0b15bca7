"""Offers that come and go together, and every number of each: the data of `formulations/spot_pools.py` (1)."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from serflow_opt.errors import InputError, Problem
from serflow_opt.families.spot.problem import DAY_S, Counts, SpotOffer, SpotPlace, SpotPool
from serflow_opt.ground.arrays import Floats, Ints

MOST_CHOICES = 20_000
"""Of a group: beyond, its offers are more than can be listed."""


@dataclass(frozen=True, slots=True, eq=False)
class OfferGroup:
    """Offers that depend on each other, or one that stands alone.

    Attributes
    ----------
    offers
        Their positions.
    counts
        Machines of each by choice, R x offers; the first choice has none.
    up
        Probability of 0, 1, .. workers up, R x (W + 1).
    cost, interruptions
        USD an hour, and a day, by choice.
    """

    offers: tuple[int, ...]
    counts: Ints
    up: Floats
    cost: Floats
    interruptions: Floats

    @property
    def mean(self) -> Floats:
        """Workers up on average, by choice."""
        workers: Floats = self.up @ np.arange(self.up.shape[1])
        return workers


def binomial(most: int, chance: float) -> Floats:
    """Return the probabilities of 0 .. most of 0 .. most machines, a row each."""
    n, k = np.arange(most + 1)[:, None], np.arange(most + 1)[None, :]
    if chance >= 1.0:
        return np.eye(most + 1)
    from scipy.special import gammaln, xlog1py, xlogy

    ways = gammaln(n + 1) - gammaln(k + 1) - gammaln(np.maximum(n - k, 0) + 1)
    chances: Floats = np.exp(ways + xlogy(k, chance) + xlog1py(np.maximum(n - k, 0), -chance))
    return np.where(k <= n, chances, 0.0)


@lru_cache(maxsize=16)
def groups_of(pool: SpotPool) -> tuple[OfferGroup, ...]:
    """Return the groups of a pool, those with most choices last.

    Raises
    ------
    InputError
        Where a zone has more choices than can be listed.
    """
    made = [_group(pool, place) for place in pool.places()]
    return tuple(sorted(made, key=lambda own: len(own.counts)))


def _group(pool: SpotPool, place: SpotPlace) -> OfferGroup:
    own = [pool.offers[j] for j in place.offers]
    choices = math.prod(offer.most + 1 for offer in own)
    if choices > MOST_CHOICES:
        names = ", ".join(offer.name for offer in own)
        cure = f"lower machines_max: at most {MOST_CHOICES:,} ways to rent where offers depend on each other"
        raise InputError([Problem("", "offer.machines_max", f"{choices:,} ways to rent {names}", cure)])
    counts = np.array(list(itertools.product(*(range(offer.most + 1) for offer in own))), dtype=np.int64)
    up = np.zeros((choices, 1 + sum(offer.most * offer.workers for offer in own)))
    for share, there in place.states:
        now = np.ones((1, 1))
        for j, offer in zip(place.offers, own, strict=True):
            now = _convolved(now, _spread(offer) if j in there else np.ones((offer.most + 1, 1)))
        up[:, : now.shape[1]] += share * now
    usd = np.array([pool.there(offer) * offer.paid * offer.usd_per_s * 3600 for offer in own])
    gone = np.array([pool.there(offer) * offer.availability * pool.lost_per_s(offer) * DAY_S for offer in own])
    return OfferGroup(place.offers, counts, up, counts @ usd, counts @ gone)


def _spread(offer: SpotOffer) -> Floats:
    """Return the probabilities of workers up, by machines of an offer."""
    machines = binomial(offer.most, offer.availability)
    workers = np.zeros((offer.most + 1, offer.most * offer.workers + 1))
    workers[:, :: offer.workers] = machines
    return workers


def _convolved(some: Floats, others: Floats) -> Floats:
    """Return the probabilities of sums, for every row of one with every row of the other, in the order of products."""
    found = np.zeros((len(some), len(others), some.shape[1] + others.shape[1] - 1))
    for k in range(some.shape[1]):
        found[:, :, k : k + others.shape[1]] += some[:, None, k : k + 1] * others[None]
    return found.reshape(-1, found.shape[2])


def counts_of(groups: tuple[OfferGroup, ...], rows: tuple[int, ...]) -> Counts:
    """Return machines by offer of a choice in each group.

    Parameters
    ----------
    groups, rows
        The groups, and the position of a choice in each.
    """
    found = [0] * sum(len(own.offers) for own in groups)
    for own, row in zip(groups, rows, strict=True):
        for j, count in zip(own.offers, own.counts[row].tolist(), strict=True):
            found[j] = count
    return tuple(found)
