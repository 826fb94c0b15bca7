"""The rule that holds what is best by the odds that zones vanish."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from support.spot_markets import market_of, pool_of

from serflow_opt.families.spot.compare import followed
from serflow_opt.families.spot.market import MarketMachines
from serflow_opt.families.spot.odds import LEVELS, Odds
from serflow_opt.families.spot.problem import SpotZone

POOL = pool_of([3.0, 1.0, 1.05], [1, 1, 1], [6, 6, 6])


def test_a_steady_zone_alone_is_enough() -> None:
    """A zone that vanishes every 1,000 days: two of the cheapest and no spare; on demand where none is there."""
    pool = replace(POOL, zones=tuple(SpotZone(own.name, 1.0, 86_400_000.0) for own in POOL.zones))
    machines = MarketMachines(pool, market_of(pool, [[1, 1], [0, 0], [0, 0], [1, 1]], [2] * 4))
    rule, found = Odds(pool, 0.01), []
    for _ in range(4):
        machines.next_step()
        rule(machines)
        found.append(machines.held)
    assert found == [[0, 2, 0], [2, 0, 0], [2, 0, 0], [2, 2, 0]]


def test_rates_are_learnt_from_what_is_lost() -> None:
    """One that vanishes every other step is left for one that stays, though that is dearer."""
    up = [[1 - t % 2, 1] for t in range(60)]
    rule = Odds(POOL, 0.01)
    machines = MarketMachines(POOL, market_of(POOL, up, [2] * 60))
    for _ in up:
        machines.next_step()
        rule(machines)
    assert machines.held[2] >= 2
    assert rule.lost[0] / rule.seen_s[0] > rule.lost[1] / rule.seen_s[1]


def test_what_late_requests_are_worth_is_raised_and_lowered() -> None:
    """Once a day, by whether more than allowed were late so far; within its range."""
    market = market_of(POOL, [[1, 1]] * 3000, [2] * 3000)
    machines, rule = MarketMachines(POOL, market), Odds(POOL, 0.01)
    for t in range(3000):
        machines.next_step()
        rule.saw(1.0 if t < 900 else 0.0, 1.0)
        rule._learn(machines)
    assert rule.level == 3
    quiet = Odds(POOL, 0.01)
    machines = MarketMachines(POOL, replace(market, step_s=10_000.0))
    for _ in range(3000):
        machines.next_step()
        quiet.saw(0.0, 1.0)
        quiet._learn(machines)
    assert quiet.level == LEVELS[0]


def test_nobody_pays_less_than_the_bound() -> None:
    """Over a market of random outages the rule serves nearly all and pays little more than who knows what comes."""
    from serflow_opt.families.spot.foresight import foresight

    draw = np.random.default_rng(1)
    state, up = np.ones(2, dtype=bool), []
    for _ in range(1500):
        state = np.where(state, draw.random(2) > 0.01, draw.random(2) < 0.05)
        up.append(state.astype(int).tolist())
    market = market_of(POOL, up, [2] * len(up))
    usd, late, _, _ = followed(POOL, market, Odds(POOL, 0.02))
    bound = foresight(POOL, market, late)
    assert bound * (1 - 1e-7) <= usd <= 1.35 * bound
    assert late == pytest.approx(0.02, abs=0.02)
