"""The best decision for one floor after another."""

from __future__ import annotations

from pathlib import Path

import pytest
from oracles.writing import write
from support.joint import document

import serflow_opt as so
from serflow_opt.search.joint.floors import Solver
from serflow_opt.search.outcome import SearchSettings


def test_a_higher_floor_never_costs_less_and_no_more_than_asked_is_solved_twice(tmp_path: Path) -> None:
    """One grid serves all floors; each answer is that of an instance with this floor, and the last has none."""
    instance = so.load(write(document(), tmp_path))
    solver = Solver(instance, SearchSettings())
    values = []
    for floor in (None, 0.5, 0.6, 0.7):
        found = solver.solve(floor)
        assert not found.infeasible
        assert found.value == pytest.approx(so.solve(instance.with_limits(accuracy_min=floor)).objective.value)
        assert found.bound <= found.value * (1 + 1e-9)
        values.append(found.value)
    assert values == sorted(values)
    most = solver.most_accurate()
    assert not solver.solve(most).infeasible
    beyond = solver.solve(1.0)
    assert (beyond.infeasible, beyond.decision) == (True, None)
