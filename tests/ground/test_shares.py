"""Bounds of shares that were counted, against the binomial law that defines them."""

from __future__ import annotations

import math

import pytest

from serflow_opt.ground.shares import interval, lower_bound, upper_bound


def at_least(k: int, n: int, p: float) -> float:
    """The chance of k or more of n, summed."""
    return math.fsum(math.comb(n, j) * p**j * (1 - p) ** (n - j) for j in range(k, n + 1))


@pytest.mark.parametrize(("right", "count"), [(1, 1), (3, 10), (9, 10), (50, 60)])
def test_the_lower_bound_makes_what_was_seen_just_rare(right: int, count: int) -> None:
    """Clopper and Pearson: with the bound as share, so many or more come with 1 less the confidence exactly."""
    bound = lower_bound(right, count, 0.95)
    assert at_least(right, count, bound) == pytest.approx(0.05, rel=1e-9)


@pytest.mark.parametrize(("right", "count"), [(0, 5), (3, 10), (9, 10)])
def test_the_upper_bound_is_the_lower_one_of_the_opposite(right: int, count: int) -> None:
    """Who was wrong so often was right the rest of the time."""
    assert upper_bound(right, count, 0.9) == pytest.approx(1 - lower_bound(count - right, count, 0.9), rel=1e-12)


def test_nothing_seen_leaves_everything_open() -> None:
    """Without tries the share may be anything; never or always seen leaves one end open."""
    assert interval(0, 0) == (0.0, 1.0)
    assert lower_bound(0, 7, 0.95) == 0.0
    assert upper_bound(7, 7, 0.95) == 1.0


def test_the_interval_errs_by_half_at_either_end() -> None:
    """Of an interval at 90 % each end is a bound at 95 %."""
    assert interval(4, 9, 0.9) == (lower_bound(4, 9, 0.95), upper_bound(4, 9, 0.95))
