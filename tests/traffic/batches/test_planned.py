"""Plans with batches against enumeration by code of its own, and what is said where they are left out."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
from oracles.batch_enumeration import drawn
from oracles.batch_plans import service
from support.helpers import load

import serflow_opt as so
from serflow_opt.traffic.batches.planned import why_not_planned


@pytest.mark.parametrize("seed", [0, 1, 2, 3, 8])
def test_solve_is_enumeration(seed: int, tmp_path: Path) -> None:
    """`solve` finds the cheapest of all plans with batches and without, and proves it."""
    instance, every = service(seed, tmp_path)
    found = so.solve(instance)
    least = min((plan.usd for plan in every), default=math.inf)
    if not every:
        assert found.status == "infeasible"
        return
    assert found.status == "optimal"
    assert found.metrics is not None
    assert found.metrics.cost_usd_per_request == pytest.approx(least, rel=2e-6)
    assert found.bound is not None
    assert found.bound <= least * (1 + 1e-9)
    assert so.evaluate(instance, found.to_dict()) == found.metrics  # the document says all of it


def test_one_by_one_is_what_it_was(tmp_path: Path) -> None:
    """Batches of one, offered beside nothing else, change no plan."""
    own = drawn(0)
    own.document["objective"] = {"minimize": "cost", "accounting": "reserved"}
    for tier in own.document["tier"]:
        tier["batch"], tier["batch_wait_ms"] = [1], [5.0]
    with_menu = so.solve(load(own.document, tmp_path / "a"))
    for tier in own.document["tier"]:
        del tier["batch"], tier["batch_wait_ms"]
    without = so.solve(load(own.document, tmp_path / "b"))
    assert with_menu.objective.value == pytest.approx(without.objective.value, rel=1e-9)
    assert with_menu.plan == without.plan


def test_what_is_not_planned_is_said(tmp_path: Path) -> None:
    """Where batches are left out the answer says which part of the question does not go with them."""
    instance, _ = service(0, tmp_path)
    assert not why_not_planned(instance)
    assert "energy_max_j" in so.solve(instance.with_limits(energy_max_j=1e9)).certificate.scope
    weighted = so.solve(instance.with_limits(minimize="weighted", weights={"cost": 1.0, "latency": 1.0}))
    assert "cost or latency" in weighted.certificate.scope
    assert "not energy" in so.pareto(instance, ("cost", "energy")).scope
