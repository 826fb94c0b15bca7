"""Gaps: shares of a value, and what is left where there is no share."""

from __future__ import annotations

import math

import pytest

from serflow_opt.ground.gaps import relative_gap


@pytest.mark.parametrize(
    ("value", "bound", "gap"),
    [
        (10.0, 9.0, 0.1),
        (10.0, 10.0, 0.0),
        (10.0, 11.0, 0.0),  # a bound above by rounding is no negative gap
        (-10.0, -11.0, 0.1),
        (0.0, -0.5, 0.5),  # of 0 there is no share
        (1.0, -math.inf, math.inf),
    ],
)
def test_the_gap_is_a_share_of_the_value(value: float, bound: float, gap: float) -> None:
    """`optimal` is decided by this number: it is never negative, and never divides by zero."""
    assert relative_gap(value, bound) == pytest.approx(gap)
