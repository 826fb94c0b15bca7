"""The best row of a menu within limits, by plain arithmetic."""

from __future__ import annotations

import numpy as np
import pytest

from serflow_opt.families.rows import best_row

VALUES = {"time": np.array([3.0, 1.0, 2.0, 1.0]), "cost": np.array([1.0, 4.0, 2.0, 3.0])}


@pytest.mark.parametrize(
    ("goal", "limits", "expected"),
    [
        ({"time": 1.0}, {}, (1, 1.0)),  # of equal rows the first
        ({"time": 7.0}, {}, (1, 1.0)),  # one quantity alone as it is
        ({"time": 1.0}, {"cost": 3.0}, (3, 1.0)),  # exactly at its limit
        ({"time": 1.0}, {"cost": 2.9}, (2, 2.0)),
        ({"time": 1.0, "cost": 1.0}, {}, (0, 4.0)),  # 4, 5, 4, 4
        ({"time": 2.0, "cost": 0.5}, {}, (3, 3.5)),  # 6.5, 4, 5, 3.5
        ({"time": 1.0}, {"time": 1.5, "cost": 2.0}, None),
    ],
)
def test_the_best_row_by_hand(goal: dict[str, float], limits: dict[str, float], expected: object) -> None:
    """Goal, limits met exactly, ties and no row at all."""
    assert best_row(VALUES, goal, limits) == expected


def test_no_rows_have_no_best() -> None:
    """An empty menu is no error."""
    assert best_row({"time": np.array([])}, {"time": 1.0}, {}) is None
