"""The search over cases against every plan in every case."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from oracles.robust import robust_document, robust_optimum
from oracles.writing import write
from support import tiny

import serflow_opt as so
from serflow_opt.problem.rules import Rule
from serflow_opt.problem.uncertainty import Uncertainty
from serflow_opt.search.outcome import SearchSettings
from serflow_opt.search.robust.search import RobustSearch


@pytest.mark.parametrize("method", ["auto", "milp"])
@pytest.mark.parametrize("seed", [0, 1, 2, 3, 5, 8, 13, 21])
def test_the_best_over_all_cases(seed: int, method: str, tmp_path: Path) -> None:
    """Budgets and scenarios, by cases alone and by the model alone, are proven at what enumeration finds."""
    document = robust_document(seed)
    instance = so.load(write(document, tmp_path))
    best = robust_optimum(document)
    found = RobustSearch(instance, SearchSettings(method=method)).run()
    if best is None:
        assert found.infeasible
        return
    unit = 1 if instance.minimize == "cost" else 1000
    assert found.value * unit == pytest.approx(best, rel=1e-6)
    assert found.proven(1e-6)


@pytest.mark.parametrize("method", ["auto", "milp"])
def test_where_nothing_gets_in_there_is_no_plan(method: str) -> None:
    """The source is a tier without a link to the others, in every case."""
    asked = Uncertainty(budget=1, times=(0.5, 0.5))
    plan = so.solve(tiny.three_tiers(links={}, uncertainty=asked, rules=(Rule(0, 1, (), ("d",)),)), method=method)
    assert plan.status == "infeasible"


def without_exits(seed: int) -> dict[str, Any]:
    """A random instance with a budget on times, prices and the rate."""
    document = robust_document(2 * seed)
    asked = document["uncertainty"]
    asked.pop("exits", None)
    if not asked.keys() & {"times", "prices", "rate"}:
        asked["times"] = 0.3
    return document


@pytest.mark.parametrize("seed", [1, 4, 6, 9, 14])
def test_the_duals_are_what_an_adversary_does(seed: int, tmp_path: Path) -> None:
    """One model with duals in the place of cases is proven at what enumeration finds."""
    document = without_exits(seed)
    instance = so.load(write(document, tmp_path))
    best = robust_optimum(document)
    found = RobustSearch(instance, SearchSettings(method="milp")).run()
    assert found.dual
    assert found.cases == 0
    if best is None:
        assert found.infeasible
        return
    assert found.value * (1 if instance.minimize == "cost" else 1000) == pytest.approx(best, rel=1e-6)
    assert found.proven(1e-6)
