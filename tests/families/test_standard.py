"""Files, limits and breaches that families share, on a knapsack."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
from support.knapsack import KNAPSACK
from support.sacks import write

import serflow_opt as so
from serflow_opt.families.protocol import Question


def sack(folder: Path, limits: str = "weight_max = 1000") -> Question:
    """Two items of 0.5 and 0.7 kg, worth 3 and 2."""
    problem: Question = so.load(write(folder, "sack", [(3.0, 0.5, 1.0), (2.0, 0.7, 1.0)], limits))
    return problem


def test_limits_are_kept_in_own_units_less_is_better(tmp_path: Path) -> None:
    """1000 g are a ceiling of 1 kg, a least value of 4 one of -4; None takes a limit away."""
    problem = sack(tmp_path)
    assert problem.limits == {"weight": 1.0}
    assert KNAPSACK.changed(problem, {"weight_max": None, "value_min": 4}).limits == {"value": -4.0}
    assert KNAPSACK.held(problem, {"weight": None, "price": 2.0}).limits == {"price": 2.0}
    assert problem.limits == {"weight": 1.0}


def test_wrong_changes_are_told_together(tmp_path: Path) -> None:
    """An unknown limit, one that is no number and an unknown objective: one round of corrections."""
    with pytest.raises(so.InputError) as told:
        KNAPSACK.changed(sack(tmp_path), {"height_max": 1, "weight_max": math.inf, "objective": "beauty"})
    assert [own.place for own in told.value.problems] == ["limits.height_max", "limits.weight_max", "objective"]


def test_a_breach_is_told_in_the_unit_shown_and_relative(tmp_path: Path) -> None:
    """0.5 kg against 400 g are a quarter too much, value 3 against 4 a quarter too little; 500 g are just enough."""
    problem = sack(tmp_path, "weight_max = 400, value_min = 4")
    broken = {own.limit: own for own in KNAPSACK.evaluate(problem, frozenset({"i0"})).breaches}
    assert (broken["weight_max"].value, broken["weight_max"].bound) == pytest.approx((500.0, 400.0))
    assert broken["weight_max"].excess == pytest.approx(0.25)
    assert (broken["value_min"].value, broken["value_min"].bound) == pytest.approx((3.0, 4.0))
    assert broken["value_min"].excess == pytest.approx(0.25)
    met = sack(tmp_path / "met", "weight_max = 500, value_min = 3")
    assert KNAPSACK.evaluate(met, frozenset({"i0"})).breaches == ()
