"""Every schedule of a small fleet over a short horizon, valued second by second. Shares no code with the package.

A schedule is a multiset of rentals, each of a machine from one moment to another: which machine stops when several run
matters for the start-up lag and for least billing. Times are whole seconds.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Kind:
    """A machine type: requests a second, USD a second, seconds."""

    name: str
    rate: float
    usd_per_s: float
    start_s: int
    billing_min_s: int
    machines_max: int | None = None


Rental = tuple[int, int, int]
"""Type, from, to."""


def cost(kinds: Sequence[Kind], rentals: Sequence[Rental], demand: Sequence[float], usd_per_request: float) -> float:
    """USD of rentals for requests by second; inf where they leave some over and there is no function."""
    rent = [kinds[p].usd_per_s * max(kinds[p].billing_min_s, end - begin) for p, begin, end in rentals]
    over = []
    for second, requests in enumerate(demand):
        can = math.fsum(kinds[p].rate for p, begin, end in rentals if begin + kinds[p].start_s <= second < end)
        over.append(max(0.0, requests - can))
    left = math.fsum(over)
    if math.isinf(usd_per_request):
        return math.fsum(rent) if left <= 1e-9 * sum(demand) else math.inf
    return math.fsum(rent) + usd_per_request * left


def best(
    kinds: Sequence[Kind],
    demand: Sequence[float],
    moments: Sequence[int],
    usd_per_request: float,
    most: int,
) -> float:
    """The least cost of all schedules with at most so many machines of each type at once."""
    requests = np.array(demand)
    enough = 1e-9 * sum(demand)
    rents, capacities = np.zeros(1), np.zeros((1, len(demand)))
    lowest = math.inf
    for p, kind in enumerate(kinds):
        counts, paid = fleets(kind, moments, len(demand), most)
        own = kind.rate * counts
        if p < len(kinds) - 1:
            capacities = (capacities[:, None, :] + own[None, :, :]).reshape(-1, len(demand))
            rents = (rents[:, None] + paid[None, :]).reshape(-1)
            continue
        for rent, capacity in zip(rents, capacities, strict=True):
            left = np.maximum(requests - capacity - own, 0.0).sum(axis=1)
            if math.isinf(usd_per_request):
                costs = np.where(left <= enough, rent + paid, math.inf)
            else:
                costs = rent + paid + usd_per_request * left
            lowest = min(lowest, float(costs.min()))
    return lowest


def fleets(kind: Kind, moments: Sequence[int], seconds: int, most: int) -> tuple[np.ndarray, np.ndarray]:
    """Machines of one type usable by second, and the least rent, of all fleets with at most so many at once.

    Rentals of which at most k hold at once can be dealt out to k slots in which none overlap.
    """
    limit = most if kind.machines_max is None else min(most, kind.machines_max)
    early = [moment for moment in moments if moment >= -kind.start_s]
    found = list(slots(kind, early, seconds))
    one = cheapest(np.array([usable for usable, _ in found], dtype=float), np.array([rent for _, rent in found]))
    counts, rents = np.zeros((1, seconds)), np.zeros(1)
    for _ in range(limit):
        counts, rents = cheapest(
            (counts[:, None, :] + one[0][None, :, :]).reshape(-1, seconds),
            (rents[:, None] + one[1][None, :]).reshape(-1),
        )
    return counts, rents


def cheapest(counts: np.ndarray, rents: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Of equal rows the one of the least rent."""
    order = np.argsort(rents, kind="stable")
    rows, first = np.unique(counts[order], axis=0, return_index=True)
    return rows, rents[order][first]


def slots(kind: Kind, moments: Sequence[int], seconds: int) -> Iterator[tuple[list[int], float]]:
    """Seconds usable and rent of all rentals that do not overlap."""

    def extend(at: int, usable: list[int], rent: float) -> Iterator[tuple[list[int], float]]:
        yield usable, rent
        for begin in range(at, len(moments) - 1):
            for end in range(begin + 1, len(moments)):
                a, b = moments[begin], moments[end]
                more = [u + (a + kind.start_s <= second < b) for second, u in enumerate(usable)]
                yield from extend(end, more, rent + kind.usd_per_s * max(kind.billing_min_s, b - a))

    return extend(0, [0] * seconds, 0.0)
