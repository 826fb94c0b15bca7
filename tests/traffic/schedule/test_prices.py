"""Bounds by prices of machines: any worth bounds from below."""

from __future__ import annotations

import numpy as np
from support.mix_cases import NEAR, case

from serflow_opt.ground.deadline import NEVER
from serflow_opt.traffic.schedule.prices import BlockMultipliers
from serflow_opt.traffic.schedule.slots import Slots


def test_any_worths_bound() -> None:
    """Random worths within their limits, against the optimum."""
    task, truth = case(7, whole=True, billing=False, with_function=True)
    slots = Slots.of(task)
    prices = BlockMultipliers(slots, truth)
    rng = np.random.default_rng(0)
    for _ in range(20):
        inner = rng.uniform(prices.low, np.maximum(prices.high, prices.low))
        prices.worth[1:] = inner[1:]
        prices.evaluate(0, len(slots), NEVER)
        assert prices.bound <= truth + NEAR
