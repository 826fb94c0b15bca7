"""Fleets that share a budget or machines, against every choice of plans there is."""

from __future__ import annotations

import dataclasses
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from oracles.brute_reading import read
from oracles.fleets import best_fleet, least_missing, points
from oracles.random_instances import random_document
from support import tiny
from support.helpers import changed, two_tiers
from support.services import GAP, loaded, mixed_fleet

import serflow_opt as so
from serflow_opt.errors import InputError


@cache
def usable() -> tuple[int, ...]:
    """Seeds of random documents with menus, and no option's name in two tiers."""
    seeds = []
    for seed in range(120):
        document = random_document(seed)
        names = [option["name"] for tier in document["tier"] for option in tier["option"]]
        menus = document.get("exits", {}).get("thresholds", "menu") == "menu"
        if menus and len(set(names)) == len(names):
            seeds.append(seed)
    return tuple(seeds)


def service(seed: int, rng: np.random.Generator, reserved: bool) -> dict[str, Any] | None:
    """A random document with a rate that a few machines serve; None: no plan keeps its limits."""
    document = changed(random_document(seed))
    if reserved:
        document["objective"]["accounting"] = "reserved"
    cap = document["workload"].get("utilisation_cap", 0.8)
    path = float(np.median([sum(option.seconds) for tier in read(document).options for option in tier]))
    document["workload"]["rate_per_s"] = float(f"{rng.uniform(0.3, 3.0) * cap / path:.4g}")
    document["name"] = f"service-{seed}"
    return document if len(points(document, ())) else None


def fleet(n: int, reserved: bool, size: tuple[int, int]) -> tuple[list[dict[str, Any]], np.random.Generator]:
    """Some services, each with a plan alone."""
    rng = np.random.default_rng([11, n, reserved])
    documents: list[dict[str, Any]] = []
    count = int(rng.integers(size[0], size[1] + 1))
    while len(documents) < count:
        own = service(int(rng.choice(usable())), rng, reserved)
        if own is not None:
            documents.append(own)
    return documents, rng


def check(found: so.Fleet, instances: list[so.Instance], budget: float | None, most: dict[str, int]) -> None:
    """Each plan keeps its limits, all together what they share, and the sums are right."""
    assert len(found.plans) == len(instances)
    usd = 0.0
    counts = dict.fromkeys(most, 0)
    for plan, instance in zip(found.plans, instances, strict=True):
        assert plan.plan is not None
        metrics = so.evaluate(instance, plan.plan)
        assert metrics.breaches == []
        assert metrics.cost_usd_per_hour is not None
        usd += metrics.cost_usd_per_hour
        for own in metrics.machines:
            if own.option in counts:
                counts[own.option] += own.count
    assert found.usd_per_hour == pytest.approx(usd, rel=1e-9)
    if budget is not None:
        assert usd <= budget * (1 + 1e-8)
    assert all(counts[name] <= most[name] for name in most)
    assert {pool.type: pool.used for pool in found.machines} == counts


def agrees(found: so.Fleet, expected: float | None) -> None:
    """The value is the best there is, its bound no better."""
    if expected is None:
        assert (found.status, found.value, found.plans) == ("infeasible", None, [])
        assert found.because
        return
    assert found.status == "optimal"
    assert found.value == pytest.approx(expected, rel=3e-6, abs=1e-12)
    assert found.bound is not None
    assert found.bound <= expected * (1 + 1e-6) + 1e-12


@pytest.mark.parametrize("n", [1, 2, 3, 4, 5, 7, 8, 9, 10, 11, 12, 13, 18])
def test_a_budget_against_all_choices(n: int, tmp_path: Path) -> None:
    """Within a budget the mean latency is the least of all choices of plans, and a budget advised is enough."""
    documents, rng = mixed_fleet(n, (2, 4)) if n % 2 else fleet(n, n % 3 == 0, (2, 4))
    fronts = [points(document, ()) for document in documents]
    least = sum(front[:, 1].min() for front in fronts)
    most = sum(front[front[:, 0].argmin(), 1] for front in fronts)
    share = rng.choice([-0.05, 0.0, 0.1, 0.3, 0.5, 0.8, 1.1])
    budget = float(least + share * (most - least)) if share >= 0 else float(least * 0.95)
    expected = best_fleet(documents, "latency", budget, {})
    assert (expected is None) == (share < 0)
    instances = loaded(documents, tmp_path)
    found = so.solve_fleet(instances, budget_usd_per_hour=budget, gap=GAP)
    agrees(found, expected)
    if expected is None:
        assert "cheapest" in found.because[0]
        advice = float(found.because[0].split("--budget-usd-per-hour ")[1])
        assert so.solve_fleet(instances, budget_usd_per_hour=advice, gap=1e-3).value is not None
    else:
        check(found, instances, budget, {})


