"""Rules step by step."""

from __future__ import annotations

from support.spot_markets import market_of, pool_of

from serflow_opt.families.spot.market import MarketMachines
from serflow_opt.families.spot.rules import MarketRule, SpotHedge, Steady, spot_offers, steady_offer

POOL = pool_of([3.0, 1.0, 1.1], [1, 1, 1], [5, 5, 5])


def held(rule: MarketRule, up: list[list[int]], need: list[int]) -> list[list[int]]:
    """Return what a rule holds after each step."""
    machines, found = MarketMachines(POOL, market_of(POOL, up, need)), []
    for _ in up:
        machines.next_step()
        rule(machines)
        found.append(machines.held)
    return found


def test_on_demand_follows_what_is_needed() -> None:
    """Two, three, one."""
    assert held(Steady(POOL), [[1, 1]] * 3, [2, 3, 1]) == [[2, 0, 0], [3, 0, 0], [1, 0, 0]]


def test_spot_hedge_spreads_and_falls_back() -> None:
    """Four over two zones for two; one zone lost: started anew in the other; both lost: on demand, until they serve."""
    rule = SpotHedge(POOL, 2)
    steps = held(rule, [[1, 1], [0, 1], [0, 0], [1, 0], [1, 0]], [2] * 5)
    assert steps == [[0, 2, 2], [2, 0, 4], [2, 0, 0], [2, 4, 0], [0, 4, 0]]


def test_without_fallback_nothing_stands_in() -> None:
    """Both zones lost: nothing; three are too many for one and none extra."""
    assert held(SpotHedge(POOL, 0, fallback=False), [[1, 1], [0, 0]], [2, 2]) == [[0, 1, 1], [0, 0, 0]]
    assert [sum(own) for own in held(SpotHedge(POOL, 0), [[1, 1], [1, 1]], [3, 1])] == [3, 1]


def test_which_offers_are_spot() -> None:
    """Those in zones; the cheapest of the others is on demand."""
    assert spot_offers(POOL) == [1, 2]
    assert steady_offer(POOL) == 0
