"""What callers pass: numbers of any kind, no limit, and everything else."""

from __future__ import annotations

import math
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from helpers import load, two_tiers

import serflow_opt as so
from serflow_opt.arguments import Arguments, as_number


@pytest.mark.parametrize(
    ("value", "number"),
    [
        (2, 2.0),
        (0.5, 0.5),
        (np.float32(0.5), 0.5),
        (np.int64(3), 3.0),
        (np.array(1.5), 1.5),
        (Fraction(1, 4), 0.25),
        (math.inf, math.inf),
    ],
)
def test_numbers_of_any_kind_are_numbers(value: Any, number: float) -> None:
    assert as_number(value) == number


@pytest.mark.parametrize("value", [True, np.True_, "1", None, [1], np.array([1.0]), 1j, object(), 10**400, Decimal(1)])
def test_all_else_is_none(value: Any) -> None:
    assert math.isnan(as_number(value))


def test_everything_wrong_is_told_at_once() -> None:
    given = Arguments()
    given.number("gap", -1)
    given.limit("time_limit", "soon")
    given.whole("jobs", 1.5, 1)
    given.one_of("method", "magic", ("auto", "milp"))
    given.one_of("minimize", 3, ("cost",))
    with pytest.raises(so.InputError) as caught, given:
        pass
    places = [problem.place for problem in caught.value.problems]
    assert places == ["gap", "time_limit", "jobs", "method", "minimize"]
    assert str(caught.value.problems[1]) == "time_limit: 'soon'; write a number of at least 0; None: no limit"


@pytest.mark.parametrize("limit", [None, math.inf, np.float64("inf"), np.float32(60.0), np.int32(60), 60])
def test_solve_takes_any_number_as_a_limit(limit: Any, tmp_path: Any) -> None:
    assert so.solve(load(two_tiers(), tmp_path), time_limit=limit, gap=np.float64(1e-6)).status == "optimal"


@pytest.mark.parametrize(
    ("given", "place"),
    [
        ({"time_limit": "1"}, "time_limit"),
        ({"time_limit": math.nan}, "time_limit"),
        ({"gap": None, "method": "magic"}, "method"),
        ({"gap": "small"}, "gap"),
        ({"gap": math.inf}, "gap"),
        ({"threads": -1}, "threads"),
        ({"seed": 0.5}, "seed"),
    ],
)
def test_solve_refuses_what_is_no_argument(given: dict[str, Any], place: str, tmp_path: Any) -> None:
    with pytest.raises(so.InputError) as caught:
        so.solve(load(two_tiers(), tmp_path), **given)
    (problem,) = caught.value.problems
    assert problem.place == place
    assert problem.cure


def test_solve_asks_for_an_instance() -> None:
    with pytest.raises(so.InputError, match=r"instance: 'bert12-sst2'; give what load\(\) returns"):
        so.solve("bert12-sst2")  # type: ignore[arg-type]