@pytest.mark.parametrize("n", range(16))
def test_machines_against_all_choices(n: int, tmp_path: Path) -> None:
    """With few machines the fleet is the cheapest of all choices, or told the fewest machines that would do."""
    documents, rng = mixed_fleet(n, (2, 4)) if n % 4 else fleet(n, reserved=True, size=(2, 3))
    limited = limits(documents, rng)
    expected = best_fleet(documents, "cost", None, limited)
    instances = loaded(documents, tmp_path)
    found = so.solve_fleet(instances, machines_max=limited, gap=GAP)
    agrees(found, expected)
    if expected is None:
        assert "the least that would do" in found.because[0]
        told = [int(word) for word in found.because[0].split(": ")[1].split() if word.isdigit()]
        assert sum(told) == least_missing(documents, limited)
    else:
        check(found, instances, None, limited)


def limits(documents: list[dict[str, Any]], rng: np.random.Generator) -> dict[str, int]:
    """Fewer machines of one or two types than the services would rent, mostly no fewer than they need."""
    names = sorted({o["name"] for d in documents for t in d["tier"] for o in t["option"] if t["kind"] != "function"})
    fronts = [points(document, names) for document in documents]
    free = sum(front[front[:, 1].argmin(), 2:] for front in fronts)
    needed = sum(front[:, 2:].min(axis=0) for front in fronts)
    used = [k for k, count in enumerate(free) if count] or [0]
    limited = {}
    for k in rng.permutation(used)[:2]:
        least = 0 if rng.random() < 0.15 else int(needed[k])
        limited[names[k]] = int(rng.integers(least, max(int(free[k]), least) + 1))
    return limited


@pytest.mark.parametrize("n", [0, 1, *range(3, 10)])
def test_latency_with_few_machines_and_perhaps_a_budget(n: int, tmp_path: Path) -> None:
    """Machines and money limited together still give the best of all choices."""
    documents, rng = mixed_fleet(100 + n, (2, 3))
    limited = limits(documents, rng)
    cheapest = best_fleet(documents, "cost", None, limited)
    budget = None if n % 2 or cheapest is None else cheapest * float(rng.choice([0.98, 1.0, 1.05, 1.3]))
    expected = best_fleet(documents, "latency", budget, limited)
    instances = loaded(documents, tmp_path)
    found = so.solve_fleet(instances, machines_max=limited, budget_usd_per_hour=budget, minimize="latency", gap=GAP)
    agrees(found, expected)
    if expected is not None:
        check(found, instances, budget, limited)


def test_two_tiers_by_hand(tmp_path: Path) -> None:
    """`two_tiers` twice, at 1 and 3 requests a second, all on the VM or all on the function, whole path.

    VM: 300 ms; function: 550 ms with the cold start. Cheapest on the VM: 0.2 s at 2e-3 USD/s are 4e-4 USD.
    """
    documents = [changed(two_tiers(), workload={"rate_per_s": rate}) | {"name": f"s{rate:g}"} for rate in (1.0, 3.0)]
    fronts = [points(document, ()) for document in documents]
    fast = [front[front[:, 0].argmin()] for front in fronts]
    assert fast[0] == pytest.approx([0.3, 4e-4 * 3600])
    cheap = [front[front[:, 1].argmin()] for front in fronts]
    budget = float(fast[1][1] + cheap[0][1])
    found = so.solve_fleet(loaded(documents, tmp_path), budget_usd_per_hour=budget)
    assert found.value == pytest.approx((cheap[0][0] * 0.25 + fast[1][0] * 0.75) * 1000)
    weighted = so.solve_fleet(loaded(documents, tmp_path), budget_usd_per_hour=budget, weights={"s1": 3.0})
    assert [own.weight for own in weighted.services] == [0.5, 0.5]


