"""The fastest plans with batches within a cost, against enumeration."""

from __future__ import annotations

from pathlib import Path

import pytest
from oracles.batch_plans import service

import serflow_opt as so


@pytest.mark.parametrize("seed", [6])
def test_least_latency_within_a_cost(seed: int, tmp_path: Path) -> None:
    """The least latency that costs no more than a limit is that of enumeration."""
    instance, every = service(seed, tmp_path)
    measure = instance.latency_measure
    most = sorted(plan.usd for plan in every)[len(every) // 3] * 1.001
    least = min(plan.latency(measure) for plan in every if plan.usd <= most)
    found = so.solve(instance.with_limits(cost_max_usd=most, minimize="latency"))
    assert found.status == "optimal"
    assert found.metrics is not None
    assert found.metrics.latency_ms(measure) / 1000 == pytest.approx(least, rel=2e-6)
