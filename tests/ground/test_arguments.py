"""What callers pass: numbers of any kind, no limit, and everything else."""

from __future__ import annotations

import math
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from support.helpers import load, two_tiers

import serflow_opt as so
from serflow_opt.errors import Problem
from serflow_opt.ground.arguments import Arguments, as_number


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
    """Numbers of numpy and Python are taken alike: callers mix them."""
    assert as_number(value) == number


@pytest.mark.parametrize("value", [True, np.True_, "1", None, [1], np.array([1.0]), 1j, object(), 10**400, Decimal(1)])
def test_all_else_is_none(value: Any) -> None:
    """Texts, truth values, lists and numbers beyond floats are no numbers."""
    assert math.isnan(as_number(value))


def test_everything_wrong_is_told_at_once() -> None:
    """All arguments without sense are told in one error, in the order of the call."""
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
    """Infinity and numbers of numpy are limits, too."""
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
    """A wrong argument is refused by its name, with a cure."""
    with pytest.raises(so.InputError) as caught:
        so.solve(load(two_tiers(), tmp_path), **given)
    (problem,) = caught.value.problems
    assert problem.place == place
    assert problem.cure


def test_limits_of_an_instance_take_any_number(tmp_path: Any) -> None:
    """Limits become plain floats, and infinity means none."""
    instance = load(two_tiers(), tmp_path)
    changed = instance.with_limits(rate_per_s=np.int64(3), cost_max_usd=math.inf, accuracy_min=np.float32(0.5))
    assert (changed.rate_per_s, changed.cost_max_usd, changed.accuracy_min) == (3.0, None, 0.5)
    assert type(changed.rate_per_s) is type(changed.accuracy_min) is float


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"rate_per_s": "1"}, "workload.rate_per_s: '1'; write a number above 0"),
        ({"accuracy_min": [0.9]}, r"workload.accuracy_min: \[0.9\]; write a number from 0 to 1"),
        ({"cost_max_usd": 1e-320}, "workload.cost_max_usd: 9.99989e-321; nothing that small can be reckoned with"),
        ({"latency_slo_ms": math.nan}, "workload.latency_slo_ms: nan; write a number above 0"),
    ],
)
def test_limits_that_are_no_numbers(given: dict[str, Any], message: str, tmp_path: Any) -> None:
    """Limits that are none are refused with the key of the file they stand for."""
    with pytest.raises(so.InputError, match=message):
        load(two_tiers(), tmp_path).with_limits(**given)


def test_what_is_wrong_elsewhere_is_told_with_the_rest() -> None:
    """Steps that fail go on, and what was wrong with each is told in the order of the steps."""
    given = Arguments()
    with given.also():
        raise so.InputError([Problem("a", "", "first", "")])
    given.wrong("b", 2, "write 1")
    with given.also():
        raise so.InputError([Problem("c", "", "third", "")])
    assert [str(problem) for problem in given.problems] == ["a: first", "b: 2; write 1", "c: third"]
    with pytest.raises(so.InputError, match="third"), given:
        pass
