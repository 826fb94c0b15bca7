"""The plan of a service at prices of what is shared, by hand."""

from __future__ import annotations

import dataclasses

import pytest
from support import tiny

from serflow_opt.fleets.pricing import FleetService, PlanColumn, PricingTask, SharedPrices, _few, answer
from serflow_opt.plan.decision import Decision
from serflow_opt.search.outcome import SearchSettings


def test_a_plan_is_worth_what_it_adds_and_takes() -> None:
    """1.5 for itself, 2 dollars at 3, 2 machines at 0.25; a type that has no price is free."""
    column = PlanColumn(0, 1.5, 2.0, (("v", 2), ("w", 7)), Decision((), ()))
    assert column.priced(SharedPrices(3.0, {"v": 0.25})) == 1.5 + 6.0 + 0.5
    assert column.priced(SharedPrices(3.0, {}, 0.0)) == 6.0
    assert (column.count("v"), column.count("x")) == (2, 0)


def test_dear_dollars_make_a_slower_plan_the_best() -> None:
    """f takes 1 s for 1.5 USD, v 3.5 s for 1.125 at half going on: v pays from 2.5 / 0.375 = 6.7 s a dollar on."""
    instance = tiny.two_stages(rate_per_s=1.0)
    service = FleetService(instance, "latency", 1.0, ())
    for seconds, options in ((6.6, (1, 1)), (6.7, (0, 0))):
        found = answer(PricingTask(0, service, SharedPrices(seconds / 3600)), SearchSettings())
        assert found.column is not None
        assert found.column.decision.options == options
        assert found.bound == pytest.approx(found.column.priced(SharedPrices(seconds / 3600)), rel=1e-5)


def test_no_plan_is_told_by_an_infinite_bound() -> None:
    """A service that cannot be that cheap has nothing to offer."""
    service = FleetService(dataclasses.replace(tiny.two_stages(), rate_per_s=1.0), "latency", 1.0, ())
    found = answer(PricingTask(0, service, SharedPrices(), cheaper_than=3600 * 1.125), SearchSettings())
    assert (found.column, found.bound) == (None, float("inf"))


def test_shared_machines_are_no_more_than_a_tier_has() -> None:
    """A type of which all services may share 9 and a tier has 5: 5; without a tier's limit 9; not shared: 5."""
    v = dataclasses.replace(tiny.two_stages().options[0], machines_max=5)
    instance = dataclasses.replace(tiny.two_stages(), options=(v, *tiny.two_stages().options[1:]))
    assert [option.machines_max for option in _few(instance, {"v": 9, "f": 2}).options] == [5, 2]
    assert [option.machines_max for option in _few(tiny.two_stages(), {"v": 9}).options] == [9, None]
    assert _few(instance, {}).options[0].machines_max == 5
