"""Small markets."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from serflow_opt.families.spot.market import Market
from serflow_opt.families.spot.problem import SpotOffer, SpotPool, SpotZone

LATE = (1.0, 0.5, 0.1, *[0.0] * 20)


def pool_of(prices: Sequence[float], boots: Sequence[int], most: Sequence[int], need: int = 2) -> SpotPool:
    """Return offers, the first on demand, all others in a zone each; prices a step, steps of 100 s."""
    offers = tuple(
        SpotOffer(f"o{j}", "spot" if j else "on-demand", j - 1 if j else None, usd / 100, 1, n, start_s=100.0 * boot)
        for j, (usd, boot, n) in enumerate(zip(prices, boots, most, strict=True))
    )
    zones = tuple(SpotZone(f"z{j}") for j in range(1, len(prices)))
    return SpotPool(offers, zones, (), frozenset(), LATE[: sum(most) + 1], need)


def market_of(pool: SpotPool, up: Sequence[Sequence[int]], need: Sequence[int]) -> Market:
    """Return a market: in each step, whether each offer in a zone can be had, and how many are enough."""
    there = np.array([[1, *own] for own in up], dtype=bool)
    levels = sorted(set(need))
    late = np.array([[*[1.0] * n, *[0.0] * (pool.most + 1 - n)] for n in levels])
    which = np.array([levels.index(n) for n in need], dtype=float)
    return Market("m", 100.0, there, np.array(need, dtype=float), np.ones(len(need)), late, which)
