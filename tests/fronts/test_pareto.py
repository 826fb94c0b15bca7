"""`pareto`: what a front says about itself, fronts by one solve after the other, limits in the middle, documents."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from oracles.brute_force import value
from oracles.brute_fronts import covers, enumerate_front, front_document, points_of, same
from support.a_front import MANY, MANY_MORE, shown
from support.helpers import changed, load, two_tiers

import serflow_opt as so
from serflow_opt.fronts import by_boxes as box_front
from serflow_opt.fronts.front import FrontProgress
from serflow_opt.fronts.pareto import pareto
from serflow_opt.search.outcome import SearchOutcome

COUPLED = [1, 5, 6, 16, 19, 36, 41, 49, 53, 60]
"""Rented machines, the printed formula, percentiles; fronts of 3 to 8 points."""


# ----------------------------------------------------------------------------------------------------
# One solve after the other


@pytest.mark.parametrize("seed", COUPLED)
def test_fronts_of_coupled_instances(seed: int, tmp_path: Path) -> None:
    """Rented machines, percentiles and the printed formula have the front of exhaustive search, in few solves."""
    document = front_document(seed, pure=False)
    expected = enumerate_front(document, ("cost", "latency"))
    instance = load(document, tmp_path)
    found = pareto(instance)
    assert found.complete
    assert same(points_of(found), expected)
    if document["objective"].get("accounting") == "reserved":
        assert found.counts["solves"] <= 2 * (len(expected) + 1)
        rough = pareto(instance, coverage=0.2)
        assert rough.coverage == 0.2
        assert covers(points_of(rough), expected, ("cost", "latency"), 0.2)
        assert rough.counts["solves"] <= found.counts["solves"]


@pytest.mark.parametrize(("seed", "objectives"), [(5, ("cost", "accuracy")), (49, ("accuracy", "cost"))])
def test_accuracy_of_coupled_instances(seed: int, objectives: tuple[Any, Any], tmp_path: Path) -> None:
    """Accuracy can be one of the objectives where machines are rented."""
    document = front_document(seed, pure=False)
    found = pareto(load(document, tmp_path), objectives, method="milp")
    assert found.complete
    assert same(points_of(found), enumerate_front(document, objectives))


@pytest.mark.parametrize("seed", [2, 7])
def test_milp_agrees_on_the_pure_chain(seed: int, tmp_path: Path) -> None:
    """The model finds the front that labels find."""
    instance = load(front_document(seed), tmp_path)
    assert same(points_of(pareto(instance, method="milp")), points_of(pareto(instance)))


def test_thresholds_between_entries_need_a_coverage(tmp_path: Path) -> None:
    """Thresholds mixed, function only: mean latency 150 + 100 R ms with R from 0.5 to 0.8, cost 3.3e-5 + 2e-5 R USD.

    VM only is dearer and no faster, so R = 0.5 is best in both. The accuracy 0.86 + (R - 0.5) x 0.22 makes it a line.
    """
    document = changed(two_tiers(), workload={"latency_measure": "mean"}, exits={"thresholds": "randomized"})
    instance = load(document, tmp_path)
    with pytest.raises(so.InputError, match="coverage"):
        pareto(instance)
    assert points_of(pareto(instance, coverage=0.01)) == pytest.approx(np.array([[4.3e-5, 200]]))
    line = pareto(instance, ("cost", "accuracy"), coverage=0.01)
    assert line.coverage == 0.01
    reach = np.linspace(0.5, 0.8, 50)
    truth = np.column_stack([3.3e-5 + 2e-5 * reach, 0.86 + 0.22 * (reach - 0.5)])
    assert covers(points_of(line), truth, ("cost", "accuracy"), 0.01)
    document["workload"]["latency_measure"] = "worst"  # decided by the placement: two points
    assert points_of(pareto(load(document, tmp_path))) == pytest.approx(np.array([[4.3e-5, 550], [4e-4, 300]]))


def test_a_limit_in_the_middle_keeps_what_was_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A stopped front keeps its points, calls them feasible and bounds what is missing."""
    document = front_document(14, pure=False)
    expected = enumerate_front(document, ("cost", "latency"))
    searched, calls = box_front.search, 0

    def interrupted(*arguments: Any) -> SearchOutcome:
        nonlocal calls
        calls += 1
        return searched(*arguments) if calls <= 10 else SearchOutcome()

    monkeypatch.setattr(box_front, "search", interrupted)
    part = pareto(load(document, tmp_path))
    assert not part.complete
    assert part.coverage is None
    found = points_of(part)
    assert len(found) == 5  # two searches a point
    assert all((np.abs(expected - point) <= 1e-8 * point).all(axis=1).any() for point in found)
    assert part.hypervolume is not None
    assert part.hypervolume_bound is not None
    monkeypatch.undo()
    whole = pareto(load(document, tmp_path))
    assert whole.hypervolume == whole.hypervolume_bound
    assert part.hypervolume < whole.hypervolume < part.hypervolume_bound
    assert {plan.status for plan in part.plans} == {"feasible"}


