"""Fronts of plans with and without batches, against enumeration."""

from __future__ import annotations

from pathlib import Path

import pytest
from oracles.batch_plans import service

import serflow_opt as so


@pytest.mark.parametrize("seed", [8])
def test_front_is_enumeration(seed: int, tmp_path: Path) -> None:
    """Fronts of cost and latency hold the plans that no enumerated plan beats."""
    instance, every = service(seed, tmp_path)
    measure = instance.latency_measure
    points = [(plan.usd, plan.latency(measure)) for plan in every]
    best = sorted(p for p in points if not any(_beats(q, p) for q in points))
    found = so.pareto(instance, ("cost", "latency"))
    assert found.complete
    own = [(p.metrics.cost_usd_per_request, p.metrics.latency_ms(measure) / 1000) for p in found.plans if p.metrics]
    for p in best:
        assert any(_near(p, q) for q in own)
    for q in own:
        assert any(_near(p, q) for p in best)


def _beats(q: tuple[float, float], p: tuple[float, float]) -> bool:
    return q[0] <= p[0] * (1 + 1e-7) and q[1] <= p[1] * (1 + 1e-7) and q != p and not _near(p, q)


def _near(p: tuple[float, float], q: tuple[float, float]) -> bool:
    return all(abs(a - b) <= 3e-7 * abs(a) for a, b in zip(p, q, strict=True))
