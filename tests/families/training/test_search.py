"""Trainings by search and by model, against enumeration."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from oracles import training as oracle
from support.drawn_training import KEYS, small
from support.training import write

import serflow_opt as so
from serflow_opt.families.training.family import TRAINING
from serflow_opt.families.witnessed import solve_witnessed
from serflow_opt.search.outcome import SearchSettings


@pytest.mark.parametrize("seed", range(3))
def test_search_and_model_find_the_best_of_all(tmp_path: Path, seed: int) -> None:
    """Every quantity, without limits and within some that a plan meets."""
    case, draw = small(seed), random.Random(seed)
    problem = so.load(write(case, tmp_path))
    values = [own for own, _ in oracle.plans(case)]
    for n, goal in enumerate(oracle.QUANTITIES):
        pick, names = draw.choice(values), draw.sample(oracle.QUANTITIES, draw.randint(1, 3))
        limits = {name: pick[name] * (0.999 if name == "accuracy" else 1.001) for name in names if n % 3}
        best = oracle.best(values, goal, limits)
        changes = {KEYS[name][0]: most * KEYS[name][1] for name, most in limits.items()}
        asked = TRAINING.changed(problem, {"objective": goal, **changes})
        solution = so.solve(asked)
        assert solution.status == "optimal"
        assert solution.objective.value == pytest.approx(best * KEYS[goal][1], rel=2e-6)
        if n == seed:
            found = solve_witnessed(TRAINING, asked, {goal: 1.0}, SearchSettings(1e-6))
            assert abs(found.value) == pytest.approx(best, rel=2e-6)
