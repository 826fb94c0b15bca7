"""Plans as documents, tables and pictures, and back from a document to a decision."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
from helpers import F, V, changed, load, plan_of, two_tiers
from rich.console import Console

import serflow_opt as so
from serflow_opt.plan import Plan


@pytest.fixture
def plan(tmp_path: Path) -> Plan:
    """The only plan of `hybrid`: stage 1 on the VM, stage 2 on the function; figures as in test_evaluator.py."""
    return so.solve(load(hybrid(), tmp_path))


def hybrid() -> dict[str, Any]:
    """`two_tiers` whose input is a byte too large for the function, and whose VM has no room for both stages."""
    document = changed(two_tiers(), workload={"rate_per_s": 2.0})
    document["tier"][0]["option"][0]["memory_mb"] = 9
    document["tables"]["stages.csv"][0]["parameter_bytes"] = 6_000_000
    document["tier"][1]["payload_max_bytes"] = 2_000_000
    document["network"]["input_bytes"] = 2_000_001
    return document


def test_the_document_has_what_the_contract_says(plan: Plan) -> None:
    document = plan.to_dict()
    assert document["instance"] == "two-tiers"
    assert document["status"] == "optimal"
    assert set(document["objective"]) == {"name", "value", "unit"}
    assert document["plan"]["placement"] == [
        {"stage": 1, "tier": "vm", "option": "v"},
        {"stage": 2, "tier": "fn", "option": "f"},
    ]
    assert document["plan"]["cut"] == 1
    assert document["plan"]["thresholds"] == [{"stage": 1, "threshold": 0.5}]
    metrics = document["metrics"]
    assert metrics["accuracy"] == pytest.approx(0.86)
    assert metrics["reach"] == pytest.approx([1, 0.5])
    assert metrics["exit_share"] == pytest.approx([0.5, 0.5])
    assert metrics["latency_worst_ms"] == pytest.approx(720)
    assert metrics["latency_mean_ms"] == pytest.approx(260)
    assert [metrics[f"latency_p{q}_ms"] for q in (50, 95, 99)] == pytest.approx([100, 720, 720])
    assert metrics["cost_usd_per_request"] == pytest.approx(4.415e-4)
    assert metrics["cost_usd_per_hour"] == pytest.approx(4.415e-4 * 7200)
    assert document["objective"]["value"] == pytest.approx(4.415e-4)
    assert document["certificate"]["exact_objective"] == pytest.approx(4.415e-4)
    assert document["certificate"]["max_constraint_violation"] == 0
    assert document["certificate"]["method"]
    assert document["bound"] <= document["objective"]["value"]
    assert document["gap"] <= 1e-6
    assert json.loads(json.dumps(document)) == document


@pytest.mark.parametrize(("places", "cut"), [([V, V], 2), ([V, F], 1), ([F, F], 0)])
def test_cut_counts_the_stages_before_the_last_tier(places: list[tuple[str, str]], cut: int, tmp_path: Path) -> None:
    from serflow_opt.valuation import value_plan

    valued = value_plan(load(two_tiers(), tmp_path), plan_of(places, {1: 0.5}))
    assert valued.plan is not None
    assert valued.plan.cut == cut
    assert valued.bound is None
    assert valued.gap is None


def test_evaluate_takes_a_document_a_plan_and_parts_of_it(plan: Plan, tmp_path: Path) -> None:
    instance = load(hybrid(), tmp_path)
    assert plan.metrics is not None
    for given in (plan.to_dict(), plan.to_dict()["plan"], plan.plan, json.loads(json.dumps(plan.to_dict()))):
        assert given is not None
        assert so.evaluate(instance, given) == plan.metrics
    assert so.evaluate(instance, plan) == plan.metrics  # type: ignore[arg-type]


def test_a_frame_has_a_row_a_stage(plan: Plan) -> None:
    frame = plan.to_frame()
    assert list(frame.index) == [1, 2]
    assert list(frame["option"]) == ["v", "f"]
    assert list(frame["reach"]) == pytest.approx([1, 0.5])
    assert list(frame["compute_ms"]) == pytest.approx([100, 100])
    assert list(frame["handover_ms"]) == pytest.approx([0, 120])
    assert list(frame["cold_start_ms"]) == pytest.approx([0, 400])
    assert list(frame["finished_ms"]) == pytest.approx([100, 720])


def test_a_plan_shows_itself(plan: Plan) -> None:
    console = Console(file=io.StringIO(), width=150, record=True)
    console.print(plan)
    text = console.export_text()
    for word in ("two-tiers", "proven optimal", "vm: v", "fn: f", "confidence >= 0.5", "720", "0.8600", "441.50"):
        assert word in text, word
    html = plan._repr_html_()
    assert "<pre>" in html
    assert "two-tiers" in html
    assert "two-tiers" in repr(plan)


def test_what_is_at_hand_without_the_document(plan: Plan) -> None:
    assert [place.option for place in plan.placement] == ["v", "f"]
    assert [choice.threshold for choice in plan.thresholds] == [0.5]
    assert plan.bound is not None
    assert plan.gap is not None


def test_a_mix_is_spelt_out_with_probabilities(tmp_path: Path) -> None:
    document = changed(two_tiers(), exits={"thresholds": "randomized"}, workload={"accuracy_min": 0.893})
    found = so.solve(load(document, tmp_path)).to_dict()["plan"]["thresholds"]
    (choice,) = found
    assert set(choice) == {"stage", "mix"}
    assert sum(part["probability"] for part in choice["mix"]) == pytest.approx(1, abs=1e-12)
    assert {part["threshold"] for part in choice["mix"]} == {0.5, 0.9}


@pytest.mark.parametrize(
    "thresholds",
    [
        [],
        [{"stage": 1}],
        [{"stage": 1, "threshold": 0.7}],
        [{"stage": 1, "threshold": 0.5}, {"stage": 1, "threshold": 0.9}],
        [{"stage": 1, "threshold": 0.5, "mix": [{"threshold": 0.9, "probability": 1.0}]}],
        [{"stage": 1, "mix": [{"threshold": 0.5, "probability": 0.5}]}],
        [{"stage": 1, "mix": [{"threshold": 0.5, "probability": 1.5}, {"threshold": 0.9, "probability": -0.5}]}],
        [{"stage": 1, "mix": [{"threshold": 0.7, "probability": 1.0}]}],
        [{"stage": 1, "threshold": 0.5}, {"stage": 3, "threshold": 0.5}],
        [{"stage": 1, "threshold": float("nan")}],
    ],
)
def test_thresholds_that_mean_nothing_are_refused(thresholds: list[dict[str, Any]], tmp_path: Path) -> None:
    instance = load(changed(two_tiers(), exits={"thresholds": "randomized"}), tmp_path)
    with pytest.raises(so.InputError, match="thresholds"):
        so.evaluate(instance, plan_of([V, V]) | {"thresholds": thresholds})


def test_a_threshold_where_there_is_no_classifier_is_refused(tmp_path: Path) -> None:
    document = two_tiers()
    document["tables"]["exits.csv"] = document["tables"]["exits.csv"][-1:]
    with pytest.raises(so.InputError, match="no classifier"):
        so.evaluate(load(document, tmp_path), plan_of([V, V], {1: 0.5}))


def test_all_faults_of_a_plan_are_told_together(tmp_path: Path) -> None:
    with pytest.raises(so.InputError) as caught:
        so.evaluate(load(two_tiers(), tmp_path), plan_of([("vm", "x"), ("fn", "y")], {1: 0.7}))
    assert {problem.place for problem in caught.value.problems} == {"stage 1", "stage 2", "thresholds, stage 1"}


def test_a_plan_draws_itself(plan: Plan, tmp_path: Path) -> None:
    from serflow_opt.plotting import plot_plan

    axes = plot_plan(plan)
    assert axes.patches
    assert axes.get_xlabel()
    none = so.solve(load(changed(two_tiers(), workload={"latency_slo_ms": 1.0}), tmp_path / "none"))
    with pytest.raises(ValueError, match="no plan"):
        plot_plan(none)
