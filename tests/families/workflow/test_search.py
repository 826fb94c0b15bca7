"""Fronts of phases merged one behind the other, and the model, against every plan there is."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from oracles import workflow as oracle

import serflow_opt as so
from serflow_opt.families.witnessed import solve_witnessed
from serflow_opt.families.workflow.evaluate import value
from serflow_opt.families.workflow.family import WORKFLOW
from serflow_opt.families.workflow.search import front_of, is_chain
from serflow_opt.ground.dominance import nondominated
from serflow_opt.search.outcome import SearchSettings

KEYS = {"time": "deadline_s", "cost": "budget_usd", "functions": "functions_max"}


@pytest.mark.parametrize("seed", [0, 3, 10, 21])
def test_the_best_plan_is_that_of_enumeration(tmp_path: Path, seed: int) -> None:
    """Chains by search and by model, other graphs by model: of four phases, with limits that some plan keeps."""
    phases, draw = oracle.drawn(seed, 4, chain=seed % 2 == 0), random.Random(seed)
    problem = so.load(oracle.write(phases, tmp_path))
    assert is_chain(problem.data) == (seed % 2 == 0)
    values = list(oracle.plans(phases))
    for goal in oracle.QUANTITIES[:2]:
        pick = draw.choice(values)
        limits = {name: 1.001 * pick[name] for name in draw.sample(oracle.QUANTITIES, 1)}
        best = min(own[goal] for own in values if all(own[name] <= most for name, most in limits.items()))
        changes = {KEYS[name]: most for name, most in limits.items()}
        asked = WORKFLOW.changed(problem, {"objective": goal, **changes})
        solution = so.solve(asked)
        assert solution.status == "optimal"
        assert solution.objective.value == pytest.approx(best, rel=2e-6)
        if is_chain(problem.data):
            assert solve_witnessed(WORKFLOW, asked, {goal: 1.0}, SearchSettings(1e-6)).value == pytest.approx(
                best, rel=2e-6
            )


def test_the_whole_front_of_a_chain_is_that_of_enumeration(tmp_path: Path) -> None:
    """Every undominated point in time, money and functions, and each plan is worth what its label says."""
    import numpy as np

    phases = oracle.drawn(8, 4, chain=True)
    data = so.load(oracle.write(phases, tmp_path)).data
    found = front_of(data, {})
    every = np.array([[own[name] for name in oracle.QUANTITIES] for own in oracle.plans(phases)])
    best = every[nondominated(np.round(every, 9))]
    points = np.array([point for point, _ in found])
    assert np.allclose(sorted(points.tolist()), sorted(best.tolist()), rtol=1e-9)
    for point, plan in found:
        values = value(data, plan).values
        assert [values[name] for name in oracle.QUANTITIES] == pytest.approx(point, rel=1e-9)
