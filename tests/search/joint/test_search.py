"""Thresholds chosen on samples, against trying everything; and floors that hold beyond the samples."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
from oracles.joint import counted, joint_document, joint_optimum
from oracles.writing import write

import serflow_opt as so

SEEDS = range(28)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_best_plan_is_that_of_exhaustive_search(seed: int, tmp_path: Path) -> None:
    """Plan, reach and accuracy are those of counting every choice of thresholds on the samples."""
    document, ways = joint_document(seed)
    expected = joint_optimum(document, ways)
    instance = so.load(write(document, tmp_path))
    plan = so.solve(instance, gap=1e-7)
    if expected is None:
        assert plan.status == "infeasible"
        assert plan.infeasible_because
        return
    assert plan.status == "optimal"
    assert plan.objective.value == pytest.approx(expected, rel=1e-7, abs=1e-18)
    assert plan.bound is not None
    assert plan.bound <= expected * (1 + 1e-9)
    assert plan.metrics is not None
    reach, accuracy = counted(document, {c.stage: c.threshold for c in plan.thresholds if c.threshold is not None})
    assert plan.metrics.reach == pytest.approx(reach, abs=1e-12)
    assert plan.metrics.accuracy == pytest.approx(accuracy, abs=1e-12)
    again = so.evaluate(instance, plan.to_dict())
    assert again.cost_usd_per_request == plan.metrics.cost_usd_per_request
    assert math.isclose(again.accuracy or 0.0, accuracy, abs_tol=1e-12)


@pytest.mark.parametrize("seed", [0, 4, 5, 10, 26, 29])
def test_cold_starts_that_a_share_meets(seed: int, tmp_path: Path) -> None:
    """A percentile counts cold starts by their share where thresholds are chosen jointly, too."""
    document, ways = joint_document(seed)
    document["workload"]["latency_measure"] = "p90"
    document["workload"].pop("latency_slo_ms", None)
    document["objective"]["minimize"] = "latency"
    for tier in document["tier"]:
        if tier["kind"] == "function":
            tier |= {"cold_start_ms": 50.0, "cold_share": (0.05, 0.1, 0.3)[seed % 3]}
    plan = so.solve(so.load(write(document, tmp_path)), gap=1e-7)
    expected = joint_optimum(document, ways)
    assert (plan.status == "infeasible") == (expected is None)
    assert plan.objective.value == (expected if expected is None else pytest.approx(expected, rel=1e-7))