def test_a_service_without_a_plan_is_named(tmp_path: Path) -> None:
    """A fleet that fails for one service names it and the reason."""
    documents, _ = mixed_fleet(3, (2, 2))
    documents[1]["workload"]["accuracy_min"] = 0.999
    found = so.solve_fleet(loaded(documents, tmp_path), budget_usd_per_hour=100.0)
    assert found.status == "infeasible"
    assert found.because[0].startswith("mixed-1: accuracy: the most accurate plan")


def test_time_that_runs_out(tmp_path: Path) -> None:
    """Without time a fleet claims neither a value nor a proof."""
    documents, _ = mixed_fleet(3, (2, 2))
    found = so.solve_fleet(loaded(documents, tmp_path), budget_usd_per_hour=100.0, time_limit=0.0)
    assert (found.status, found.value, found.plans) == ("no_solution", None, [])


def test_what_does_not_go_together_is_told(tmp_path: Path) -> None:
    """All faults of services, machines, weights and gap are told in one round."""
    documents, _ = mixed_fleet(3, (2, 2))
    del documents[0]["workload"]["rate_per_s"]
    documents[0]["objective"]["accounting"] = "per-request"
    documents[1]["workload"]["cost_max_usd"] = 1.0
    instances = loaded(documents, tmp_path)
    with pytest.raises(InputError) as told:
        so.solve_fleet(instances, machines_max={"small": -1, "smal": 2}, weights={"nobody": 1.0}, gap=-1.0)
    text = str(told.value)
    for word in ("rate_per_s", "'per-request' with small", "cost_max_usd", "'smal'", "'nobody'", "gap", "-1"):
        assert word in text
    with pytest.raises(InputError, match="nothing is shared"):
        so.solve_fleet(instances)
    with pytest.raises(InputError, match="none"):
        so.solve_fleet([], budget_usd_per_hour=1.0)


def test_a_number_of_machines_holds_in_a_plan_alone(tmp_path: Path) -> None:
    """`Option.machines_max` by itself: the cheapest plan with at most so many, by all plans."""
    document, _ = mixed_fleet(3, (1, 1))
    (instance,) = loaded(document, tmp_path)
    rows = points(document[0], ("small", "big"))
    for most in range(3):
        options = tuple(replace(o, machines_max=most) if o.name in ("small", "big") else o for o in instance.options)
        plan = so.solve(replace(instance, options=options))
        fits = rows[(rows[:, 2:] <= most).all(axis=1)]
        if not len(fits):
            assert plan.status == "infeasible"
            continue
        assert plan.metrics is not None
        assert plan.metrics.cost_usd_per_hour == pytest.approx(fits[:, 1].min(), rel=2e-6)


@pytest.mark.parametrize("budget", [50.0, 4.0])
def test_of_equally_fast_plans_the_cheapest(budget: float, tmp_path: Path) -> None:
    """Two types as fast as each other, one of them dearer: 1 and 3 USD an hour; one machine a service is enough."""
    documents = []
    for name in ("one", "other"):
        document = changed(two_tiers(), objective={"accounting": "reserved"}, workload={"rate_per_s": 0.5})
        document["name"] = name
        document["tier"][0]["option"] = [
            {"name": own, "flops_per_s": 1e12, "usd_per_hour": usd} for own, usd in (("dear", 3.0), ("cheap", 1.0))
        ]
        documents.append(document)
    found = so.solve_fleet(loaded(documents, tmp_path), budget_usd_per_hour=budget)
    assert found.status == "optimal"
    assert {place.option for own in found.plans for place in own.placement} == {"cheap"}
    assert found.usd_per_hour == pytest.approx(2.0)


def test_machines_of_a_tier_run_out() -> None:
    """2/s on one tier: the most accurate plan takes 10 machines, one that lets half leave 8; where there are 8, 8."""
    instance = tiny.one_vm(accounting="reserved", rate_per_s=2.0)
    vm = instance.tiers[0]
    few = dataclasses.replace(vm, scaling=dataclasses.replace(vm.scaling, machines_max=8))
    limited = dataclasses.replace(instance, tiers=(few, *instance.tiers[1:]))
    asked = dataclasses.replace(limited, accuracy_min=0.94)
    assert so.solve_fleet([limited], budget_usd_per_hour=1e6).plans[0].metrics.machines[0].count == 8
    assert so.solve_fleet([asked], budget_usd_per_hour=1e6).status == "infeasible"
    wide = dataclasses.replace(instance, accuracy_min=0.94)
    assert so.solve_fleet([wide], budget_usd_per_hour=1e6).plans[0].metrics.machines[0].count == 10
