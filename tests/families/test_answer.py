"""Answers of any family: what was achieved, and where there is nothing to tell."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.sacks import write

import serflow_opt as so


def test_what_is_achieved_is_told_in_the_unit_shown(tmp_path: Path) -> None:
    """Files and answers speak of grams, the model of kilograms; what a family does not have is told as nothing."""
    solution = so.solve(write(tmp_path, "sack", [(3.0, 0.5, 1.0)], "weight_max = 500"))
    assert solution.achieved("weight") == pytest.approx(500)
    assert solution.achieved("height") is None
    assert solution._said() == "sack: optimal, value 3"


def test_without_a_decision_nothing_is_achieved(tmp_path: Path) -> None:
    """An infeasible answer holds no figure that could be taken for one of a plan."""
    solution = so.solve(write(tmp_path, "sack", [(3.0, 0.5, 1.0)], "value_min = 3.1"))
    assert (solution.status, solution.plan, solution.achieved("value")) == ("infeasible", None, None)
    assert solution._said() == "sack: infeasible"
