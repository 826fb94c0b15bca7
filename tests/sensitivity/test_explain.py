"""Explanations: each row against enumeration of the instance that it is about."""

from __future__ import annotations

import copy
import json
import math
import time
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pytest
from oracles.brute_force import enumerate_optimum, plan_table
from oracles.random_instances import random_document
from oracles.writing import write
from support import tiny

import serflow_opt as so
from serflow_opt.errors import InputError
from serflow_opt.plan.limit_cost import POINT, STEP
from serflow_opt.sensitivity.explain import Explanation

SEEDS = (3, 8, 14, 21, 40, 55, 77, 96)


def optimum(document: dict[str, Any]) -> float | None:
    """The best value there is, None without a plan."""
    return optimum_of(json.dumps(document)) if document["tier"] else None


@cache
def optimum_of(document: str) -> float | None:
    """`optimum` of a document that several tests ask about."""
    found = enumerate_optimum(json.loads(document))
    return None if found is None else found.objective


@cache
def explained(seed: int) -> Explanation:
    """The explanation of a random instance."""
    with TemporaryDirectory() as folder:
        return so.explain(so.load(write(random_document(seed), Path(folder))), gap=1e-7)


@pytest.mark.parametrize("seed", SEEDS)
def test_each_option_alone_in_its_tier(seed: int) -> None:
    """What each option alone would give is the optimum of the instance without its rivals."""
    document = random_document(seed)
    best = optimum(document)
    found = explained(seed)
    if best is None:
        assert found.plan.status == "infeasible"
        assert not found.options
        assert not found.limits
        return
    names = {(t["name"], o["name"]) for t in document["tier"] for o in t["option"]}
    assert {(row.tier, row.option) for row in found.options if row.option} == names
    for row in found.options:
        if row.option is None:
            continue
        reduced = copy.deepcopy(document)
        for tier in reduced["tier"]:
            if tier["name"] == row.tier:
                tier["option"] = [option for option in tier["option"] if option["name"] == row.option]
        expected = optimum(reduced)
        if expected is None:
            assert (row.value, row.status) == (None, "infeasible")
        else:
            assert row.value is not None
            assert math.isclose(row.value, expected, rel_tol=1e-6)
    values = [math.inf if row.value is None else row.value for row in found.options]
    assert values == sorted(values)


@pytest.mark.parametrize("seed", SEEDS)
def test_each_limit_a_step_further_and_gone(seed: int) -> None:
    """What a looser limit, or none, would give is the optimum of that instance."""
    document = random_document(seed)
    best = optimum(document)
    found = explained(seed)
    if best is None:
        return
    asked = {k: v for k, v in document["workload"].items() if k in ("accuracy_min", "latency_slo_ms")}
    assert {row.limit for row in found.limits} == set(asked)
    for row in found.limits:
        assert row.asked == pytest.approx(asked[row.limit])
        free, looser = copy.deepcopy(document), copy.deepcopy(document)
        del free["workload"][row.limit]
        step = row.asked - POINT if row.limit == "accuracy_min" else row.asked * (1 + STEP)
        assert row.looser == pytest.approx(max(step, 0.0))
        looser["workload"][row.limit] = max(step, 0.0)
        without, further = optimum(free), optimum(looser)
        assert without is not None
        assert further is not None
        assert row.value_without is not None
        assert math.isclose(row.value_without, without, rel_tol=1e-6)
        assert row.value_looser is not None
        assert math.isclose(row.value_looser, further, rel_tol=2e-6)
        assert row.binds == (without < best * (1 - 1e-6))


@pytest.mark.parametrize("seed", SEEDS)
def test_a_unit_more_and_the_next_better_plan(seed: int) -> None:
    """By all plans: the tightest value of a limit with a better optimum, that optimum, and the one a unit further."""
    document = random_document(seed)
    best = optimum(document)
    if best is None:
        return
    table = plan_table(document)
    for row in explained(seed).limits:
        if not row.binds:
            assert (row.unit_more, row.next_at, row.value_next) == (None, None, None)
            continue
        assert row.unit_more == pytest.approx(
            max(row.asked - 0.01, 0.0) if row.limit == "accuracy_min" else row.asked + 1
        )
        further = copy.deepcopy(document)
        further["workload"][row.limit] = row.unit_more
        expected = optimum(further)
        assert expected is not None
        assert row.value_unit_more is not None
        assert math.isclose(row.value_unit_more, expected, rel_tol=2e-6)
        if row.limit == "latency_slo_ms" and document["objective"]["minimize"] == "latency":
            continue
        assert row.next_at is not None
        objective = table.cost if document["objective"]["minimize"] == "cost" else table.latency * 1000
        accurate, latency, objective = np.broadcast_arrays(table.accuracy[None, :], table.latency * 1000, objective)
        better = objective < best * (1 - 1e-6)
        if row.limit == "accuracy_min":
            slo = document["workload"].get("latency_slo_ms", math.inf)
            tightest = accurate[better & (latency <= slo * (1 + 1e-9))].max()
        else:
            floor = document["workload"].get("accuracy_min", 0.0)
            tightest = latency[better & (accurate >= floor - 1e-9)].min()
        assert row.next_at == pytest.approx(tightest, rel=3e-6)
        assert row.value_next is not None
        assert row.value_next < best


def test_a_tier_that_is_taken_away() -> None:
    """Two stages on a device and a server: without either the other does all."""
    document = random_document(8)
    found = explained(8)
    for row in found.options:
        if row.option is None and row.value is not None and not row.used:
            reduced = copy.deepcopy(document)
            reduced["tier"] = [tier for tier in reduced["tier"] if tier["name"] != row.tier]
            reduced["link"] = [link for link in reduced.get("link", []) if row.tier not in (link["from"], link["to"])]
            if reduced["workload"].get("source") == row.tier:
                continue
            expected = optimum(reduced)
            assert expected is None or math.isclose(row.value, expected, rel_tol=1e-6)


def test_what_cannot_be_compared_is_refused() -> None:
    """A blend of objectives has no row that could be compared, and is refused."""
    weighted = tiny.two_stages(minimize="weighted", weights=(("cost", 1.0), ("latency", 1.0)))
    with pytest.raises(InputError, match="explain one objective"):
        so.explain(weighted)


def test_it_shows_itself() -> None:
    """An explanation shows itself in a notebook, and what has no value is infinitely worse."""
    found = so.explain(so.load("libra"))
    assert "m4.large" in found._repr_html_()
    assert found.worse_by(None) == math.inf


def test_what_there_was_no_time_for_is_named() -> None:
    """The limit is one for all: when it passes while the best plan is looked for, all other questions are named."""

    def slowly(what: str) -> None:
        time.sleep(0.6)

    whole, part = so.explain("alexnet-cifar10"), so.explain("alexnet-cifar10", time_limit=0.5, on_progress=slowly)
    assert whole.not_asked == ()
    assert part.plan.objective.value == whole.plan.objective.value
    assert part.limits == ()
    assert {row.option for row in part.options if row.chosen} == {row.option for row in whole.options if row.chosen}
    assert len(part.not_asked) == len(whole.options) - len(part.options) + len(whole.limits)
    assert "without latency_slo_ms" in part.not_asked
    assert part.to_dict()["not_asked"] == list(part.not_asked)
    assert Explanation.from_dict(part.to_dict()).not_asked == part.not_asked
