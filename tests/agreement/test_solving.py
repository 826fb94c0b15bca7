"""Solving: proven optima of small cases with arithmetic, ties, methods that agree, and answers that never change."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pyomo.environ as pyo
import pytest
from oracles.random_instances import random_document
from support.helpers import changed, load, two_tiers

import serflow_opt as so
from serflow_opt.backend import highs
from serflow_opt.backend.highs import HighsModel
from serflow_opt.backend.running import Progress
from serflow_opt.ground.deadline import Deadline
from serflow_opt.infeasibility.explain import clashes
from serflow_opt.plan.document import Plan
from serflow_opt.search import best as search
from serflow_opt.search.outcome import SearchSettings


def vm_alone(**tables: Any) -> dict[str, Any]:
    """`two_tiers` without its function: at threshold 0.5 R_2 is 0.5 and accuracy 0.86, at 0.9 they are 0.8 and 0.926.

    It costs 2e-3 x (0.1 + 0.2 R_2) USD.
    """
    document = changed(two_tiers(), **tables) | {"link": []}
    del document["tier"][1]
    return document


def solved(document: dict[str, Any], folder: Path, **options: Any) -> Plan:
    plan = so.solve(load(document, folder), **options)
    assert plan.status == "optimal"
    return plan


def options_of(plan: Plan) -> list[str]:
    return [place.option for place in plan.placement]


# --- optima that can be worked out --------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["auto", "milp"])
@pytest.mark.parametrize(
    ("changes", "value", "options"),
    [
        # function alone: 3e-6 + 2e-4 x (0.1 + 0.05 + 0.1 R); VM alone 2e-3 x (0.1 + 0.2 R)
        ({}, 3e-6 + 2e-4 * 0.2, ["f", "f"]),
        ({"accuracy_min": 0.9}, 3e-6 + 2e-4 * 0.23, ["f", "f"]),
        ({"latency_slo_ms": 549.0}, 4e-4, ["v", "v"]),
        ({"latency_slo_ms": 549.0, "accuracy_min": 0.9}, 2e-3 * 0.26, ["v", "v"]),
        # mean latency of the function 100 + 50 + 100 R: 200 at R = 0.5, 230 at R = 0.8
        ({"latency_slo_ms": 200.0, "latency_measure": "mean"}, 4.3e-5, ["f", "f"]),
        ({"latency_slo_ms": 229.0, "latency_measure": "mean", "accuracy_min": 0.9}, None, []),
        # half leave after stage 1: 100 ms on the VM, 450 on the function
        ({"latency_slo_ms": 100.0, "latency_measure": "p50"}, 4e-4, ["v", "v"]),
    ],
)
def test_least_cost(
    method: str, changes: dict[str, Any], value: float | None, options: list[str], tmp_path: Path
) -> None:
    """The cheapest plan under each limit is the one arithmetic finds, with a proof."""
    plan = so.solve(load(changed(two_tiers(), workload=changes), tmp_path), method=method)  # type: ignore[arg-type]
    if value is None:
        # the VM's mean latency is 100 + 200 x 0.8 = 260, both tiers 100 + 0.8 x 320 = 356
        assert plan.status == "infeasible"
        return
    assert plan.status == "optimal"
    assert plan.objective.value == pytest.approx(value, rel=1e-6)
    assert options_of(plan) == options
    assert plan.bound is not None
    assert plan.bound <= value * (1 + 1e-9)
    assert plan.gap is not None
    assert 0 <= plan.gap <= 1e-6


@pytest.mark.parametrize("method", ["auto", "milp"])
@pytest.mark.parametrize(("measure", "value"), [("worst", 300.0), ("mean", 200.0), ("p50", 100.0), ("p99", 300.0)])
def test_least_latency(method: str, measure: str, value: float, tmp_path: Path) -> None:
    """Each measure of latency has the fastest plan that arithmetic finds, in milliseconds."""
    document = changed(two_tiers(), objective={"minimize": "latency"}, workload={"latency_measure": measure})
    plan = solved(document, tmp_path, method=method)
    assert (plan.objective.name, plan.objective.unit) == ("latency", "ms")
    assert plan.objective.value == pytest.approx(value, rel=1e-6)


@pytest.mark.parametrize("method", ["auto", "milp"])
def test_reserved_rents_whole_machines(method: str, tmp_path: Path) -> None:
    """At 10/s the VM needs 10 (0.1 + 0.2 R) / 0.8 machines: 2.5, so 3, at R = 0.5; 3.25, so 4, at R = 0.8."""
    document = vm_alone(workload={"rate_per_s": 10.0}, objective={"accounting": "reserved"})
    assert solved(document, tmp_path, method=method).objective.value == pytest.approx(3 * 2e-4, rel=1e-6)
    document["workload"]["accuracy_min"] = 0.9
    plan = solved(document, tmp_path, method=method)
    assert plan.objective.value == pytest.approx(4 * 2e-4, rel=1e-6)
    assert plan.metrics is not None
    assert plan.metrics.machines[0].count == 4


@pytest.mark.parametrize("method", ["auto", "milp"])
def test_as_printed(method: str, tmp_path: Path) -> None:
    """Function alone 2e-4 x 0.55, VM alone 2e-3 x 0.3, both 2e-3 x 0.22 x 0.5 + 2e-4 x 0.5 x 0.5, or 0.2 and 0.8."""
    document = changed(two_tiers(), objective={"accounting": "as-printed"})
    assert solved(document, tmp_path, method=method).objective.value == pytest.approx(1.1e-4, rel=1e-6)
    # at 4e-3 USD/s: function alone 2.2e-3, VM alone 6e-4, both 2.2e-4 + 1e-3 or more
    document["tier"][1]["option"][0]["usd_per_gb_s"] = 1e-3
    plan = solved(document, tmp_path, method=method)
    assert plan.objective.value == pytest.approx(6e-4, rel=1e-6)


# --- thresholds -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["auto", "milp"])
def test_thresholds_between_rows_pay(method: str, tmp_path: Path) -> None:
    """Floor 0.893 is half-way between the rows: the menu must take 0.9, the others stop half of the way there."""
    cost = {}
    for mode in ("menu", "interpolated", "randomized"):
        document = vm_alone(exits={"thresholds": mode}, workload={"accuracy_min": 0.893})
        plan = solved(document, tmp_path, method=method)
        cost[mode] = plan.objective.value
        assert plan.metrics is not None
        assert plan.metrics.accuracy is not None
        assert plan.metrics.accuracy >= 0.893 * (1 - 1e-9)
        (choice,) = plan.thresholds
        if mode == "interpolated":
            assert choice.threshold == pytest.approx(0.7, rel=1e-6)
        if mode == "randomized":
            assert choice.mix is not None
            assert {part.threshold: part.probability for part in choice.mix} == pytest.approx({0.5: 0.5, 0.9: 0.5})
    assert cost["menu"] == pytest.approx(2e-3 * (0.1 + 0.2 * 0.8), rel=1e-6)
    assert cost["interpolated"] == pytest.approx(2e-3 * (0.1 + 0.2 * 0.65), rel=1e-6)
    assert cost["randomized"] == pytest.approx(cost["interpolated"], rel=1e-6)


@pytest.mark.parametrize("method", ["auto", "milp"])
def test_a_coin_flip_can_skip_a_bad_row(method: str, tmp_path: Path) -> None:
    """A row at 0.7 with e = 0.35 and e r = 0.2 lies below the line from 0.5 to 0.9.

    Overall accuracy there is 0.2 + 0.65 x 0.92 = 0.798, so 0.893 lies 0.095 / 0.128 of the way from 0.7 to 0.9, where
    R_2 = 0.65 + 0.15 x 0.095 / 0.128. The coin flip between 0.5 and 0.9 still has R_2 = 0.65.
    """
    reach = {"menu": 0.8, "interpolated": 0.65 + 0.15 * 0.095 / 0.128, "randomized": 0.65}
    for mode, expected in reach.items():
        document = vm_alone(exits={"thresholds": mode}, workload={"accuracy_min": 0.893})
        row = {"stage": 1, "threshold": 0.7, "exit_rate": 0.35, "accuracy": 0.2 / 0.35}
        document["tables"]["exits.csv"].insert(1, row)
        plan = solved(document, tmp_path, method=method)
        assert plan.objective.value == pytest.approx(2e-3 * (0.1 + 0.2 * expected), rel=1e-6), mode


@pytest.mark.parametrize("seed", range(12))
def test_freer_thresholds_are_never_worse(seed: int, tmp_path: Path) -> None:
    """More freedom in thresholds never costs: mixed is at most interpolated, interpolated at most menu."""
    document = random_document(seed, "interpolated")
    best = []
    for mode in ("randomized", "interpolated", "menu"):
        plan = so.solve(load(changed(document, exits={"thresholds": mode}), tmp_path), gap=1e-9)
        best.append(math.inf if plan.objective.value is None else plan.objective.value)
    assert best[0] <= best[1] * (1 + 1e-7) or best[0] == best[1]
    assert best[1] <= best[2] * (1 + 1e-7) or best[1] == best[2]


# --- ties -------------------------------------------------------------------------------------------------


def with_options(minimize: str, *options: dict[str, Any], **workload: Any) -> dict[str, Any]:
    document = vm_alone(objective={"minimize": minimize}, workload=workload)
    document["tier"][0]["option"] = list(options)
    return document


SLOW = {"name": "slow", "flops_per_s": 1e10, "usd_per_hour": 1.8}
FAST = {"name": "fast", "flops_per_s": 4e10, "usd_per_hour": 7.2}  # four times as fast and as dear: the same bill
DEAR = {"name": "dear", "flops_per_s": 4e10, "usd_per_hour": 9.0}


@pytest.mark.parametrize("method", ["auto", "milp"])
@pytest.mark.parametrize("measure", ["worst", "mean", "p95"])
def test_of_two_equally_cheap_plans_the_faster_wins(method: str, measure: str, tmp_path: Path) -> None:
    """A tie in cost is broken by latency, whatever the order in the file."""
    for number, options in enumerate(([SLOW, FAST], [FAST, SLOW])):
        document = with_options("cost", *options, latency_measure=measure)
        assert options_of(solved(document, tmp_path / str(number), method=method)) == ["fast", "fast"]


@pytest.mark.parametrize("method", ["auto", "milp"])
@pytest.mark.parametrize("measure", ["worst", "mean", "p95"])
def test_of_two_equally_fast_plans_the_cheaper_wins(method: str, measure: str, tmp_path: Path) -> None:
    """A tie in latency is broken by cost, whatever the order in the file."""
    for number, options in enumerate(([FAST, DEAR], [DEAR, FAST])):
        document = with_options("latency", *options, latency_measure=measure)
        assert options_of(solved(document, tmp_path / str(number), method=method)) == ["fast", "fast"]


def test_ties_between_thresholds(tmp_path: Path) -> None:
    """The worst case does not depend on the threshold; 0.5 lets more leave and is cheaper."""
    plan = solved(vm_alone(objective={"minimize": "latency"}), tmp_path)
    assert plan.objective.value == pytest.approx(300.0)
    assert plan.thresholds[0].threshold == 0.5


def test_a_free_plan_is_the_fastest_free_plan(tmp_path: Path) -> None:
    """Cost 0: the tie must hold where a relative difference is of no use."""
    document = with_options("cost", SLOW | {"usd_per_hour": 0.0}, FAST | {"usd_per_hour": 0.0})
    plan = solved(document, tmp_path)
    assert plan.objective.value == 0.0
    assert options_of(plan) == ["fast", "fast"]


# --- agreement and repetition -----------------------------------------------------------------------------


@pytest.mark.parametrize("seed", [1, 12, 40, 77, 101, 150, 222, 300])
def test_both_methods_agree(seed: int, tmp_path: Path) -> None:
    """The search and the whole model, two ways to one answer, agree."""
    instance = load(random_document(seed), tmp_path)
    one, other = (so.solve(instance, gap=1e-9, method=method) for method in ("auto", "milp"))  # type: ignore[arg-type]
    assert one.status == other.status
    if one.objective.value is not None:
        assert one.objective.value == pytest.approx(other.objective.value, rel=1e-7)


@pytest.mark.parametrize("thresholds", ["menu", "interpolated", "randomized"])
@pytest.mark.parametrize("seed", [2, 9])
def test_the_same_instance_gives_the_same_plan(seed: int, thresholds: str, tmp_path: Path) -> None:
    """Solved twice, an instance has one answer, to the last digit."""
    documents = []
    for number in range(2):
        document = so.solve(load(random_document(seed, thresholds), tmp_path / str(number))).to_dict()
        document.pop("seconds")
        documents.append(document)
    assert documents[0] == documents[1]


def test_stage_order_in_the_tables_does_not_matter(tmp_path: Path) -> None:
    """Rows of tables may stand in any order."""
    document = two_tiers()
    for rows in document["tables"].values():
        rows.reverse()
    assert load(document, tmp_path / "a") == load(two_tiers(), tmp_path / "b")


# --- limits of the search ---------------------------------------------------------------------------------


def test_time_limit_zero_still_answers(tmp_path: Path) -> None:
    """Without time the answer is that there is none yet, in the same form."""
    plan = so.solve(load(two_tiers(), tmp_path), time_limit=0.0, method="milp")
    assert (plan.status, plan.plan, plan.metrics, plan.gap) == ("no_solution", None, None, None)
    assert plan.objective.value is None


@pytest.mark.parametrize("options", [{"gap": -1.0}, {"gap": math.nan}, {"time_limit": -1.0}, {"time_limit": math.nan}])
def test_senseless_settings_are_bad_input(options: dict[str, float], tmp_path: Path) -> None:
    """Gaps and times that mean nothing are refused by name."""
    with pytest.raises(so.InputError, match=next(iter(options))):
        so.solve(load(two_tiers(), tmp_path), **options)  # type: ignore[arg-type]


def test_unknown_highs_options_are_named(tmp_path: Path) -> None:
    """A misspelt solver option reaches the user as bad input."""
    with pytest.raises(so.InputError, match="mip_rel_gp"):
        so.solve(load(two_tiers(), tmp_path), options={"mip_rel_gp": 1.0})


def test_progress_is_reported_in_the_objective_s_unit(tmp_path: Path) -> None:
    """Bounds and plans that progress tells lie on the right sides of the answer, in its unit."""
    seen: list[Progress] = []
    plan = so.solve(load(random_document(40), tmp_path), method="milp", on_progress=seen.append)
    assert plan.objective.value is not None
    scale = 1.0 if plan.objective.unit == "USD/request" else 1e3
    for progress in seen:
        assert progress.seconds >= 0
        assert progress.bound * scale <= plan.objective.value * (1 + 1e-6)
        if progress.incumbent is not None:
            assert progress.incumbent * scale >= plan.objective.value * (1 - 1e-6)


@pytest.mark.parametrize("name", ["cost", "latency", "privacy"])
def test_one_weight_is_zero_at_its_ideal(name: str, tmp_path: Path) -> None:
    """A single weight measures the distance to the ideal, which is 0 at the best plan."""
    instance = load(two_tiers(), tmp_path).with_limits(minimize="weighted", weights={name: 2.0})
    plan = so.solve(instance)
    alone = so.solve(load(two_tiers(), tmp_path / "alone").with_limits(minimize=name))
    assert (plan.status, plan.objective.value) == ("optimal", 0.0)
    assert plan.bound == pytest.approx(0.0, abs=1e-5)
    assert plan.metrics is not None
    assert alone.metrics is not None
    assert plan.metrics.objective(name, "worst") == pytest.approx(alone.metrics.objective(name, "worst"))


def test_out_of_time_nothing_begins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No bounds, no model, no explanation, once the deadline has passed and no grace is given."""

    def begun(*given: object, **named: object) -> None:
        raise AssertionError("began")

    instance = load(two_tiers(), tmp_path)
    for part in ("prune", "covered"):
        monkeypatch.setattr(search, part, begun)
    monkeypatch.setattr("serflow_opt.formulations.model.build", begun)
    late = SearchSettings(deadline=Deadline(0.0), grace_s=0.0)
    found = search.search(instance, late, {"cost": 1.0})
    assert (found.decision, found.infeasible, found.bound) == (None, False, -math.inf)
    assert [clash.limit for clash in clashes(instance.with_limits(accuracy_min=0.99), late)] == ["unknown"]


def test_a_polish_ends_with_its_time() -> None:
    """The linear programme after a search is within the limit, too."""
    m = pyo.ConcreteModel()
    m.n, m.x = pyo.Var(domain=pyo.Integers, bounds=(0, 5)), pyo.Var(bounds=(0, 10))
    m.row, m.goal = pyo.Constraint(expr=m.n + m.x >= 7.5), pyo.Objective(expr=m.n + 2 * m.x)
    model = HighsModel(m)
    outcome = model.solve()
    polished = model.polish(outcome)
    assert polished is not None
    assert polished.objective == pytest.approx(5 + 2 * 2.5)
    made: list[Any] = []
    original = highs.new_solver

    def watched() -> Any:
        made.append(original())
        return made[-1]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(highs, "new_solver", watched)
        model.polish(outcome, Deadline(1200.0))
    (used,) = made
    assert 0 < used.getOptionValue("time_limit")[1] <= 1200.0
