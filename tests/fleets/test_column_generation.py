"""Bounds of fleets from prices, by hand."""

from __future__ import annotations

import math

from support import tiny

from serflow_opt.fleets.column_generation import lagrangian, tasks_at
from serflow_opt.fleets.master import SharedLimits
from serflow_opt.fleets.pricing import FleetService, PricingOutcome, SharedPrices


def test_the_bound_takes_off_what_all_that_is_shared_is_worth() -> None:
    """Answers of 5 and 7 at a price of 2 a dollar, of which there are 3, and of 1 a machine, of which there are 4."""
    prices = SharedPrices(2.0, {"v": 1.0})
    services = [FleetService(tiny.two_stages(rate_per_s=1.0), "latency", 0.5, ("v",))] * 2
    tasks = tasks_at(services, prices)
    assert [own.number for own in tasks] == [0, 1]
    answers = [PricingOutcome(task, None, bound) for task, bound in zip(tasks, (5.0, 7.0), strict=True)]
    assert lagrangian(answers, SharedLimits(3.0, {"v": 4}), prices) == 5 + 7 - 2 * 3 - 4 * 1
    nothing = [answers[0], PricingOutcome(tasks[1], None, math.inf)]
    assert lagrangian(nothing, SharedLimits(3.0, {"v": 4}), prices) == math.inf
