"""Phases that wait for each other: a golden file, and the optimum of a small model against all its schedules."""

from __future__ import annotations

import itertools

import pyomo.core as pyo
import pytest
from support.golden_parts import cases_of, holds

from serflow_opt.backend.highs import HighsModel
from serflow_opt.formulations.workflow import FlowRow, phases_model

TRAIN = [FlowRow(100.0, 70.0, 2.0, 0.5, 5.0, (0, 1)), FlowRow(60.0, 40.0, 9.0, 0.25, 8.0, (1, 1))]
MAPS = [FlowRow(50.0, 50.0, 1.0, 0.0, 10.0, None), FlowRow(25.0, 25.0, 3.0, 0.0, 40.0, None)]


@pytest.mark.parametrize("name", cases_of("workflow"))
def test_golden(name: str) -> None:
    """Rows, servers that stay and times are written as they were checked by hand."""
    holds(name)


def every() -> list[dict[str, float]]:
    """Train, map, train: all rows, and servers of the same kind kept over the map or not."""
    found = []
    for a, b, c in itertools.product(TRAIN, MAPS, TRAIN):
        for kept in (False, True) if a.servers == c.servers else (False,):
            last = c.kept_s if kept else c.seconds
            usd = a.usd + b.usd + c.usd + a.rent * a.seconds + c.rent * last + kept * a.rent * b.seconds
            most = max(a.functions, b.functions, c.functions)
            found.append({"time": a.seconds + b.seconds + last, "cost": usd, "functions": most})
    return found


@pytest.mark.parametrize("goal", ["time", "cost", "functions"])
@pytest.mark.parametrize("most", [None, 185.0])
def test_the_optimum_is_that_of_all_schedules(goal: str, most: float | None) -> None:
    """Each quantity by itself, and within 185 s where some are."""
    m, parts = phases_model([TRAIN, MAPS, TRAIN], [(), (0,), (1,)], [set(), {0}, {0, 1}], [[0], [1], [2]])
    m.objective = pyo.Objective(expr=parts[goal])
    if most is not None:
        m.within = pyo.Constraint(expr=parts["time"] <= most)
    best = min(own[goal] for own in every() if most is None or own["time"] <= most)
    assert HighsModel(m).solve(gap=1e-9).bound == pytest.approx(best, rel=1e-6)
