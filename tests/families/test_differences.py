"""Two answers side by side."""

from __future__ import annotations

import pytest

from serflow_opt.families.differences import Differences, differences

ONE = {
    "status": "optimal",
    "seconds": 1.0,
    "objective": {"name": "cost", "value": 2.0},
    "plan": {"placement": [{"stage": 1, "option": "a"}, {"stage": 2, "option": "b"}]},
    "certificate": {"nodes": 3},
}


def test_places_are_named_and_changes_counted() -> None:
    """Rows of lists go by their stage, and 2 -> 3 is +50 %; how the answers were found does not matter."""
    other = {
        "status": "optimal",
        "seconds": 9.0,
        "objective": {"name": "cost", "value": 3.0},
        "plan": {"placement": [{"stage": 1, "option": "a"}, {"stage": 2, "option": "c"}, {"stage": 3, "option": "c"}]},
        "certificate": {"nodes": 5},
    }
    found = differences(ONE, other)
    assert [(row.place, row.first, row.second) for row in found.rows] == [
        ("objective.value", 2.0, 3.0),
        ("plan.placement[2].option", "b", "c"),
        ("plan.placement[3].stage", None, 3),
        ("plan.placement[3].option", None, "c"),
    ]
    assert [row.change for row in found.rows] == [0.5, None, None, None]
    assert Differences.from_dict(found.to_dict()) == found
    assert found.to_frame()["place"][0] == "objective.value"


@pytest.mark.parametrize(
    ("one", "other", "same"), [(1.0, 1.0 + 1e-12, True), (1.0, 1.0 + 1e-6, False), (0, None, False), (True, 1, True)]
)
def test_rounding_is_no_difference(one: object, other: object, same: bool) -> None:
    """Numbers that agree to nine digits are the same; nothing is not 0."""
    assert (differences({"x": one}, {"x": other}).rows == ()) == same
