"""Rules of the user's own: stages pinned to options or kept from them."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest
from oracles.brute_force import enumerate_optimum
from oracles.random_instances import random_document
from oracles.writing import write
from support.helpers import F, V, changed, has_line, load, plan_of, run, two_tiers

import serflow_opt as so
from serflow_opt.errors import InputError
from serflow_opt.sensitivity.dominated import dominated


def ruled(*rules: dict[str, Any], **tables: Any) -> dict[str, Any]:
    return changed(two_tiers(), **tables) | {"rule": list(rules)}


def runs_on(plan: so.Plan) -> list[tuple[str, str]]:
    assert plan.plan is not None
    return [(place.tier, place.option) for place in plan.plan.placement]


@pytest.mark.parametrize("method", ["auto", "labels", "milp"])
@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        ([], [F, F]),  # 150 ms of a function for 3e-5 USD: far cheaper than the VM
        ([{"stages": [1], "only": "vm"}], [V, V]),  # 0.5 x 200 ms of the VM is less than waiting for the hand-over
        ([{"stages": [1, 2], "only": ["v"]}], [V, V]),
        ([{"stages": [2], "never": "function"}], [V, V]),
        ([{"stages": [1], "never": "f*"}, {"stages": [2], "only": "fn"}], [V, F]),
    ],
)
def test_stages_run_where_rules_say(method: Any, rules: list[Any], expected: Any, tmp_path: Path) -> None:
    """A rule moves the best plan to where it allows, by every method."""
    plan = so.solve(load(ruled(*rules), tmp_path), method=method)
    assert (plan.status, runs_on(plan)) == ("optimal", expected)


@pytest.mark.parametrize(
    ("seed", "method"), [*((s, "auto") for s in range(12)), *((s, "milp") for s in range(0, 12, 2))]
)
def test_rules_against_enumeration(seed: int, method: Any, tmp_path: Path) -> None:
    """With random rules the answer is the best of all plans that obey them, or none."""
    document = random_document(seed)
    draw = random.Random(seed)
    names = [tier["name"] for tier in document["tier"]]
    names += [option["name"] for tier in document["tier"] for option in tier["option"]]
    stages = len(document["tables"]["stages.csv"])
    first = draw.randint(1, stages)
    document["rule"] = [
        {"stages": [first, draw.randint(first, stages)], draw.choice(["only", "never"]): [draw.choice(names)]}
        for _ in range(draw.randint(1, 2))
    ]
    best = enumerate_optimum(document)
    plan = so.solve(load(document, tmp_path), method=method, gap=1e-7)
    if best is None:
        assert plan.status == "infeasible"
    else:
        assert plan.status == "optimal"
        assert plan.objective.value == pytest.approx(best.objective, rel=1e-6)


def test_the_evaluator_sees_what_breaks_a_rule(tmp_path: Path) -> None:
    """A plan given by hand that breaks a rule is told which one, and at how many stages."""
    instance = load(ruled({"stages": [1, 2], "never": "vm"}, {"stages": [1], "only": "vm"}), tmp_path)
    (breach,) = so.evaluate(instance, plan_of([F, F], {1: 0.5})).breaches
    assert (breach.limit, breach.value) == ("rule 2", 1)
    (breach,) = so.evaluate(instance, plan_of([V, V], {1: 0.5})).breaches
    assert (breach.limit, breach.value) == ("rule 1", 2)


def test_rules_that_leave_no_way_are_named(tmp_path: Path) -> None:
    """From a function nothing goes back to a VM."""
    document = ruled({"stages": [1], "only": "fn"}, {"stages": [2], "only": "vm"}, workload={"latency_slo_ms": 5000.0})
    plan = so.solve(load(document, tmp_path))
    assert plan.status == "infeasible"
    (clash,) = plan.infeasible_because
    (found,) = clash.sets
    assert found.limits == ["rule"]
    assert "drop rule 1 (stage 1 only on fn) or 2 (stage 2 only on vm)" in found.message


def test_limits_are_explained_with_the_rules_kept(tmp_path: Path) -> None:
    """On the VM alone the two stages take 100 and 200 ms."""
    plan = so.solve(load(ruled({"stages": [1, 2], "only": "vm"}, workload={"latency_slo_ms": 250.0}), tmp_path))
    assert plan.status == "infeasible"
    assert [clash.limit for clash in plan.infeasible_because] == ["latency_slo_ms"]
    assert plan.infeasible_because[0].best == pytest.approx(300)


def test_an_option_is_needed_where_the_better_one_is_forbidden(tmp_path: Path) -> None:
    """A dominated option is not dropped where a rule forbids the better one."""
    document = ruled({"stages": [2], "never": "v"})
    document["tier"][0]["option"].append({"name": "slow", "flops_per_s": 1e10, "usd_per_hour": 7.2})
    assert dominated(load(document, tmp_path / "with")) == {}
    assert dominated(load(document | {"rule": []}, tmp_path / "without")) == {("vm", "slow"): "v"}


def test_provisioning_keeps_rules(tmp_path: Path) -> None:
    """Rules hold for machines with waits as for plans."""
    document = ruled({"stages": [2], "only": "vm"}, workload={"rate_per_s": 5.0}, objective={"accounting": "reserved"})
    deployment = so.provision(load(document, tmp_path))
    assert deployment.status == "optimal"
    assert all(choice.function is None for choice in deployment.structure if choice.first <= 1 <= choice.last)


def test_wrong_rules_are_told_at_once(tmp_path: Path) -> None:
    """Stages, options and words of wrong rules are named together."""
    document = ruled({"stages": [2, 3], "only": "vm"}, {"stages": [1], "never": "gpu"}, {"stages": [1]})
    with pytest.raises(InputError) as refused:
        load(document, tmp_path)
    said = [(problem.place, problem.found) for problem in refused.value.problems]
    assert said == [
        ("rule[1].stages", "[2, 3]"),
        ("rule[2].never", "'gpu' matches no option"),
        ("rule[3]", "neither only nor never"),
    ]
    ran = run("solve", str(write(document, tmp_path)))
    assert ran.code == 2
    assert has_line(ran.stderr, "rule[2].never", "options go by: f, fn, function, v, vm")
