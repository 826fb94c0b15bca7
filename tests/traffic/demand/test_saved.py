"""States read back key by key: what is damaged is named by where it stands."""

from __future__ import annotations

import math
from typing import Any

import pytest

from serflow_opt.errors import InputError
from serflow_opt.traffic.demand.saved import LARGEST, entry, mapping, number, numbers, whole


@pytest.mark.parametrize(
    ("read", "place"),
    [
        (lambda: mapping([1], "blocks[0]"), "blocks[0]"),
        (lambda: entry({}, "mean", "blocks[1]."), "blocks[1].mean"),
        (lambda: number({"mean": True}, "mean"), "mean"),
        (lambda: number({"mean": math.nan}, "mean"), "mean"),
        (lambda: number({"mean": -1.0}, "mean", low=0.0), "mean"),
        (lambda: number({"mean": 2 * LARGEST}, "mean"), "mean"),
        (lambda: whole({"count": 1.5}, "count"), "count"),
        (lambda: numbers({"seen": "12"}, "seen"), "seen"),
        (lambda: numbers({"seen": [1, "x"]}, "seen", "blocks[0]."), "blocks[0].seen[1]"),
    ],
)
def test_each_damage_is_named_by_its_place(read: Any, place: str) -> None:
    """Whoever edited a state finds the key that is wrong."""
    with pytest.raises(InputError) as caught:
        read()
    (problem,) = caught.value.problems
    assert (problem.file, problem.place) == ("state", place)


def test_what_is_in_order_is_returned() -> None:
    """Limits themselves are allowed, whole floats are whole, and None stands for what was not seen."""
    assert number({"x": 3}, "x", low=3.0, high=3.0) == 3.0
    assert whole({"x": 4.0}, "x", low=4.0) == 4
    first, second = numbers({"x": [None, 2]}, "x")
    assert math.isnan(first)
    assert second == 2.0
