"""Looks at a simulation that goes on, and intervals that hold at each of them."""

from __future__ import annotations

import math

import numpy as np
import pytest

from serflow_opt.traffic.confirm.looks import interval, schedule, spent


@pytest.mark.parametrize(("most", "looks"), [(1, [2]), (4, [4]), (5, [4, 5]), (20, [4, 8, 16, 20])])
def test_looks_double(most: int, looks: list[int]) -> None:
    """After 4 rounds, then twice as many each time; the last look is at all, and never at fewer than two."""
    assert schedule(most) == looks


def test_the_interval_is_students_below_and_wider_above() -> None:
    """Of 1, 2 and 3 with t(0.975, 2) = 4.302653: 2 - 4.302653 / sqrt(3); the upper end allows for rare lateness."""
    low, high = interval([1.0, 2.0, 3.0], [1.0, 2.0, 3.0], 0.0, 0.05)
    half = 4.302653 / math.sqrt(3)
    assert low == pytest.approx(2 - half, rel=1e-6)
    assert high > 2 + half
    # the largest m whose distance from 2 is t sqrt(m / 2 / 3), as the variance is half the mean
    assert (high - 2) ** 2 == pytest.approx(4.302653**2 * high / 2 / 3, rel=1e-6)


def test_nobody_late_is_not_a_promise() -> None:
    """Rounds without a late request leave room above, by the least variance that is believed."""
    zeros = np.zeros(9)
    assert interval(zeros, zeros, 0.0, 0.05) == (0.0, 0.0)
    assert interval(zeros, zeros, 0.01, 0.05)[1] == pytest.approx(2.306004**2 * 0.01 / 9, rel=1e-5)
    assert interval([0.0, 0.0], [0.0, math.inf], 0.0, 0.05)[1] == math.inf


def test_looks_spend_what_they_may() -> None:
    """Half is for the last look, and all of it for the only one."""
    assert spent(1, 0.01) == [0.01]
    assert spent(3, 0.01) == pytest.approx([0.0025, 0.0025, 0.005])
    assert sum(spent(12, 0.01)) == pytest.approx(0.01)
