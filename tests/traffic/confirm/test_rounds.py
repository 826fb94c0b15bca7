"""Rounds of batches: what they measure where that is known, and when there is room for no other."""

from __future__ import annotations

import math

import numpy as np
import pytest

from serflow_opt.traffic.confirm.batch import FixedPools
from serflow_opt.traffic.confirm.result import LatencyTarget
from serflow_opt.traffic.confirm.rounds import Rounds
from serflow_opt.traffic.demand.rates import Rates
from serflow_opt.traffic.service import Block, Function, Machine, Service
from serflow_opt.traffic.simulate.service_times import Law


def rounds(target: LatencyTarget, demand: Rates, workers: int = 50, most: int = 100_000) -> Rounds:
    """One stage of a second on so many workers, beside a function that takes three and that nobody waits for."""
    call = Function("f", (3.0, 3.0), usd_per_s=1.0, usd_per_request=0.0)
    block = Block(0, 0, (Machine("vm", 1.0, 1, (1.0, 1.0)),), call)
    service = Service("one", (block,), (1.0,), (math.nan,))
    return Rounds(FixedPools(service, (workers,), (0,), (0.0,), Law()), demand, target, 3, most)


def test_where_nobody_waits_all_take_their_second() -> None:
    """The mean is a second, nobody is beyond two, and all run on machines."""
    for target, value in ((LatencyTarget("mean", 2.0), 1.0), (LatencyTarget("share", 2.0, 0.1), 0.0)):
        own = rounds(target, Rates.steady(2.0))
        assert own.on_function == ()
        own.another()
        assert own.low == own.high == [pytest.approx(value)]
        assert own.on_function == (0.0,)
        assert (own.waited, own.note) == (0.0, "")


def test_without_workers_all_are_late() -> None:
    """Three seconds of two on the function."""
    own = rounds(LatencyTarget("share", 2.0, 0.1), Rates.steady(2.0), workers=0)
    own.another()
    assert own.low == own.high == [1.0]
    assert own.on_function == (1.0,)


def test_a_round_visits_rates_by_their_requests() -> None:
    """1/s for half of the time and 3/s: a quarter and three quarters of the requests; one worker loses ρ/(1 + ρ)."""
    demand = Rates(np.array([1.0, 3.0]), np.array([0.5, 0.5]))
    own = rounds(LatencyTarget("share", 2.0, 0.1), demand, workers=1, most=10**6)
    assert own.number == 2
    for _ in range(12):
        own.another()
    lost = 0.25 * 1 / 2 + 0.75 * 3 / 4
    assert float(np.mean(own.low)) == pytest.approx(lost, abs=0.1)


def test_there_is_room_for_so_many_rounds() -> None:
    """2,048 requests count and some more warm up: of 10,000 there are at least two rounds, then an end."""
    own = rounds(LatencyTarget("mean", 2.0), Rates.steady(2.0), most=10_000)
    count = 0
    while not own.spent and count < 50:
        own.another()
        count += 1
    assert 2 <= count <= 5
    assert own.requests <= 10_000 * 1.5
