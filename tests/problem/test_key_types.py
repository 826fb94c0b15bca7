"""What keys of files may hold."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from serflow_opt.problem.key_types import OneOrManyShares, OneOrMoreNames, Positive, Range


@pytest.mark.parametrize(
    ("kind", "given", "expected"),
    [
        (OneOrMoreNames, "a", ["a"]),
        (OneOrMoreNames, ["a", "b"], ["a", "b"]),
        (OneOrManyShares, 0.5, 0.5),
        (OneOrManyShares, [0.0, 1.0], [0.0, 1.0]),
        (Range, [0.0, 2.0], [0.0, 2.0]),
    ],
)
def test_one_may_stand_for_a_list(kind: Any, given: object, expected: object) -> None:
    """A word where several may stand is a list of one; a share stays what it is."""
    assert TypeAdapter(kind).validate_python(given) == expected


@pytest.mark.parametrize(
    ("kind", "given"),
    [(Positive, 0.0), (Positive, float("inf")), (Positive, 1e101), (Range, [1.0]), (OneOrManyShares, 1.5)],
)
def test_what_is_out_of_bounds_is_refused(kind: Any, given: object) -> None:
    """Zero, infinity, numbers beyond 1e100, half a range and shares above 1."""
    with pytest.raises(ValidationError):
        TypeAdapter(kind).validate_python(given)
