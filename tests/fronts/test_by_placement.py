"""Fronts placement by placement, by hand."""

from __future__ import annotations

import pytest
from support import tiny

from serflow_opt.fronts.by_placement import front_by_placement
from serflow_opt.plan.evaluator import evaluate


def test_the_front_of_two_stages_by_hand() -> None:
    """f takes 1 s for 1.5 USD, v 3.5 s for 1.125, both 2.25 s for 1.4375: nothing beats any of the three."""
    instance = tiny.two_stages()
    found = front_by_placement(instance, ("cost", "latency"), 100)
    assert found is not None
    assert found.gap == 0
    points = []
    for decision in found.decisions:
        metrics = evaluate(instance, decision)
        points.append((metrics.cost_usd_per_request, metrics.latency_worst_ms))
    assert sorted(points) == [
        pytest.approx((1.125, 3500.0)),
        pytest.approx((1.4375, 2250.0 + 500.0)),
        pytest.approx((1.5, 1000.0)),
    ]


def test_too_many_placements_are_left_to_others() -> None:
    """Three placements are more than two: the caller is told, not kept waiting."""
    assert front_by_placement(tiny.two_stages(), ("cost", "latency"), most=2) is None
    assert front_by_placement(tiny.two_stages(), ("cost", "latency"), most=3) is not None
