"""The clairvoyant bound against every number of machines in every step."""

from __future__ import annotations

import random

import numpy as np
import pytest
from oracles.spot_markets import least
from support.spot_markets import market_of, pool_of

from serflow_opt.families.spot.foresight import edges, foresight, stretches_of


@pytest.mark.parametrize("seed", range(12))
def test_no_machines_are_cheaper(seed: int) -> None:
    """With enough in every step and machines of one worker the bound is met, whatever comes and goes."""
    chance = random.Random(seed)
    prices = [chance.uniform(2, 4), chance.uniform(0.5, 1.5), chance.uniform(0.5, 1.5)]
    boots = [chance.randint(0, 2) for _ in prices]
    most = [chance.randint(1, 3), chance.randint(1, 2), 2]
    up = [[int(chance.random() < 0.7), int(chance.random() < 0.6)] for _ in range(9)]
    need = [chance.randint(0, 3) for _ in up]
    pool = pool_of(prices, boots, most)
    found = foresight(pool, market_of(pool, up, need), None)
    exact = least([[True, *map(bool, own)] for own in up], need, prices, boots, most)
    assert found == (pytest.approx(exact, rel=1e-6) if exact < np.inf else exact)


def test_lateness_is_bounded_by_its_hull() -> None:
    """One of two machines leaves half late, by the hull 0.5: ten steps at 1 USD, a fifth late takes 1.6 machines."""
    pool = pool_of([1.0], [0], [3])
    market = market_of(pool, [[]] * 10, [2] * 10)
    assert foresight(pool, market, 0.2) == pytest.approx(10 * 1.6, rel=1e-6)
    assert foresight(pool, market, 0.0) == pytest.approx(20.0, rel=1e-6)
    assert foresight(pool, market, 1.0) == 0.0


def test_stretches_begin_where_something_changes() -> None:
    """z1 comes back in step 3 and serves from 5 on: only from there may its machines begin to serve."""
    pool = pool_of([3.0, 1.0], [0, 2], [5, 5])
    market = market_of(pool, [[1], [1], [0], [1], [1], [1], [1]], [2] * 7)
    assert edges(market, [0, 2]).tolist() == [0, 2, 3, 5, 7]
    begins = [sorted(own.begin) for own in stretches_of(pool, market)]
    assert begins == [[0, 1], [0], [0], [0, 1]]
