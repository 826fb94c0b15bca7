"""The plan of a block by what machines are worth: which type, how many, and what stays."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from support.controlled import LARGE, RENT, Says, seen, service

from serflow_opt.traffic.control.controller import Controller
from serflow_opt.traffic.control.valued import RETRY_S
from serflow_opt.traffic.demand.rates import Rates


def test_the_cheaper_type_is_taken() -> None:
    """Of two equal types the one with the lower rent is ordered, wherever it stands in the list."""
    dear = replace(LARGE, name="dear", usd_per_s=RENT * 1.01)
    controller = Controller(service(dear, LARGE), arrivals="smooth", forecaster=lambda block: Says(Rates.steady(98.0)))
    controller.observe(0, 0, np.full(60, 100.0))
    assert controller.decide(seen(60, [])).machines == ({"dear": 0, "m4.large": 6},)


def test_another_type_steps_in_where_one_does_not_start() -> None:
    """A type that did not start is left alone for a while; then it replaces the dear one without a gap."""
    dear = replace(LARGE, name="dear", usd_per_s=RENT * 1.1)
    controller = Controller(service(dear, LARGE), arrivals="smooth", forecaster=lambda block: Says(Rates.steady(98.0)))
    controller.observe(0, 0, np.full(60, 100.0))
    controller.decide(seen(60, []))
    after = controller.decide(seen(120, [], failed={"m4.large": 6}))
    assert after.machines == ({"dear": 6, "m4.large": 0},)
    assert "6 x m4.large did not start" in controller.events[-1].text
    again = controller.decide(seen(120 + RETRY_S, [], {"dear": 6}))
    assert again.machines[0]["m4.large"] == 6
    assert again.machines[0]["dear"] == 6, "the old ones stay until the new ones are there"


@pytest.mark.parametrize(("dearer", "stays"), [(1.05, True), (1.06, False)])
def test_a_type_is_left_only_for_what_pays_for_the_starts(dearer: float, stays: bool) -> None:
    """A start of 100 s within a stay of 1800 s is 5.6 % of the rent: a type that saves less does not step in."""
    dear = replace(LARGE, name="dear", usd_per_s=RENT * dearer)
    assert dear.start_s == 100.0
    controller = Controller(service(dear, LARGE), arrivals="smooth", forecaster=lambda block: Says(Rates.steady(98.0)))
    controller.observe(0, 0, np.full(60, 100.0))
    orders = controller.decide(seen(60, [], {"dear": 6}))
    assert orders.machines == ({"dear": 6, "m4.large": 0 if stays else 6},)


def test_the_most_that_may_be_rented_is_kept() -> None:
    """A limit on machines holds, however many would pay."""
    few = replace(LARGE, machines_max=2)
    controller = Controller(service(few), arrivals="smooth", forecaster=lambda block: Says(Rates.steady(98.0)))
    controller.observe(0, 0, np.full(60, 100.0))
    assert controller.decide(seen(60, [])).machines == ({"m4.large": 2},)


def test_a_type_is_not_left_alone_for_ever_when_the_clock_is_set_back() -> None:
    """A type that failed is tried again though the clock went back by years."""
    controller = Controller(service())
    controller.decide(seen(1.76e9, np.full(60, 98), failed={"m4.large": 6}))
    for step in range(1, 10):
        orders = controller.decide(seen(60.0 * step, np.full(60, 98)))
    assert orders.machines[0]["m4.large"] > 0
