"""Workflows step by step, against enumeration's plans."""

from __future__ import annotations

from pathlib import Path

import pytest
from oracles import workflow as oracle

import serflow_opt as so
from serflow_opt.families.events.stepped import simulate
from serflow_opt.families.workflow.family import WORKFLOW


@pytest.mark.parametrize("seed", range(4))
def test_steps_of_fixed_length_come_to_what_the_plan_says(tmp_path: Path, seed: int) -> None:
    """Time and money of the fastest and of the cheapest plan, both known from enumeration."""
    phases = oracle.drawn(seed, 3, chain=seed % 2 == 0)
    problem = so.load(oracle.write(phases, tmp_path))
    values = list(oracle.plans(phases))
    for goal in ("time", "cost"):
        solution = so.solve(WORKFLOW.changed(problem, {"objective": goal}))
        found = {own.name: own.simulated for own in simulate(problem, solution).figures}
        assert found[goal] == pytest.approx(min(own[goal] for own in values), rel=2e-6)
        assert [found["time"], found["cost"]] == pytest.approx(
            [solution.achieved("time"), solution.achieved("cost")], rel=1e-9
        )


def test_phases_wait_for_their_slowest_function() -> None:
    """Where times scatter phases end later than planned, and money hardly changes: functions are paid while busy."""
    problem = so.load("criteo-workflow")
    found = simulate(problem, times="lognormal", cv=0.3, runs=4, seed=2)
    assert all(own.simulated > own.planned for own in found.parts)
    assert found.figures[1].off == pytest.approx(0, abs=0.03)
    assert found.longest_s >= found.figures[0].simulated
