"""Fronts of plans with and without batches, against enumeration."""

from __future__ import annotations

from pathlib import Path

import pytest
from oracles.batch_plans import service
from support.helpers import load
from support.two_stages import document

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


def test_three_objectives_by_hand(tmp_path: Path) -> None:
    """Cost, latency and accuracy of two stages, where leaving early is less accurate: each point is on the front.

    Accuracy 0.9: 3 machines of work for 1,000 a second one by one, 2 in batches of two, at half load 6 in 3 ms, 4 in 5.
    Accuracy 1 at the second stage: all go on, or half do.
    """
    own = document()
    own["tables"]["exits.csv"] = [
        {"stage": 1, "threshold": 0.1, "exit_rate": 1.0, "accuracy": 0.9},
        {"stage": 1, "threshold": 0.5, "exit_rate": 0.0, "accuracy": 0.0},
        {"stage": 2, "threshold": 0, "exit_rate": 1.0, "accuracy": 1.0},
    ]
    found = so.pareto(load(own, tmp_path), ("cost", "latency", "accuracy"))
    assert found.complete
    points = {
        (round(m.cost_usd_per_hour / 3.6), round(m.latency_worst_ms, 6), m.accuracy)
        for m in (plan.metrics for plan in found.plans)
        if m is not None and m.cost_usd_per_hour is not None
    }
    # all through both stages: one by one 12 and 6 ms; the first or the second by two 6 + 4 and 8 ms; both 8 and 9 or 10
    assert points == {(6, 3.0, 0.9), (4, 5.0, 0.9), (12, 6.0, 1.0), (10, 8.0, 1.0), (8, 9.0, 1.0)}


def _beats(q: tuple[float, float], p: tuple[float, float]) -> bool:
    return q[0] <= p[0] * (1 + 1e-7) and q[1] <= p[1] * (1 + 1e-7) and q != p and not _near(p, q)


def _near(p: tuple[float, float], q: tuple[float, float]) -> bool:
    return all(abs(a - b) <= 3e-7 * abs(a) for a, b in zip(p, q, strict=True))
