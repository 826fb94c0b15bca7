"""Measurements that are late, missing, repeated or absurd."""

from __future__ import annotations

import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from serflow_opt.traffic.intake import Intake


def test_good_measurements_pass() -> None:
    intake = Intake()
    values, wrong = intake.take(0, [3.0, 4.0])
    assert (values.tolist(), wrong, intake.until_s) == ([3.0, 4.0], [], 2)


def test_repeated_seconds_are_taken_once() -> None:
    intake = Intake(until_s=5)
    values, wrong = intake.take(3, [1.0, 2.0, 30.0])
    assert values.tolist() == [30.0]
    assert wrong == ["2 s before second 5 came late or twice and are dropped"]
    assert intake.until_s == 6


def test_late_seconds_are_dropped() -> None:
    intake = Intake(until_s=50)
    values, wrong = intake.take(10, [1.0, 2.0])
    assert not len(values)
    assert "late" in wrong[0]
    assert intake.until_s == 50


def test_missing_seconds_are_not_zeros() -> None:
    intake = Intake(until_s=2)
    values, wrong = intake.take(4, [9.0])
    assert np.isnan(values[:2]).all()
    assert values[2] == 9.0
    assert wrong == ["seconds 2 to 3 are missing"]


def test_what_is_no_count_is_dropped() -> None:
    values, wrong = Intake().take(0, [1.0, -2.0, math.inf])
    assert values[0] == 1.0
    assert np.isnan(values[1:]).all()
    assert wrong == ["2 s with counts that are no numbers of requests are dropped"]


def test_one_absurd_second_is_not_believed_two_are_a_burst() -> None:
    intake = Intake()
    intake.take(0, [100.0] * 5)
    values, wrong = intake.take(5, [1e7, 100.0])
    assert math.isnan(values[0])
    assert values[1] == 100.0
    assert "not believed" in wrong[0]
    values, _ = intake.take(7, [1e7, 1e7, 1e7])
    assert math.isnan(values[0])
    assert values[1:].tolist() == [1e7, 1e7]


def test_a_burst_of_ten_times_is_believed() -> None:
    intake = Intake()
    intake.take(0, [200.0] * 5)
    values, wrong = intake.take(5, [2000.0, 2000.0])
    assert values.tolist() == [2000.0, 2000.0]
    assert not wrong


def test_no_time_is_told() -> None:
    values, wrong = Intake().take(math.nan, [1.0])
    assert not len(values)
    assert wrong


@given(st.lists(st.tuples(st.integers(-5, 60), st.lists(st.floats(), max_size=6)), max_size=12))
def test_the_clock_never_goes_back_and_nothing_bad_comes_out(measured: list[tuple[int, list[float]]]) -> None:
    intake = Intake()
    for start, counts in measured:
        before = intake.until_s
        values, _ = intake.take(start, counts)
        assert intake.until_s == before + len(values)
        known = values[~np.isnan(values)]
        assert (known >= 0).all()
        assert np.isfinite(known).all()
