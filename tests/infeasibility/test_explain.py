"""Instances that no plan can meet: what is said, that the value named is the best there is, and that it can be had."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from oracles.adapted import LIMITS, adapted_plans
from oracles.adapted_instances import adapted_document
from oracles.random_instances import random_document
from oracles.writing import write
from support.golden_adaptation import whole_adapted_instance
from support.helpers import changed, has_line, islands, load, run, two_tiers
from support.out_of_reach import ADAPTED, INFEASIBLE, best_values

import serflow_opt as so


@pytest.mark.parametrize("seed", INFEASIBLE)
def test_the_best_reachable_value_is_named_and_right(seed: int, tmp_path: Path) -> None:
    """The message names the very best value that the other limits leave."""
    document = random_document(seed)
    least, most = best_values(seed)
    plan = so.solve(load(document, tmp_path))
    assert plan.status == "infeasible"
    assert plan.plan is None
    assert plan.metrics is None
    told = {clash.limit: clash for clash in plan.infeasible_because}
    expected: dict[str, float] = {}
    if least is not None and "latency_slo_ms" in document["workload"]:
        expected["latency_slo_ms"] = least
    if most is not None and "accuracy_min" in document["workload"]:
        expected["accuracy_min"] = most
    assert set(expected) <= set(told), "a limit that could be relaxed is not named"
    for limit, value in expected.items():
        assert told[limit].asked == pytest.approx(document["workload"][limit], rel=1e-12)
        assert told[limit].best == pytest.approx(value, rel=1e-6)
        numbers = [float(text) for text in re.findall(r"\d[\d.]*(?:e[+-]?\d+)?", told[limit].message)]
        assert any(number == pytest.approx(value, rel=1e-5) for number in numbers), told[limit].message


def test_latency_out_of_reach(tmp_path: Path) -> None:
    """The VM alone is the fastest: 100 + 200 ms. The function needs 400 + 150 ms, both 100 + 120 + 400 + 100 ms."""
    ran = run("solve", write(changed(two_tiers(), workload={"latency_slo_ms": 299.0}), tmp_path), "--json")
    assert ran.code == 3
    (clash,) = ran.document["infeasible_because"]
    assert (clash["limit"], clash["asked"]) == ("latency_slo_ms", 299.0)
    assert clash["best"] == pytest.approx(300.0, rel=1e-9)
    assert "300 ms" in clash["message"]
    assert "299 ms" in clash["message"]
    assert run("solve", tmp_path, "--latency-slo-ms", "300").code == 0


def test_accuracy_out_of_reach(tmp_path: Path) -> None:
    """The most accurate plan leaves at 0.9: 0.2 x 0.95 + 0.8 x 0.92 = 0.926."""
    ran = run("solve", write(changed(two_tiers(), workload={"accuracy_min": 0.93}), tmp_path), "--json")
    assert ran.code == 3
    (clash,) = ran.document["infeasible_because"]
    assert (clash["limit"], clash["asked"]) == ("accuracy_min", 0.93)
    assert clash["best"] == pytest.approx(0.926, rel=1e-9)
    assert "0.926" in clash["message"]
    assert run("solve", tmp_path, "--accuracy-min", "0.926").code == 0


def test_limits_that_only_clash_together(tmp_path: Path) -> None:
    """Mean latency on the VM is 100 + 200 R: 200 ms at threshold 0.5 (accuracy 0.86), 260 ms at 0.9 (0.926)."""
    limits = {"accuracy_min": 0.9, "latency_slo_ms": 210.0, "latency_measure": "mean"}
    document = changed(two_tiers(), workload=limits)
    document["tier"][1]["cold_share"] = 1.0  # the function: 400 + 50 + 100 R
    ran = run("solve", write(document, tmp_path), "--json")
    assert ran.code == 3
    told = {clash["limit"]: clash for clash in ran.document["infeasible_because"]}
    assert told["latency_slo_ms"]["best"] == pytest.approx(260.0, rel=1e-9)
    assert told["accuracy_min"]["best"] == pytest.approx(0.86, rel=1e-9)
    assert run("solve", tmp_path, "--latency-slo-ms", "260").code == 0
    assert run("solve", tmp_path, "--accuracy-min", "0.86").code == 0


def test_limits_that_are_both_out_of_reach(tmp_path: Path) -> None:
    """Neither helps alone: the output must still say what the least latency and the most accuracy are."""
    limits = {"accuracy_min": 0.99, "latency_slo_ms": 1.0}
    ran = run("solve", write(changed(two_tiers(), workload=limits), tmp_path))
    assert ran.code == 3
    assert has_line(ran.stdout, "latency_slo_ms", "accuracy_min")
    assert "300" in ran.stdout
    assert "0.926" in ran.stdout


def test_nothing_can_run(tmp_path: Path) -> None:
    """Where no stage can be placed the message names everything that could be in the way."""
    ran = run("solve", write(islands(), tmp_path), "--json")
    assert ran.code == 3
    (clash,) = ran.document["infeasible_because"]
    assert clash["limit"] == "placement"
    for word in ("[[link]]", "memory_mb", "payload_max_bytes"):
        assert word in clash["message"]


@pytest.mark.parametrize("method", ["auto", "milp"])
def test_a_missing_link_leaves_no_placement(method: str, tmp_path: Path) -> None:
    """The network fits neither tier whole (12e6 bytes of parameters), and the two are not linked."""
    document = two_tiers()
    document["tier"][0]["option"][0]["memory_mb"] = 9  # stage 1 needs 7e6 bytes, stage 2 9e6: 6.7 and 8.6 MiB
    document["tier"][1]["option"][0]["memory_mb"] = 9
    document["tier"][1]["option"][0]["usd_per_gb_s"] = 5e-5 * 4096 / 9
    file = write(document, tmp_path)
    assert run("solve", file, "--method", method).code == 0
    file = write(document | {"link": []}, tmp_path)
    ran = run("solve", file, "--method", method)
    assert ran.code == 3
    assert has_line(ran.stdout, "no placement", "[[link]]")


def test_a_payload_limit_can_be_what_stands_in_the_way(tmp_path: Path) -> None:
    """A payload that is too large is blamed where it alone stands in the way."""
    document = two_tiers()
    document["tier"][0]["option"][0]["memory_mb"] = 9
    document["tier"][1]["payload_max_bytes"] = 500_000  # the input has 600,000 bytes, the hand-over 2,000,000
    ran = run("solve", write(document, tmp_path))
    assert ran.code == 3
    assert has_line(ran.stdout, "no placement", "payload_max_bytes")


def test_a_limit_met_with_equality_is_met(tmp_path: Path) -> None:
    """A limit at exactly the best value is met."""
    instance = load(two_tiers(), tmp_path)
    for changes in ({"accuracy_min": 0.926}, {"latency_slo_s": 0.3}):
        assert so.solve(replace(instance, **changes)).status == "optimal"  # type: ignore[arg-type]


def test_clashes_are_part_of_the_document(tmp_path: Path) -> None:
    """An infeasible answer is a document with empty plan, figures and frame."""
    plan = so.solve(load(changed(two_tiers(), workload={"latency_slo_ms": 1.0}), tmp_path))
    document: dict[str, Any] = plan.to_dict()
    assert document["status"] == "infeasible"
    assert document["objective"]["value"] is None
    assert document["plan"] is None
    assert document["metrics"] is None
    assert plan.placement == []
    assert plan.thresholds == []
    assert plan.to_frame().empty


# ----------------------------------------------------------------------------------------------------
# With ways to hand over, variants, privacy and energy


@pytest.mark.parametrize("seed", ADAPTED)
def test_the_best_reachable_value_with_adaptations(seed: int, tmp_path: Path) -> None:
    """Every limit that stands in the way alone, with the best that the plans have that keep the others."""
    document = adapted_document(seed)
    plans = adapted_plans(document)
    assert not plans.keep().any()
    plan = so.solve(load(document, tmp_path))
    assert plan.status == "infeasible"
    told = {clash.limit: clash for clash in plan.infeasible_because}
    alone: dict[str, float | None] = {}
    for name in LIMITS:
        kept = plans.keep([name])
        if name in document["workload"] and kept.any():
            values = plans.limited(name)[kept]
            best = float(values.max() if name in ("accuracy_min", "mse_min") else values.min())
            alone[name] = None if math.isinf(best) else best
    if not alone:
        (clash,) = told.values()
        assert clash.best is None
        return
    assert set(told) == set(alone)
    for name, value in alone.items():
        assert told[name].asked == pytest.approx(document["workload"][name], rel=1e-12)
        assert told[name].best == (None if value is None else pytest.approx(value, rel=2e-6, abs=1e-12))


def test_floors_and_ceilings_of_single_hand_overs(tmp_path: Path) -> None:
    """`golden_adaptation.whole_adapted` with a stage each; errors 0.25, 0.25, 0.75, cross-entropies 0.25 to 0.5."""
    instance = whole_adapted_instance(accuracy_min=None, privacy_max=None, energy_max_j=None)
    v, f = instance.options
    instance = replace(instance, options=(v, replace(f, memory_bytes=5.5)))  # one stage each, in int8
    asked = instance.privacy
    for changes, limit, best in (
        ({"mse_min": 0.8}, "mse_min", 0.75),
        ({"mse_min": 0.5, "cross_entropy_max": 0.4}, "mse_min", 0.25),
        ({"mse_min": 0.5, "cross_entropy_max": 0.4}, "cross_entropy_max", 0.5),
        ({"cross_entropy_max": 0.2}, "cross_entropy_max", 0.25),
    ):
        plan = so.solve(replace(instance, privacy=replace(asked, **changes)))  # type: ignore[arg-type]
        assert plan.status == "infeasible"
        told = {clash.limit: clash for clash in plan.infeasible_because}
        assert told[limit].best == best
        assert f"{best:g}" in told[limit].message


def test_no_plan_of_a_weighted_objective(tmp_path: Path) -> None:
    """The VM alone is the fastest, 300 ms, whatever is minimised."""
    document = changed(two_tiers(), workload={"latency_slo_ms": 299.0}, objective={"minimize": "weighted"})
    document["objective"]["weights"] = {"cost": 1.0, "accuracy": 2.0}
    plan = so.solve(load(document, tmp_path))
    assert (plan.status, plan.objective.value, plan.payoff) == ("infeasible", None, [])
    (clash,) = plan.infeasible_because
    assert (clash.limit, clash.best) == ("latency_slo_ms", pytest.approx(300.0, rel=1e-9))
