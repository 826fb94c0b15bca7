"""Deployments valued by formulas written out here, and their figures."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from support.provision_by_head import BOTH, CALLS, MACHINES, pricing, served, structure_of, whole
from support.valued_parts import part

from serflow_opt.traffic.carrying import Carrying
from serflow_opt.traffic.demand.rates import Rates
from serflow_opt.traffic.provision.result import Deployment, together, value_parts


def test_what_machines_carry_and_the_function_takes() -> None:
    """Smooth arrivals at 1/s (3/4 of the time) and 3/s: two machines take 1/s; 2/s spill for a quarter of the time."""
    priced = pricing(whole())
    service = served(priced, structure_of(priced, ((0, 1), BOTH)), 0, 0)
    demand = Rates(np.array([1.0, 3.0]), np.array([0.75, 0.25]))
    (own,) = value_parts(service, [2], [0], demand, Carrying("smooth", 1.0), [0.5])
    assert own.spilled == pytest.approx(0.5)
    assert own.function_usd == pytest.approx(0.25 + 2 * (0.25 + 0.125) + 0.5)
    assert own.usd_per_s == pytest.approx(2 * 0.5 + 0.5 * 1.5 + 1.5 * 0.125)
    assert own.busy == pytest.approx(1.0)
    assert own.random_spill == pytest.approx(4.5 / (1 + 3 + 4.5))  # Erlang's B of two workers at 1.5 x 2
    assert own.random_wait is None


def test_machines_alone_take_all() -> None:
    """Two blocks at 2/s: five machines of 1.25 s with the hand-over; half go on to the function behind."""
    priced = pricing(whole(), blocks=2)
    service = served(priced, structure_of(priced, ((0, 0), MACHINES), ((1, 1), CALLS)), 0, 0)
    first, second = value_parts(service, [5, 0], [None, 0], Rates.steady(2.0), Carrying("random", 1.0), [0.0, 0.5])
    assert (first.count, first.queue_max, first.function, first.function_usd) == (5, None, None, math.inf)
    assert first.busy == pytest.approx(2 * 1.25 / 5)
    assert first.machine_rate == pytest.approx(1 / 1.25)
    assert (second.rate, second.spilled, second.machine) == (1.0, 1.0, None)
    assert second.usd_functions == pytest.approx(0.25 + 2 * 0.25 + 0.5)


def test_pools_of_a_block_add_up() -> None:
    """Three machines of 5/s and one of 9/s, 3 and 1 requests a second: 6/s each, and lost by their requests."""
    one = part(count=3, rate=3.0, reach=0.75, busy=0.5, random_spill=0.1, spilled=0.3)
    other = part(count=1, rate=1.0, reach=0.25, busy=0.9, random_spill=0.3, spilled=0.3, machine_rate=9.0)
    (own,) = together([one, other])
    assert (own.count, own.rate, own.reach) == (4, 4.0, 1.0)
    assert own.machine_rate == pytest.approx(6.0)
    assert own.busy == pytest.approx((3 * 0.5 + 0.9) / 4)
    assert own.random_spill == pytest.approx((3 * 0.1 + 0.3) / 4)
    assert own.usd_per_s == pytest.approx(one.usd_per_s + other.usd_per_s)
    assert own.pools == (one, other)
    assert together([one]) == (one,)


def test_a_deployment_without_parts_costs_nothing_that_is_known() -> None:
    """No objective, and no number that JSON has not; with parts the sum of theirs and the distance from the bound."""
    none = Deployment("x", "infeasible", Rates.steady(2.0), reason="no")
    document = none.to_dict()
    assert document["objective"]["value"] is None
    assert document["metrics"]["latency_mean_ms"] is None
    found = replace(none, status="feasible", parts=(part(), part(first=3)), bound=part().usd_per_s)
    assert found.usd_per_s == pytest.approx(2 * part().usd_per_s)
    assert found.gap == pytest.approx(0.5)
    assert found.counts == (2, 2)
    assert len(found.to_frame()) == 2
