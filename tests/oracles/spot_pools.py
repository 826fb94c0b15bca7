"""Pools of spot machines by brute force: every number of each offer, every state of zones and machines, plain loops."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import product
from typing import NamedTuple


class Rented(NamedTuple):
    """An offer: place (-1: it never vanishes), USD an hour, workers, most, times a day and seconds to replace."""

    zone: int
    usd: float
    workers: int
    most: int
    gone_per_day: float
    replace_s: float
    start_s: float


def up_share(offer: Rented) -> float:
    """Return the share of the time that a machine is up."""
    if not offer.gone_per_day:
        return 1.0
    between = 86400 / offer.gone_per_day
    return between / (between + offer.replace_s)


def late_exponential(workers: int, rate: float, service_s: float, limit_s: float) -> float:
    """Return the share of M/M/c's requests that take longer, state by state of those before an arrival."""
    load = rate * service_s
    if load >= workers:
        return 1.0
    weights = [load**n / math.factorial(n) for n in range(workers)]
    rest = load**workers / math.factorial(workers) / (1 - load / workers)
    waits, theta, mu = rest / (sum(weights) + rest), workers / service_s - rate, 1 / service_s
    steps, late = 20_000, (1 - waits) * math.exp(-mu * limit_s)
    width = limit_s / steps  # the wait in the density theta exp(-theta w), by the midpoint rule; then it is too long
    middle = ((k + 0.5) * width for k in range(steps))
    inside = sum(theta * math.exp(-theta * w) * math.exp(-mu * (limit_s - w)) for w in middle) * width
    return late + waits * (inside + math.exp(-theta * limit_s))


States = Sequence[tuple[float, Sequence[bool]]]
"""Share of the time, and which zones are there."""


def independent(zones: Sequence[tuple[float, float]]) -> States:
    """Return the states of zones with so many outages a day, of so many seconds, each by itself."""
    there = [1.0 if not a else (86400 / a) / (86400 / a + s) for a, s in zones]
    return [
        (math.prod(p if own else 1 - p for own, p in zip(up, there, strict=True)), up)
        for up in product((True, False), repeat=len(zones))
    ]


class Asked(NamedTuple):
    """Offers, states of zones, how often each vanishes a day, late requests by workers up, how many are enough."""

    offers: Sequence[Rented]
    states: States
    lost_per_day: Sequence[float]
    late: Sequence[float]
    enough: int


def values(asked: Asked, n: Sequence[int]) -> dict[str, float]:
    """Return cost, late requests, availability and interruptions of so many machines by offer."""
    found = dict.fromkeys(("cost", "late", "availability", "interruptions"), 0.0)
    for chance, up in asked.states:
        for k in product(*(range(count + 1) for count in n)):
            own, workers = chance, 0
            for offer, count, some in zip(asked.offers, n, k, strict=True):
                p = up_share(offer)
                p = p if offer.zone < 0 or up[offer.zone] else 0.0
                own *= math.comb(count, some) * p**some * (1 - p) ** (count - some)
                workers += some * offer.workers
            found["late"] += own * asked.late[workers]
            found["availability"] += own * (workers >= asked.enough)
    for offer, count in zip(asked.offers, n, strict=True):
        share = sum(chance for chance, up in asked.states if offer.zone < 0 or up[offer.zone])
        between = 86400 / offer.gone_per_day if offer.gone_per_day else math.inf
        paid = 1.0 if math.isinf(between) else (between + offer.start_s) / (between + offer.replace_s)
        found["cost"] += count * share * paid * offer.usd
        lost = offer.gone_per_day + (asked.lost_per_day[offer.zone] if offer.zone >= 0 else 0.0)
        found["interruptions"] += count * share * up_share(offer) * lost
    return found


def best(asked: Asked, goal: str, limits: Mapping[str, float]) -> float | None:
    """Return the best value of a quantity within limits, less is better (availability negated); None: there is none.

    Parameters
    ----------
    asked
        What there is.
    goal, limits
        What is minimised, and the most of others.
    """
    least = None
    for n in product(*(range(own.most + 1) for own in asked.offers)):
        own = values(asked, n)
        own["availability"] = -own["availability"]
        if all(own[name] <= most + 1e-9 * abs(most) for name, most in limits.items()):
            least = own[goal] if least is None else min(least, own[goal])
    return least
