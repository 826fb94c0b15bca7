"""Explanations: each row against enumeration of the instance that it is about."""

from __future__ import annotations

import copy
import json
import math
from pathlib import Path
from typing import Any

import pytest
import tiny
from helpers import run
from oracles.brute_force import enumerate_optimum
from oracles.random_instances import random_document, write

import serflow_opt as so
from serflow_opt.errors import InputError
from serflow_opt.explaining import POINT, STEP, Explanation

SEEDS = (3, 8, 14, 21, 40, 55, 77, 96)


def optimum(document: dict[str, Any]) -> float | None:
    """The best value there is, None without a plan."""
    if not document["tier"]:
        return None
    found = enumerate_optimum(document)
    return None if found is None else found.objective


def explained(document: dict[str, Any], folder: Path) -> Explanation:
    """The explanation of a random instance."""
    return so.explain(so.load(write(document, folder)), gap=1e-7)


@pytest.mark.parametrize("seed", SEEDS)
def test_each_option_alone_in_its_tier(seed: int, tmp_path: Path) -> None:
    document = random_document(seed)
    best = optimum(document)
    found = explained(document, tmp_path)
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
def test_each_limit_a_step_further_and_gone(seed: int, tmp_path: Path) -> None:
    document = random_document(seed)
    best = optimum(document)
    found = explained(document, tmp_path)
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


def test_a_tier_that_is_taken_away(tmp_path: Path) -> None:
    """Two stages on a device and a server: without either the other does all."""
    document = random_document(8)
    found = explained(document, tmp_path)
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
    weighted = tiny.two_stages(minimize="weighted", weights=(("cost", 1.0), ("latency", 1.0)))
    with pytest.raises(InputError, match="explain one objective"):
        so.explain(weighted)


def test_the_command(tmp_path: Path) -> None:
    out = tmp_path / "why.json"
    ran = run("explain", "libra", "--json", "--out", out)
    assert ran.code == 0
    assert ran.document == json.loads(out.read_text(encoding="utf-8"))
    rows = {(row["tier"], row["option"]): row for row in ran.document["options"]}
    # nine machines at 0.1 USD/h for 143/s, or 0.5 x 0.00001667 + 0.0000002 a request on the function
    assert rows["vm", "m4.large"]["value"] == pytest.approx(9 * 0.1 / 3600 / 143)
    assert rows["vm", "m4.large"]["chosen"]
    assert rows["vm", None]["value"] == pytest.approx(0.5 * 0.00001667 + 0.0000002)
    assert rows["function", None]["worse_by"] == 0
    shown = run("explain", "libra").stdout
    assert "the best plan" in shown
    assert "does not bind" in shown
    assert run("explain", "bert12-sst2", "--latency-slo-ms", "10").code == 3


def test_it_shows_itself(tmp_path: Path) -> None:
    found = so.explain(so.load("libra"))
    assert "m4.large" in found._repr_html_()
    assert found.worse_by(None) == math.inf
