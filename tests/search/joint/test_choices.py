"""Placements as loads and weights by segment, against the exact evaluator."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from oracles.writing import write
from support.joint import document

import serflow_opt as so
from serflow_opt.plan.evaluator import evaluate
from serflow_opt.search.joint.choices import choices
from serflow_opt.search.joint.grid import Grid
from serflow_opt.search.prune import decision_at


@pytest.mark.parametrize("accounting", ["reserved", "per-request"])
def test_values_at_a_reach_are_those_of_the_evaluator(accounting: str, tmp_path: Path) -> None:
    """Every placement at a few choices of thresholds, machines whole where they are rented; nothing pays to stay."""
    made = document()
    made["objective"]["accounting"] = accounting
    made["workload"] = {"rate_per_s": 10.0}
    instance = so.load(write(made, tmp_path))
    found = choices(instance, "cost")
    assert found is not None
    assert len(found) == found.listed
    assert found.monotone()
    grid = Grid.of(instance, True)
    assert instance.samples is not None
    for levels in ([0] * (grid.exits - 1), [count - 1 for count in grid.levels]):
        counts, _ = grid.follow(np.array([levels]))
        values = found.values(counts[0] / grid.samples)
        at = np.zeros(len(instance.stages), dtype=np.int64)
        for stage, level, menu in zip(instance.samples.classifier_stages, levels, grid.menu, strict=False):
            at[stage - 1] = menu[level]
        for row in range(len(found)):
            metrics = evaluate(instance, decision_at(found.data, found.paths, row, at))
            if found.paths.stages[row] == len(instance.stages) or np.isfinite(values[row]):  # else some go on
                assert values[row] == pytest.approx(metrics.cost_usd_per_request, rel=1e-9)
