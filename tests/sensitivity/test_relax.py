"""What a relaxed limit buys: curves that can be had by head, and that no value is solved for in vain."""

from __future__ import annotations

import dataclasses
import math

import pandas as pd
import pytest
from support import tiny
from support.golden_carbon import emitting
from support.tiny import only_split

import serflow_opt as so
from serflow_opt.sensitivity.relax import LIMITS, relax, with_limit


def column(curve: pd.DataFrame, name: str) -> list[object]:
    """A column as a list, unknown values as None."""
    return [None if value != value else value for value in curve[name]]


def test_accuracy() -> None:
    """VM only costs 0.625 + R: R = 0.5 has accuracy 0.88, R = 0.75 0.945, and there is no more of it."""
    curve = relax(tiny.two_stages(), "accuracy_min", [0.96, 0.9, 0.8, 0.88, 0.97])
    assert list(curve.index) == [0.8, 0.88, 0.9, 0.96, 0.97]
    assert curve.index.name == "accuracy_min"
    assert column(curve, "status") == ["optimal", "optimal", "optimal", "infeasible", "infeasible"]
    assert column(curve, "value") == pytest.approx([1.125, 1.125, 1.375, None, None])
    assert column(curve, "bound") == pytest.approx([1.125, 1.125, 1.375, None, None])
    assert column(curve, "tightest") == pytest.approx([0.88, 0.88, 0.945, 0.945, 0.945])
    assert column(curve, "solved") == [True, False, True, True, False]
    assert column(curve, "accuracy") == pytest.approx([0.88, 0.88, 0.945, None, None])
    assert column(curve, "runs_on") == ["1-2 vm: v"] * 3 + [None] * 2


def test_latency() -> None:
    """Worst: VM 3.5 s for 1.125; VM, function 2.75 s for 0.625 + 1.625 / 2; function 1 s for 1.25 + 0.5 / 2."""
    curve = relax(tiny.two_stages(), "latency_slo_ms", [500.0, 1000.0, 3000.0, 3600.0, 5000.0])
    assert column(curve, "value") == pytest.approx([None, 1.5, 1.4375, 1.125, 1.125])
    assert column(curve, "tightest") == pytest.approx([1000.0, 1000.0, 2750.0, 3500.0, 3500.0])
    assert column(curve, "latency_ms") == pytest.approx([None, 1000.0, 2750.0, 3500.0, 3500.0])
    assert column(curve, "solved") == [True, True, True, False, True]


def test_reconstruction_error() -> None:
    """As it is 0.25, noisy 0.75, which costs 0.5 s of encoding at 0.5 for half of the requests."""
    curve = relax(only_split(), "mse_min", [0.1, 0.25, 0.5, 1.0])
    assert column(curve, "value") == pytest.approx([1.4375, 1.4375, 1.5625, None])
    assert column(curve, "tightest") == pytest.approx([0.25, 0.25, 0.75, 0.75])
    assert column(curve, "solved") == [True, False, True, True]


def test_cross_entropy() -> None:
    """A curve over the cross-entropy names its tightest value and the cost on each side of it."""
    curve = relax(only_split(), "cross_entropy_max", [0.1, 0.3, 1.0])
    assert column(curve, "value") == pytest.approx([None, 1.4375, 1.4375])
    assert column(curve, "tightest") == pytest.approx([0.25, 0.25, 0.25])


def test_other_limits() -> None:
    """Of the split by half: leak 1.5 / 2; energy 0.25 + (0.5 + 1) / 2."""
    instance = only_split()
    assert column(relax(instance, "privacy_max", [10.0]), "tightest") == pytest.approx([0.75])
    assert column(relax(instance, "energy_max_j", [10.0]), "tightest") == pytest.approx([1.0])
    assert column(relax(instance, "cost_max_usd", [10.0]), "tightest") == pytest.approx([1.4375])


def test_nothing_crosses() -> None:
    """Then an error is asked of nothing, and any floor will do."""
    instance = dataclasses.replace(tiny.in_ways(), minimize="cost")
    assert column(relax(instance, "mse_min", [0.1, 100.0]), "tightest") == [math.inf, math.inf]


@pytest.mark.parametrize("limit", LIMITS)
def test_limits_are_set_in_their_units(limit: str) -> None:
    """A limit that is set is read back in its unit, and None takes it away."""
    from serflow_opt.problem.limits import limits_of

    instance = emitting()
    assert limits_of(with_limit(instance, limit, 0.5))[limit] == pytest.approx(0.5)
    assert limits_of(with_limit(with_limit(instance, limit, 0.5), limit, None))[limit] is None


def test_what_cannot_be_relaxed() -> None:
    """Misspelt limits, no values, impossible ones and blended objectives are refused."""
    with pytest.raises(so.InputError, match="accuracy_min"):
        relax(tiny.two_stages(), "accuracy", [0.5])
    with pytest.raises(so.InputError, match="values"):
        relax(tiny.two_stages(), "accuracy_min", [])
    with pytest.raises(so.InputError, match="accuracy_min"):
        relax(tiny.two_stages(), "accuracy_min", [2.0])
    weighted = tiny.two_stages(minimize="weighted", weights=(("cost", 1.0), ("latency", 1.0)))
    with pytest.raises(so.InputError, match="weighted"):
        relax(weighted, "accuracy_min", [0.5])


def test_values_that_are_no_numbers() -> None:
    """Each value that is no number is named in one round."""
    with pytest.raises(so.InputError, match=r"values: 'x'; write a number\nvalues: nan; write a number"):
        so.relax(tiny.two_stages(), "latency_slo_ms", ["x", 500.0, math.nan])  # type: ignore[list-item]
