"""Bounds by the best mixes of thresholds, against all choices."""

from __future__ import annotations

import numpy as np
from support.random_choices import best_of, drawn, kernel


def test_the_first_bound_is_below_every_plan() -> None:
    """One look at each placement: a mix within the limits is at most as dear as any plan, and infinite only without."""
    for seed in range(16):
        case = drawn(seed)
        count = len(case.stages)
        nodes = kernel(case)
        bounds, weights = np.full(count, -np.inf), np.zeros((count, case.adds.shape[1]))
        nodes.bound(np.arange(count), bounds, weights, 1)
        best = nodes.found()[0]
        for n in range(count):
            plan = best_of(case, n)[0]
            assert bounds[n] <= max(plan, best) * (1 + 1e-9) or (np.isinf(plan) and np.isinf(bounds[n]))


def test_a_mix_is_no_dearer_than_what_lots_between_two_choices_cost() -> None:
    """With a floor halfway between two thresholds the bound is the mean of both, below the plan that keeps it."""
    case = drawn(0, stages=2, placements=1)
    case.rents[:] = 0.0
    case.limits[2] = 1e6
    low, high = (case.columns(0, (level, 0)) for level in (0, len(case.stay_of(0)) - 1))
    case.limits[-1] = (low[-1] + high[-1]) / 2
    nodes = kernel(case)
    bounds, weights = np.full(1, -np.inf), np.zeros((1, case.adds.shape[1]))
    nodes.bound(np.zeros(1, np.int64), bounds, weights, 1)
    assert bounds[0] <= (low[0] + high[0]) / 2 * (1 + 1e-9)
