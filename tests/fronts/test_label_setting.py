"""Fronts of the pure chain, by labels and by placements, against exhaustive search and against arithmetic."""

from __future__ import annotations

from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from oracles.brute_fronts import covers, enumerate_front, front_document, points_of, same
from support.helpers import changed, load, two_tiers

import serflow_opt as so
from serflow_opt.fronts.by_placement import front_by_placement
from serflow_opt.fronts.label_setting import set_labels
from serflow_opt.fronts.pareto import pareto
from serflow_opt.ground.deadline import Deadline, OutOfTime
from serflow_opt.search.runs import stages_couple

SEEDS = range(60)


@cache
def document_of(seed: int) -> dict[str, Any]:
    return front_document(seed)


@cache
def expected_of(seed: int, objectives: tuple[str, ...]) -> np.ndarray:
    return enumerate_front(document_of(seed), objectives)


@pytest.mark.parametrize("seed", SEEDS[:40])
def test_cost_and_latency(seed: int, tmp_path: Path) -> None:
    """Fronts of cost and latency, by placements and by labels, are those of exhaustive search."""
    document = document_of(seed)
    instance = load(document, tmp_path)
    expected = expected_of(seed, ("cost", "latency"))
    for method in ("placements", "labels"):
        if method == "labels" and stages_couple(instance):
            continue
        front = pareto(instance, method=method)
        assert front.complete
        assert same(points_of(front), expected), method


@pytest.mark.parametrize("seed", SEEDS[::2])
def test_fronts_with_accuracy(seed: int, tmp_path: Path) -> None:
    """Fronts with accuracy, of two and three objectives, are those of exhaustive search."""
    document = document_of(seed)
    instance = load(document, tmp_path)
    if not instance.accuracy_known or stages_couple(instance):
        return
    for objectives in (("cost", "accuracy"), ("latency", "accuracy"), ("cost", "latency", "accuracy")):
        held = instance.latency_slo_s is not None and instance.latency_measure == "mean" and "latency" not in objectives
        for method in ("labels",) if held else ("placements", "labels"):
            front = pareto(instance, objectives, method=method)
            assert front.complete
            assert same(points_of(front), expected_of(seed, objectives)), (objectives, method)


@pytest.mark.parametrize("seed", range(0, 60, 2))
@pytest.mark.parametrize("coverage", [0.01, 0.3])
def test_coverage(seed: int, coverage: float, tmp_path: Path) -> None:
    """A coarse front covers every point of the exact one within what it says."""
    document = document_of(seed)
    instance = load(document, tmp_path)
    asked = [("placements", ("cost", "latency"))]
    if not stages_couple(instance):
        asked += [("labels", ("cost", "latency"))]
        asked += [("labels", ("cost", "latency", "accuracy"))] if instance.accuracy_known else []
    for method, objectives in asked:
        front = pareto(instance, objectives, coverage=coverage, method=method)
        exact = expected_of(seed, objectives)
        found = points_of(front)
        assert front.coverage is not None
        assert front.coverage <= coverage
        assert bool(len(found)) == bool(len(exact))
        assert not len(exact) or covers(found, exact, objectives, front.coverage), method
        assert all(plan.metrics and not plan.metrics.breaches for plan in front.plans)


def test_random_instances_have_something_to_find() -> None:
    """Fronts of many points, empty ones, twins, limits that bind, memory that couples runs."""
    fronts = [len(expected_of(seed, ("cost", "latency"))) for seed in SEEDS]
    assert sum(count == 0 for count in fronts) >= 1
    assert sum(count >= 5 for count in fronts) >= 15
    assert sum(count >= 20 for count in fronts) >= 2
    documents = [document_of(seed) for seed in SEEDS]
    assert sum("twin" in str(document["tier"]) for document in documents) >= 10
    assert sum("accuracy_min" in document["workload"] for document in documents) >= 30
    assert sum("latency_slo_ms" in document["workload"] for document in documents) >= 10


@pytest.mark.parametrize("seed", range(0, 60, 2))
def test_the_printed_formula(seed: int, tmp_path: Path) -> None:
    """Fronts by the survey's own formula are those of exhaustive search."""
    document = deepcopy(document_of(seed))
    if len(document["tier"]) != 2 or any(tier.get("stage_specific") for tier in document["tier"]):
        return
    document["objective"]["accounting"] = "as-printed"
    front = pareto(load(document, tmp_path), method="placements")
    assert front.complete
    assert same(points_of(front), enumerate_front(document, ("cost", "latency")))


