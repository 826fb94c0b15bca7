"""Plans that end where everybody leaves: what nobody reaches takes no time, memory, link or machine."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from oracles.writing import write
from support.endings import may_end
from support.helpers import F, V, has_line, load, plan_of, run

import serflow_opt as so


def stages_of(plan: so.Plan) -> list[tuple[int, str]]:
    return [(entry.stage, entry.option) for entry in plan.placement]


METHODS = ["auto", "labels", "milp"]


@pytest.mark.parametrize("method", METHODS)
def test_the_worst_case_is_that_of_the_stages_somebody_reaches(method: Any, tmp_path: Path) -> None:
    """The VM takes 100 ms for stage 1 and 300 ms for both; to the function the cold start alone takes 400 ms."""
    document = may_end(workload={"latency_slo_ms": 150.0, "accuracy_min": 0.7})
    plan = so.solve(load(document, tmp_path), method=method)
    assert plan.status == "optimal"
    assert stages_of(plan) == [(1, "v")]
    assert [choice.threshold for choice in plan.thresholds] == [0.1]
    assert plan.metrics is not None
    assert plan.metrics.latency_worst_ms == pytest.approx(100)
    assert plan.metrics.accuracy == pytest.approx(0.75)
    assert plan.metrics.cost_usd_per_request == pytest.approx(2e-3 * 0.1)
    assert plan.metrics.reach == [1.0, 0.0]
    assert plan.metrics.exit_share == [1.0, 0.0]
    assert [stage.stage for stage in plan.metrics.stages] == [1]


@pytest.mark.parametrize("minimize", ["cost", "latency"])
@pytest.mark.parametrize("method", METHODS)
def test_the_accuracy_floor_decides_whether_a_plan_may_end(method: Any, minimize: str, tmp_path: Path) -> None:
    """At 0.76 the plan cannot end with 75 % right; at 0.74 it does where that is cheapest, and fastest."""
    for floor, stages in ((0.74, 1), (0.76, 2)):
        document = may_end(workload={"accuracy_min": floor}, objective={"minimize": minimize})
        document["tier"].pop()
        document.pop("link")
        plan = so.solve(load(document, tmp_path), method=method)
        assert len(plan.placement) == stages, (floor, stages)
        assert plan.metrics is not None
        assert plan.metrics.latency_worst_ms == pytest.approx(100 if stages == 1 else 300)


@pytest.mark.parametrize("measure", ["worst", "mean", "p95"])
@pytest.mark.parametrize("method", ["auto", "milp"])
def test_what_nobody_reaches_needs_no_memory_and_no_link(method: Any, measure: str, tmp_path: Path) -> None:
    """The VM holds the input, stage 1 fits it, stage 2 fits nothing and there is no way to it."""
    document = may_end(workload={"source": "vm", "latency_measure": measure}) | {"link": []}
    document["tier"][0]["option"][0]["memory_mb"] = 10
    document["tables"]["stages.csv"][1]["parameter_bytes"] = 10**10
    plan = so.solve(load(document, tmp_path), method=method)
    assert stages_of(plan) == [(1, "v")]
    assert plan.metrics is not None
    assert plan.metrics.breaches == []
    document["workload"]["accuracy_min"] = 0.76
    plan = so.solve(load(document, tmp_path), method=method)
    assert plan.status == "infeasible"
    assert [clash.limit for clash in plan.infeasible_because] == ["accuracy_min"]
    assert plan.infeasible_because[0].best == pytest.approx(0.75)


@pytest.mark.parametrize("method", ["auto", "milp"])
def test_machines_are_rented_for_what_is_reached(method: Any, tmp_path: Path) -> None:
    """At 20/s the VM is busy 2 s a second with stage 1: 2.5 machines at 80 %, so 3."""
    workload = {"latency_slo_ms": 150.0, "rate_per_s": 20.0}
    document = may_end(workload=workload, objective={"accounting": "reserved"})
    plan = so.solve(load(document, tmp_path), method=method)
    assert plan.metrics is not None
    assert [(machine.option, machine.count) for machine in plan.metrics.machines] == [("v", 3)]
    assert stages_of(plan) == [(1, "v")]


@pytest.mark.parametrize("thresholds", ["interpolated", "randomized"])
def test_thresholds_between_entries_let_all_leave_or_not(thresholds: str, tmp_path: Path) -> None:
    """Within 150 ms everybody has to leave at stage 1: any other weight than on 0.1 sends somebody on."""
    document = may_end(workload={"latency_slo_ms": 150.0}, exits={"table": "exits.csv", "thresholds": thresholds})
    plan = so.solve(load(document, tmp_path))
    assert stages_of(plan) == [(1, "v")]
    assert [choice.threshold for choice in plan.thresholds] == [0.1]
    document["workload"]["accuracy_min"] = 0.7500001
    assert so.solve(load(document, tmp_path)).status == "infeasible"


def test_a_share_ever_so_near_to_one_sends_somebody_on(tmp_path: Path) -> None:
    """Only a share of exactly 1 ends a plan: the few who go on have to be in time."""
    document = may_end(workload={"latency_slo_ms": 150.0})
    document["tables"]["exits.csv"][0]["exit_rate"] = 0.9999999999
    assert so.solve(load(document, tmp_path)).status == "infeasible"


@pytest.mark.parametrize("method", ["auto", "milp"])
def test_random_stage_times_are_those_of_the_stages_reached(method: Any, tmp_path: Path) -> None:
    """Stage 1 takes 100 ms, standard deviation 0: its p95 is 100 ms; with stage 2 it is 300 ms at least."""
    document = may_end(workload={"latency_measure": "p95", "tail": "normal", "latency_slo_ms": 150.0})
    document["objective"]["minimize"] = "latency"
    plan = so.solve(load(document, tmp_path), method=method)
    assert stages_of(plan) == [(1, "v")]
    assert plan.objective.value == pytest.approx(100)


def test_the_survey_s_formula_pays_for_all_stages(tmp_path: Path) -> None:
    """T_I is of the whole path there, whoever reaches it: 2e-3 USD/s x 0.3 s on the VM."""
    document = may_end(objective={"accounting": "as-printed"})
    instance = load(document, tmp_path)
    found = so.evaluate(instance, plan_of([V, V], {1: 0.1}))
    assert found.cost_usd_per_request == pytest.approx(6e-4)
    assert found.latency_worst_ms == pytest.approx(300)
    assert len(found.stages) == 2
    with pytest.raises(so.InputError, match="place each stage"):
        so.evaluate(instance, plan_of([V], {1: 0.1}))


def test_documents_name_all_stages_or_those_that_are_reached(tmp_path: Path) -> None:
    """A plan may name stages that nobody reaches or leave them out, but not those that some reach."""
    instance = load(may_end(), tmp_path)
    whole = so.evaluate(instance, plan_of([V, F], {1: 0.1}))
    assert whole == so.evaluate(instance, plan_of([V], {1: 0.1}))
    assert whole == so.evaluate(instance, plan_of([V, V], {1: 0.1}) | {"cut": 2})
    assert whole.latency_worst_ms == pytest.approx(100)
    assert whole.crossings == []
    with pytest.raises(so.InputError, match="not everybody leaves there"):
        so.evaluate(instance, plan_of([V], {1: 0.5}))
    with pytest.raises(so.InputError, match="no such stage"):
        so.evaluate(instance, plan_of([V, V], {1: 0.5, 3: 0.1}))
    with pytest.raises(so.InputError, match="place each stage"):
        so.evaluate(instance, {"placement": [{"stage": 2, "tier": "vm", "option": "v"}], "thresholds": []})


def test_a_plan_that_ends_early_says_so_and_is_read_again(tmp_path: Path) -> None:
    """A plan that ends early is said to, and every command reads it back."""
    path = write(may_end(workload={"latency_slo_ms": 150.0}), tmp_path)
    solved = run("solve", path, "--out", tmp_path / "plan.json", "--plot", tmp_path / "plan.png")
    assert solved.code == 0
    assert has_line(solved.stdout, "ends", "at stage 1 of 2")
    assert has_line(solved.stdout, "vm: v", "always")
    again = run("evaluate", path, tmp_path / "plan.json", "--json")
    assert again.code == 0
    assert [entry["stage"] for entry in again.document["plan"]["placement"]] == [1]
    exported = run("export", tmp_path / "plan.json", "--format", "json", "--instance", path)
    assert exported.code == 0, exported.stderr
    assert [(block["first"], block["last"]) for block in exported.document["blocks"]] == [(1, 1)]


def test_a_front_has_plans_that_end_early(tmp_path: Path) -> None:
    """On the VM alone: all leave at stage 1 (0.2 mUSD, 100 ms, 0.75), half (0.86) or a fifth (0.926) at 300 ms."""
    document = may_end()
    document["tier"].pop()
    document.pop("link")
    instance = load(document, tmp_path)
    for method in ("auto", "labels", "milp"):
        front = so.pareto(instance, ("cost", "accuracy"), method=method)
        points = sorted(zip(*[front.to_frame()[name] for name in ("cost_usd_per_request", "accuracy")], strict=True))
        expected = [(2e-4, 0.75), (4e-4, 0.86), (5.2e-4, 0.926)]
        assert [cost for cost, _ in points] == pytest.approx([cost for cost, _ in expected]), method
        assert [right for _, right in points] == pytest.approx([right for _, right in expected]), method
    both = so.pareto(instance, ("cost", "latency"))
    assert [len(plan.placement) for plan in both.plans] == [1]


def test_a_planner_sees_ends_that_a_lower_floor_allows(tmp_path: Path) -> None:
    """At a floor of 0.9 no plan may end at stage 1; at 0.7 only such a plan takes no more than 150 ms."""
    planner = so.Planner(load(may_end(workload={"accuracy_min": 0.9}), tmp_path))
    assert len(planner.plan().placement) == 2
    assert len(planner.plan(accuracy_min=0.7, latency_slo_ms=150.0, explain=False).placement) == 1
