"""How long a function may run: a provider ends what runs longer, so no plan may count on it."""

from __future__ import annotations

import dataclasses
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from oracles.compare_enumeration import verdict_of
from oracles.enumeration import best
from oracles.enumeration_draws import draw
from oracles.enumeration_reading import read
from oracles.writing import write
from support.helpers import load, plan_of, two_tiers

import serflow_opt as so


def slow(flops: float, sizes: list[int]) -> dict[str, Any]:
    """`two_tiers` with a function of the catalogue, 2e10 FLOP/s a vCPU of 1,769 MB, and a second stage of so much."""
    document = two_tiers()
    document["tier"][1] = {"name": "fn", "kind": "function", "memory_mb": sizes, "flops_per_s_per_vcpu": 2e10}
    document["tables"]["stages.csv"][1]["flops"] = int(flops)
    return document


@pytest.mark.parametrize("method", ["auto", "milp", "labels"])
def test_a_stage_that_takes_too_long_runs_elsewhere(method: Any, tmp_path: Path) -> None:
    """1.9e13 FLOP take 950 s on one vCPU and 475 s on two, for the same GB-seconds: 900 s are allowed."""
    instance = load(slow(1.9e13, [1769, 3538]), tmp_path).keep(exclude=["vm"])
    plan = so.solve(instance, method=method)
    assert plan.status == "optimal"
    assert {place.option for place in plan.placement} == {"lambda-3538MB"}
    short = load(slow(1.7e13, [1769]), tmp_path / "short").keep(exclude=["vm"])  # 850 s
    assert so.solve(short, method=method).status == "optimal"


def test_nothing_that_runs_as_long_is_no_plan(tmp_path: Path) -> None:
    """A stage too long for every size is named with its time, and fronts leave it out."""
    instance = load(slow(4e13, [1769, 3538]), tmp_path).keep(exclude=["vm"])
    plan = so.solve(instance)
    assert plan.status == "infeasible"
    assert any("1000 s, not 900 s" in own.message and "stage 2" in own.message for own in plan.clashing_sets)
    assert not so.pareto(instance).plans
    assert so.solve(load(slow(4e13, [1769, 3538]), tmp_path / "vm")).placement[1].tier == "vm"


def test_the_evaluator_calls_it_a_breach(tmp_path: Path) -> None:
    """A plan given by hand that runs too long is a breach, with time and limit."""
    folder = write(slow(1.9e13, [1769]), tmp_path)
    valued = so.evaluate(folder, plan_of([("fn", "lambda-1769MB")] * 2, {1: 0.5}))
    (breach,) = valued.breaches
    assert (breach.limit, breach.bound) == ("run time of lambda-1769MB at stages 1 to 2", 900.0)
    assert breach.value == pytest.approx(950.1)  # 2e9 and 1.9e13 FLOP at 2e10 FLOP/s


@pytest.mark.parametrize("longest", [0.04, 0.06, 0.12, 0.3])
@pytest.mark.parametrize("method", ["auto", "milp"])
def test_against_all_placements(longest: float, method: Any, tmp_path: Path) -> None:
    """The function takes 50 and 100 ms: each placement and threshold by itself."""
    instance = load(two_tiers(), tmp_path)
    vm, function = instance.options
    limited = dataclasses.replace(instance, options=(vm, dataclasses.replace(function, run_max_s=longest)))
    costs = []
    for places, threshold in product(([("vm", "v")] * 2, [("vm", "v"), ("fn", "f")], [("fn", "f")] * 2), (0.5, 0.9)):
        if sum(seconds for (tier, _), seconds in zip(places, [0.05, 0.1], strict=True) if tier == "fn") <= longest:
            costs.append(so.evaluate(instance, plan_of(places, {1: threshold})).cost_usd_per_request)
    assert so.solve(limited, method=method).objective.value == pytest.approx(min(costs), rel=1e-9)


def test_stages_that_follow_each_other_are_one_call(tmp_path: Path) -> None:
    """150 ms together; what clashes is said, and how long it would have to be."""
    instance = load(two_tiers(), tmp_path).keep(exclude=["vm"])
    plan = so.solve(held(instance, 0.12))
    assert plan.status == "infeasible"
    (clash,) = plan.clashing_sets
    assert clash.changes[0].best == pytest.approx(0.15)
    assert so.solve(held(instance, 0.15)).status == "optimal"


def held(instance: so.Instance, longest: float) -> so.Instance:
    """Let no function run longer."""
    functions = [option for option in instance.options if instance.tiers[option.tier].kind == "function"]
    options = [dataclasses.replace(o, run_max_s=longest) if o in functions else o for o in instance.options]
    return dataclasses.replace(instance, options=tuple(options))


@pytest.mark.parametrize("method", ["auto", "milp"])
@pytest.mark.parametrize("seed", [3, 19, 101, 184, 192])
def test_against_the_enumeration_of_all_decisions(seed: int, method: Any, tmp_path: Path) -> None:
    """Variants that change times and tiers that change functions, too. What some stages take is how long all may."""
    path = draw(seed, tmp_path)
    doc, instance = read(path), so.load(path)
    times = [choice.seconds for group in doc.groups if group.kind == "function" for choice in group.choices]
    longest = sum(times[seed % len(times)][seed % 2 : len(doc.flops) - 1])
    groups = [
        dataclasses.replace(group, choices=tuple(dataclasses.replace(c, longest=longest) for c in group.choices))
        if group.kind == "function"
        else group
        for group in doc.groups
    ]
    limited = dataclasses.replace(doc, groups=tuple(groups))
    verdict, words = verdict_of(so.solve(held(instance, longest), method=method), limited, best(limited))
    assert verdict == "agreed", words


def test_provision_rules_it_out_too(tmp_path: Path) -> None:
    """Machines with waits do not count on a function that would be cut off."""
    document = slow(1.9e13, [1769])
    document["tier"][0] |= {"start_s": 60.0}
    document["tier"][1] |= {"keep_alive_s": 300.0}
    found = so.provision(load(document, tmp_path), 1e-4)
    assert found.parts
    assert found.parts[-1].function is None
