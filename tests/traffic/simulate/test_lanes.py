"""Pools of a block under traffic: each request goes to the one it has drawn, and waits there alone."""

from __future__ import annotations

import math

import pytest
from support.simulated import even, function, machine
from support.traffic_cases import Script, trace

from serflow_opt.traffic.scaling_policy import Orders
from serflow_opt.traffic.service import Block, Service
from serflow_opt.traffic.simulate.result import Simulation

FAST, SLOW = machine("fast", (0.5, 0.5)), machine("slow", (1.0, 1.0), usd_per_s=0.25)


def served(share: float, wait: int | tuple[int, ...], **more: object) -> Simulation:
    """Ten seconds of ten requests on one machine of each type, a share of them on the fast one."""
    block = Block(0, 0, (FAST, SLOW), function((2.0, 2.0)), shares=(share, 1 - share))
    service = Service("two pools", (block,), (1.0,), (math.nan,))
    orders = Orders(({"fast": 1, "slow": 1},), (wait,))
    return even(service, trace(*[10] * 10), Script([orders]), **more)


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_all_go_to_the_pool_that_all_draw(share: float) -> None:
    """Where nobody may wait the function serves who finds the machine busy, though the other one stands idle."""
    found = served(share, 0)
    seconds = 0.5 if share else 1.0
    assert set(found.latency[found.latency < 2].tolist()) == {seconds}
    assert found.busy_worker_s == pytest.approx(seconds * found.by_machine[0])
    assert found.by_machine[0] + found.by_function[0] == found.served == 100


def test_each_pool_has_a_queue_of_its_own() -> None:
    """Two may wait at the fast machine, none at the slow one: who waits is done in 1.5 s at most, the function in 2."""
    mixed = served(0.5, (2, 0))
    own = mixed.latency[mixed.latency < 1.999]
    assert own.max() <= 1.5 + 1e-6
    assert (own > 1.001).any()
    assert not ((served(0.5, 0).latency > 1.001) & (served(0.5, 0).latency < 1.999)).any()


def test_both_pools_are_rented_and_counted() -> None:
    """A machine of each type from the first order to the end, at 1 and 0.25 USD a second."""
    found = served(0.5, 0)
    assert sorted(rental.machine for rental in found.rentals) == ["fast", "slow"]
    assert found.usd["machines"] == pytest.approx(
        sum(rental.billed_s * (1.0 if rental.machine == "fast" else 0.25) for rental in found.rentals)
    )
    assert found.entered == (100,)
