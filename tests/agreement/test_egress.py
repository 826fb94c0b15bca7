"""Prices by volume against exhaustive search: `oracles.egress_draws` draws tiers that decide."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from oracles.brute_force import enumerate_optimum, plan_table, value
from oracles.egress_draws import egress_document
from oracles.writing import write

import serflow_opt as so
from serflow_opt.search.outcome import Method

SEEDS = (3, 5, 7, 12, 19, 28)
GAP = 1e-7


@pytest.mark.parametrize("method", ["auto", "milp"])
@pytest.mark.parametrize("seed", SEEDS)
def test_the_best_plan_of_all(seed: int, method: Method, tmp_path: Path) -> None:
    """Status, value and bound are those of all plans listed, each billed tier by tier."""
    document = egress_document(seed)
    table = plan_table(document)
    most = document["workload"].get("cost_max_usd", math.inf)
    table.cost = np.where(table.cost <= most * (1 + 1e-9), table.cost, np.inf)
    best = enumerate_optimum(document, table=table)
    plan = so.solve(so.load(write(document, tmp_path)), gap=GAP, method=method)
    if best is None:
        assert plan.status == "infeasible"
        return
    assert plan.status == "optimal"
    assert plan.metrics is not None
    assert plan.objective.value == pytest.approx(best.objective, rel=1e-6)
    assert plan.bound <= best.objective * (1 + 1e-9) + 1e-18
    exact = value(document, plan.to_dict())
    assert plan.metrics.cost_usd_per_request == pytest.approx(exact["cost_usd_per_request"], rel=1e-9, abs=1e-18)
