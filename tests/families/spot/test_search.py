"""The search for a pool against every pool there is, by loops of its own."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from support.spot_pools import draw

import serflow_opt as so
from serflow_opt.families.registry import get
from serflow_opt.families.spot.groups import groups_of
from serflow_opt.families.spot.search import PoolSearch, Rest, Shortfall
from serflow_opt.families.witnessed import solve_witnessed
from serflow_opt.ground.deadline import Deadline
from serflow_opt.search.outcome import SearchSettings


def signed(goal: str, value: float | None) -> float | None:
    """Return a value of which less is better."""
    return value if value is None or goal != "availability" else -value


@pytest.mark.parametrize("seed", range(24))
def test_no_pool_is_better(tmp_path: Path, seed: int) -> None:
    """Search and model give the optimum of enumeration over all numbers of machines, or that there is none."""
    folder, goal, least = draw(seed, tmp_path)
    problem = so.load(folder)
    plan = so.solve(problem)
    assert plan.status == ("infeasible" if least is None else "optimal")
    assert signed(goal, plan.objective.value) == (None if least is None else pytest.approx(least, rel=2e-6, abs=1e-12))
    if seed < 6:
        found = solve_witnessed(get("spot"), problem, {goal: 1.0}, SearchSettings())
        assert found.infeasible == (least is None)
        if least is not None:
            assert found.value == pytest.approx(least, rel=2e-6, abs=1e-9)


def test_bounds_are_below_what_they_bound(tmp_path: Path) -> None:
    """Jensen's bound of each choice of one group is below the best completion by the others."""
    for seed in range(20):
        problem = so.load(draw(seed, tmp_path)[0])
        pool = problem.data
        groups = groups_of(pool)
        if len(groups) < 2:
            continue
        share = np.array(pool.late)
        curve = Shortfall(share, groups, np.inf)
        nobody = np.zeros((1, len(share)))
        nobody[0, 0] = 1.0
        rest = Rest.of(groups)
        bound = curve.curve(nobody, int(np.ceil(rest.workers[-1])))[0]
        for row in range(len(groups[-1].counts)):
            up = groups[-1].up[row]
            exact = float(up @ share[: len(up)])
            mean = float(groups[-1].mean[row])
            assert np.interp(mean, np.arange(len(bound)), bound) <= exact + 1e-12
            assert rest.price(np.array([mean]))[0] <= groups[-1].cost[row] + 1e-12


def test_what_is_left_open_when_time_is_over(tmp_path: Path) -> None:
    """A search that is stopped tells a bound below every pool; it has looked at one choice at least."""
    for seed in range(40):
        folder, goal, least = draw(seed, tmp_path)
        problem = so.load(folder)
        if goal == "cost" and least is not None and len(groups_of(problem.data)) > 2:
            found = PoolSearch(problem.data, {"cost": 1.0}, problem.limits, 0.0, Deadline(0.0)).run()
            assert found.bound <= least + 1e-9
            assert found.looked == 1
            return
    raise AssertionError("no such instance")
