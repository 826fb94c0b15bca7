"""What tables of families are made of."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from serflow_opt.errors import Problem
from serflow_opt.families.tables import CountsTable, check_names, numbers_of


def test_counts_end_at_or_before_their_last() -> None:
    """A step that passes the end stops before it; a list is sorted, each number once."""
    assert CountsTable.model_validate({"from": 2, "to": 9, "step": 3}).values() == [2, 5, 8]
    assert CountsTable.model_validate({"from": 4, "to": 4}).values() == [4]
    assert numbers_of([3, 1, 3]) == [1, 3]
    with pytest.raises(ValidationError, match="at least as large"):
        CountsTable.model_validate({"from": 5, "to": 4})


def test_a_name_that_stands_twice_is_told_where_it_stands_again() -> None:
    """The second and the third of a name are faults, the first is none; other tables may use it."""
    problems: list[Problem] = []
    check_names({"option": ["a", "b", "a", "a"], "channel": ["a"]}, "f.toml", problems)
    assert [(own.place, own.found) for own in problems] == [("option[3].name", "'a'"), ("option[4].name", "'a'")]
