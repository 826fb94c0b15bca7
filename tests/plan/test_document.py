"""Plans as documents, tables and pictures, and back from a document to a decision."""

from __future__ import annotations

import dataclasses
import io
import json
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console
from support import tiny
from support.a_plan import halfway
from support.golden_adaptation import whole_adapted_instance
from support.helpers import changed, load, two_tiers, validator

import serflow_opt as so
from serflow_opt.plan.document import Plan


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
    """Whoever reads the JSON finds each promised field, with values worked out by hand."""
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


def test_evaluate_takes_a_document_a_plan_and_parts_of_it(plan: Plan, tmp_path: Path) -> None:
    """A plan may be given back in any form it was handed out in."""
    instance = load(hybrid(), tmp_path)
    assert plan.metrics is not None
    for given in (plan.to_dict(), plan.to_dict()["plan"], plan.plan, json.loads(json.dumps(plan.to_dict()))):
        assert given is not None
        assert so.evaluate(instance, given) == plan.metrics
    assert so.evaluate(instance, plan) == plan.metrics  # type: ignore[arg-type]


def test_a_frame_has_a_row_a_stage(plan: Plan) -> None:
    """The table of a plan tells where the time goes, stage by stage."""
    frame = plan.to_frame()
    assert list(frame.index) == [1, 2]
    assert list(frame["option"]) == ["v", "f"]
    assert list(frame["reach"]) == pytest.approx([1, 0.5])
    assert list(frame["compute_ms"]) == pytest.approx([100, 100])
    assert list(frame["handover_ms"]) == pytest.approx([0, 120])
    assert list(frame["cold_start_ms"]) == pytest.approx([0, 400])
    assert list(frame["finished_ms"]) == pytest.approx([100, 720])


def test_a_plan_shows_itself(plan: Plan) -> None:
    """Printed, a plan names its machines, its thresholds and its figures, and says that it is proven."""
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
    """Placement, thresholds, bound and gap can be read off the plan itself."""
    assert [place.option for place in plan.placement] == ["v", "f"]
    assert [choice.threshold for choice in plan.thresholds] == [0.5]
    assert plan.bound is not None
    assert plan.gap is not None


def test_a_mix_is_spelt_out_with_probabilities(tmp_path: Path) -> None:
    """A randomised threshold is said in full: which ones, and how often each."""
    document = changed(two_tiers(), exits={"thresholds": "randomized"}, workload={"accuracy_min": 0.893})
    found = so.solve(load(document, tmp_path)).to_dict()["plan"]["thresholds"]
    (choice,) = found
    assert set(choice) == {"stage", "mix"}
    assert sum(part["probability"] for part in choice["mix"]) == pytest.approx(1, abs=1e-12)
    assert {part["threshold"] for part in choice["mix"]} == {0.5, 0.9}


def test_a_plan_draws_itself(plan: Plan, tmp_path: Path) -> None:
    """A plan has a picture; where there is no plan, that is said instead."""
    from serflow_opt.plotting import plot_plan

    axes = plot_plan(plan)
    assert axes.patches
    assert axes.get_xlabel()
    none = so.solve(load(changed(two_tiers(), workload={"latency_slo_ms": 1.0}), tmp_path / "none"))
    with pytest.raises(ValueError, match="no plan"):
        plot_plan(none)


# ----------------------------------------------------------------------------------------------------
# Hand-overs, variants, leaks and joules (`tiny.adapted`)


def test_what_an_adapted_plan_achieves() -> None:
    """Times: in 0.5, v8 0.75, encoding 0.25, 1 B 0.3125, cold 0.5, decoding 0.125, f8 0.125 s; worst case 2.5625 s.

    The other figures: `golden_adaptation.whole_adapted`, way 1 at R = 0.5.
    """
    metrics = so.evaluate(tiny.adapted(), halfway())
    assert metrics.latency_worst_ms == pytest.approx(2562.5, rel=1e-12)
    assert metrics.latency_mean_ms == pytest.approx(500 + 750 + 0.5 * (250 + 312.5 + 250 + 125 + 125), rel=1e-12)
    assert metrics.cost_usd_per_request == pytest.approx(1.28125, rel=1e-12)
    assert metrics.accuracy == pytest.approx(0.8175, rel=1e-12)
    assert metrics.privacy_loss == pytest.approx(0.8125, rel=1e-12)
    assert metrics.energy_j_per_request == pytest.approx(0.65625, rel=1e-12)
    assert [stage.coding_ms for stage in metrics.stages] == pytest.approx([0.0, 375.0], rel=1e-12)
    assert [stage.handover_ms for stage in metrics.stages] == pytest.approx([500.0, 312.5], rel=1e-12)
    assert [stage.finished_ms for stage in metrics.stages] == pytest.approx([1250.0, 2562.5], rel=1e-12)
    way_in, over = metrics.crossings
    assert (way_in.before_stage, way_in.from_, way_in.to, way_in.trusted) == (1, "client", "vm", True)
    assert (way_in.bytes, way_in.reach, way_in.mse, way_in.leak) == (2.0, 1.0, None, 0.0)
    assert (over.before_stage, over.from_, over.to, over.trusted) == (2, "vm", "fn", False)
    assert (over.bytes, over.reach, over.mse, over.leak) == (1.0, 0.5, 0.25, 0.75)