def test_labels_are_coarse_first_when_time_is_short(tmp_path: Path) -> None:
    """Under a time limit a coarse front comes first, then finer ones, up to the exact one."""
    document = front_document(MANY_MORE)
    seen: list[FrontProgress] = []
    front = pareto(load(document, tmp_path), method="labels", time_limit=60.0, on_progress=seen.append)
    assert front.complete
    assert same(points_of(front), enumerate_front(document, ("cost", "latency")))
    gaps = list(dict.fromkeys(moment.gap for moment in seen))
    assert gaps == [None, 0.5, 0.1, 0.03]
    assert [moment.seconds for moment in seen] == sorted(moment.seconds for moment in seen)


# ----------------------------------------------------------------------------------------------------
# What a front says


def test_plans_are_proven_answers_to_their_own_question(tmp_path: Path) -> None:
    """Each point is the proven optimum within its own latency, by the oracle and by solve."""
    document = front_document(MANY)
    instance = load(document, tmp_path)
    front = pareto(instance)
    assert len(front.plans) > 20
    for plan, (cost, latency) in zip(front.plans, front.points, strict=True):
        assert plan.status == "optimal"
        assert plan.bound == plan.objective.value == cost
        exact = value(document, plan.to_dict())
        assert exact["violation"] <= 1e-8
        assert exact["cost_usd_per_request"] == pytest.approx(cost, rel=1e-9)
        measure = instance.latency_measure
        assert exact[f"latency_{measure}_ms"] == pytest.approx(latency, rel=1e-9)
        assert plan.limits["latency_slo_ms"] == pytest.approx(latency, rel=1e-12)
    asked = front.plans[len(front.plans) // 2]
    limited = instance.with_limits(minimize="cost", latency_slo_ms=asked.metrics.latency_ms(measure))  # type: ignore[union-attr]
    assert so.solve(limited).objective.value == pytest.approx(asked.objective.value, rel=2e-6)


def test_order_and_direction_of_objectives(tmp_path: Path) -> None:
    """Objectives stand in the order asked, the first from best to worst."""
    instance = load(two_tiers(), tmp_path)
    cheap_first = pareto(instance)
    fast_first = pareto(instance, ("latency", "cost"))
    assert fast_first.points == [point[::-1] for point in reversed(cheap_first.points)]
    accurate_first = pareto(instance, ("accuracy", "cost"))
    assert [accuracy for accuracy, _ in accurate_first.points] == pytest.approx([0.926, 0.86])


def test_nothing_keeps_the_limits(tmp_path: Path) -> None:
    """An empty front is complete, and says so in table, frame and picture."""
    for method in ("placements", "labels", "milp"):
        document = changed(two_tiers(), workload={"latency_slo_ms": 299.0})
        front = pareto(load(document, tmp_path), method=method)  # type: ignore[arg-type]
        assert front.complete
        assert not front.plans
        assert front.hypervolume is None
        assert front.to_frame().empty
        assert "no plan keeps the limits" in shown(front)
        with pytest.raises(ValueError, match="no plan"):
            front.plot()


def test_wrong_questions(tmp_path: Path) -> None:
    """Wrong objectives, coverages, times and methods are refused together, by name."""
    instance = load(two_tiers(), tmp_path)
    for wrong, word in (
        ({"objectives": ("cost",)}, "objectives"),
        ({"objectives": ("cost", "cost")}, "objectives"),
        ({"objectives": ("cost", "speed")}, "objectives"),
        ({"coverage": 0.0}, "coverage"),
        ({"time_limit": -1.0}, "time_limit"),
        ({"method": "magic"}, "method"),
    ):
        with pytest.raises(so.InputError, match=word):
            pareto(instance, **wrong)  # type: ignore[arg-type]
    with pytest.raises(so.InputError) as many:
        pareto(instance, ("cost",), coverage=-1, time_limit=-1.0)
    assert len(many.value.problems) == 3
    assert pareto(instance.with_limits(latency_measure="p95"), ("cost", "latency", "accuracy")).complete
    with pytest.raises(so.InputError, match="auto"):
        pareto(instance.with_limits(latency_measure="p95"), method="placements")
    document = two_tiers()
    del document["exits"], document["tables"]["exits.csv"]
    with pytest.raises(so.InputError, match="exits"):
        pareto(load(document, tmp_path / "plain"), ("cost", "accuracy"))
    assert len(pareto(load(document, tmp_path / "plain")).plans) == 2


# ----------------------------------------------------------------------------------------------------
# By itself the quicker of two ways