# ----------------------------------------------------------------------------------------------------
# By hand


def test_by_hand(tmp_path: Path) -> None:
    """`two_tiers`: cost and worst case of VM only 4e-4 or 5.2e-4 USD (thresholds 0.5, 0.9) at 300 ms; function only

    3e-6 + 2e-4 x (0.15 + 0.05) = 4.3e-5, or 4.9e-5, at 550 ms; both 4.415e-4, 5.864e-4 at 720 ms. Accuracy 0.86, 0.926.
    """
    instance = load(two_tiers(), tmp_path)
    expected = [[4.3e-5, 550, 0.86], [4.9e-5, 550, 0.926], [4e-4, 300, 0.86], [5.2e-4, 300, 0.926]]
    assert points_of(pareto(instance, ("cost", "latency", "accuracy"))) == pytest.approx(np.array(expected))
    assert points_of(pareto(instance)) == pytest.approx(np.array(expected)[[0, 2], :2])
    assert points_of(pareto(instance, ("cost", "accuracy"))) == pytest.approx(np.array(expected)[:2, [0, 2]])
    assert points_of(pareto(instance, ("latency", "accuracy"))) == pytest.approx(np.array([[300, 0.926]]))


@pytest.mark.parametrize("method", ["placements", "labels", "milp"])
def test_a_plan_that_ties_in_one_objective_is_left_out(method: Any, tmp_path: Path) -> None:
    """Mean latency of VM only is 100 + 0.5 x 200 ms, of function only 100 + 50 + 0.5 x 100 ms: the dearer one goes."""
    document = changed(two_tiers(), workload={"latency_measure": "mean"})
    front = pareto(load(document, tmp_path), method=method)
    assert points_of(front) == pytest.approx(np.array([[4.3e-5, 200]]))


@pytest.mark.parametrize("method", ["placements", "labels"])
def test_memory_limits_runs(method: Any, tmp_path: Path) -> None:
    """12 MB of parameters and 2 MB of activations do not fit the VM's 10 MiB: it can run one stage, not both."""
    document = two_tiers()
    document["tier"][0]["option"][0]["memory_mb"] = 10
    front = pareto(load(document, tmp_path), method=method)
    assert points_of(front) == pytest.approx(np.array([[4.3e-5, 550]]))
    document["tier"].reverse()  # a function first; then the VM for stage 2 alone
    document["link"] = [{"from": "fn", "to": "vm", "bandwidth_mbit_s": 1600.0}]
    front = pareto(load(document, tmp_path), method=method)
    assert points_of(front) == pytest.approx(np.array([[4.3e-5, 550]]))
    document["tier"][1]["option"][0]["flops_per_s"] = 2e11
    # function 3e-6 + 2e-4 x 0.15 USD, 450 ms; link 10 ms; VM 2e-3 x 0.02 x 0.5 USD, 20 ms
    front = pareto(load(document, tmp_path), method=method)
    assert points_of(front) == pytest.approx(np.array([[4.3e-5, 550], [5.3e-5, 480]]))


def test_memory_of_several_runs_couples_labels(tmp_path: Path) -> None:
    """Where memory couples stages labels are refused, and where it is ample they are not."""
    document = two_tiers()
    stages = document["tables"]["stages.csv"]
    stages.append({"stage": 3, "flops": 10**9, "activation_bytes": 100, "parameter_bytes": 10**6})
    document["tables"]["exits.csv"][-1]["stage"] = 3
    document["tier"][0] |= {"stage_specific": True}
    document["tier"][0]["option"][0]["memory_mb"] = 10
    instance = load(document, tmp_path)
    assert stages_couple(instance)
    with pytest.raises(so.InputError, match="does not cover"):
        pareto(instance, method="labels")
    document["tier"][0]["option"][0]["memory_mb"] = 100
    assert not stages_couple(load(document, tmp_path))


def test_deadline_stops_labels_and_placements(tmp_path: Path) -> None:
    """Time that runs out is told, and a stopped front knows how coarse it is."""
    instance = load(document_of(3), tmp_path)
    with pytest.raises(OutOfTime):
        set_labels(instance, ("cost", "latency"), deadline=Deadline(0.0))
    whole = front_by_placement(instance, ("cost", "latency"), 10_000)
    stopped = front_by_placement(instance, ("cost", "latency"), 10_000, deadline=Deadline(0.0))
    assert whole is not None
    assert stopped is not None
    assert whole.gap == 0 <= stopped.gap
    assert stopped.taken == 0
    assert front_by_placement(instance, ("cost", "latency"), most=1) is None
