"""Classifiers that are on or off, and inputs that run on, against the listing of all plans."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from oracles.ramps import best_with_ramps, plans_with_ramps, ramp_document
from oracles.writing import write

import serflow_opt as so


def agree(seed: int, folder: Path, method: str) -> None:
    document = ramp_document(seed)
    expected = best_with_ramps(document)
    plan = so.solve(so.load(write(document, folder)), method=method, gap=1e-7)
    if expected is None:
        assert plan.status == "infeasible"
    else:
        assert plan.status == "optimal"
        assert plan.objective.value == pytest.approx(expected, rel=2e-7)


@pytest.mark.parametrize("seed", range(10))
def test_best_plan_is_that_of_the_listing(seed: int, tmp_path: Path) -> None:
    """The plan found is as good as the best of all sets of classifiers, placements and thresholds."""
    agree(seed, tmp_path, "auto")


@pytest.mark.parametrize("seed", range(3))
def test_whole_model_agrees(seed: int, tmp_path: Path) -> None:
    """The whole model finds the same."""
    agree(seed, tmp_path, "milp")


@pytest.mark.parametrize("seed", range(3))
def test_front_is_that_of_the_listing(seed: int, tmp_path: Path) -> None:
    """The front of cost and latency has the points that no plan of the listing beats."""
    document = ramp_document(seed)
    values = plans_with_ramps(document)
    best = values[np.lexsort(values.T[::-1])]
    best = best[best[:, 1] < np.concatenate([[np.inf], np.minimum.accumulate(best[:, 1])[:-1]]) * (1 - 1e-9)]
    front = so.pareto(so.load(write(document, tmp_path)), ["cost", "latency"])
    measure = document["workload"].get("latency_measure", "worst")
    found = [(own.metrics.cost_usd_per_request, own.metrics.latency_ms(measure)) for own in front.plans]
    assert front.complete
    assert np.asarray(found).reshape(-1, 2) == pytest.approx(best, rel=1e-6)
