"""Fleets that share a budget or machines, against every choice of plans there is."""

from __future__ import annotations

import json
import math
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers import changed, load, run, two_tiers
from oracles.brute_force import read
from oracles.fleets import best_fleet, least_missing, points
from oracles.random_instances import random_document, write

import serflow_opt as so
from serflow_opt.errors import InputError

GAP = 1e-6


@cache
def usable() -> tuple[int, ...]:
    """Seeds of random documents with menus, and no option's name in two tiers."""
    seeds = []
    for seed in range(400):
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


def loaded(documents: list[dict[str, Any]], folder: Path) -> list[so.Instance]:
    return [load(document, folder / str(k)) for k, document in enumerate(documents)]


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


@pytest.mark.parametrize("n", range(40))
def test_a_budget_against_all_choices(n: int, tmp_path: Path) -> None:
    documents, rng = fleet(n, reserved=n % 3 == 0, size=(2, 4))
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


@pytest.mark.parametrize("n", range(40))
def test_machines_against_all_choices(n: int, tmp_path: Path) -> None:
    documents, rng = fleet(n, reserved=True, size=(2, 3))
    names = sorted({o["name"] for d in documents for t in d["tier"] for o in t["option"] if t["kind"] != "function"})
    if not names:
        pytest.skip("nobody rents anything")
    fronts = [points(document, names) for document in documents]
    free = sum(front[front[:, 1].argmin(), 2:] for front in fronts)
    used = [name for name, count in zip(names, free, strict=True) if count] or names[:1]
    limited = {name: int(rng.integers(0, int(free[names.index(name)]) + 1)) for name in used[:2]}
    expected = best_fleet(documents, "cost", None, limited)
    instances = loaded(documents, tmp_path)
    found = so.solve_fleet(instances, machines_max=limited, gap=GAP)
    agrees(found, expected)
    if expected is None:
        missing = least_missing(documents, limited)
        assert "the least that would do" in found.because[0]
        told = [int(word) for word in found.because[0].split(": ")[1].split() if word.isdigit()]
        assert sum(told) == missing
    else:
        check(found, instances, None, limited)