def test_an_adapted_plan_is_found_told_and_read_again() -> None:
    """v8 f8 in way 2 at R = 0.5 is the only one of `golden_adaptation.whole_adapted` that leaks at most 0.5 there."""
    instance = whole_adapted_instance(accuracy_min=0.75, privacy_max=0.5, energy_max_j=0.63, cost_max_usd=1.3)
    noisy = so.solve(dataclasses.replace(instance, minimize="privacy", options=only_a_stage_each(instance)))
    document = noisy.to_dict()
    assert document["plan"]["handovers"] == [
        {"before_stage": 2, "compression": "none", "protection": "laplace", "scale": 1.0}
    ]
    assert document["plan"]["variants"] == [{"stages": [1, 2], "variant": "int8"}]
    assert document["objective"] == {"name": "privacy", "value": pytest.approx(0.375, rel=1e-9), "unit": "leak"}
    assert noisy.metrics is not None
    assert so.evaluate(instance, document) == noisy.metrics
    assert so.evaluate(instance, json.loads(json.dumps(document))["plan"]) == noisy.metrics


def only_a_stage_each(instance: so.Instance) -> tuple[Any, ...]:
    """Its options, f with 5.5 B, too, so that v8 f8 is the only placement."""
    v, f = instance.options
    return v, dataclasses.replace(f, memory_bytes=5.5)


def test_the_document_of_an_adapted_plan_fits_its_schema() -> None:
    """Compression, protection and variants are part of the published schema, with the links that are crossed."""
    instance = whole_adapted_instance(accuracy_min=0.75, privacy_max=0.5, energy_max_j=0.63)
    plan = so.solve(dataclasses.replace(instance, options=only_a_stage_each(instance)))
    document = plan.to_dict()
    validator("plan").validate(document)
    assert [crossing["from"] for crossing in document["metrics"]["crossings"]] == ["client", "vm"]


def test_thresholds_are_those_of_the_variant() -> None:
    """`tiny.own_menu`: as it is stage 1 has 0.5 and 1, in int8 its only threshold is 1, with exit rate 0.75."""
    places = [{"stage": s, "tier": "vm", "option": "v"} for s in (1, 2)]
    plan = {
        "placement": places,
        "thresholds": [{"stage": 1, "threshold": 1.0}],
        "variants": [{"stages": [1, 1], "variant": "int8"}],
    }
    assert so.evaluate(tiny.own_menu(), plan).reach == [1.0, 0.25]
    assert so.evaluate(tiny.own_menu(), plan | {"variants": []}).reach == [1.0, 0.75]
    with pytest.raises(so.InputError, match="thresholds, stage 1"):
        so.evaluate(tiny.own_menu(), plan | {"thresholds": [{"stage": 1, "threshold": 0.5}]})


def test_breaches_of_the_new_limits() -> None:
    """Way 1: 1.28125 USD, 0.65625 J, loss 0.8125, error 0.25, cross-entropy 0.375."""
    instance = tiny.adapted(cost_max_usd=1.25, energy_max_j=0.625, privacy_max=0.5)
    asked = dataclasses.replace(instance.privacy, mse_min=0.5, cross_entropy_max=0.3)
    breaches = so.evaluate(dataclasses.replace(instance, privacy=asked), halfway()).breaches
    assert {(b.limit, b.value, b.bound) for b in breaches} == {
        ("cost_max_usd", 1.28125, 1.25),
        ("energy_max_j", 0.65625, 0.625),
        ("privacy_max", 0.8125, 0.5),
        ("mse_min", 0.25, 0.5),
        ("cross_entropy_max", 0.375, 0.3),
    }
    assert {b.limit: round(b.excess, 12) for b in breaches} == {
        "cost_max_usd": 0.025,
        "energy_max_j": 0.05,
        "privacy_max": 0.625,
        "mse_min": 0.5,
        "cross_entropy_max": 0.25,
    }
