"""Solutions of random small instances with adaptations, privacy and energy against exhaustive search."""

from __future__ import annotations

from pathlib import Path

import pytest
from oracles.adapted_best import best
from oracles.adapted_instances import adapted_document
from oracles.writing import write

import serflow_opt as so

SEEDS = 24
UNITS = {"cost": 1.0, "latency": 1.0, "privacy": 1.0, "energy": 1.0}


@pytest.mark.parametrize("method", ["auto", "milp"])
@pytest.mark.parametrize("seed", range(SEEDS))
def test_optimum(seed: int, method: str, tmp_path: Path) -> None:
    """With compression, protection and variants the answer is the best of all plans, by search and by model."""
    if method == "milp" and seed % 3:
        pytest.skip("the whole model on every third")
    document = adapted_document(seed)
    plan = so.solve(so.load(write(document, tmp_path)), method=method)
    expected = best(document)
    if expected is None:
        assert plan.status == "infeasible"
        return
    assert plan.status == "optimal"
    assert plan.objective.value == pytest.approx(expected.objective, rel=2e-6, abs=1e-13)
