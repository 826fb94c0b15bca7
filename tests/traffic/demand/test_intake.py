"""Measurements that are late, missing, repeated or absurd."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from serflow_opt.traffic.demand.intake import DAY_S, FAR_S, Intake


def test_good_measurements_pass() -> None:
    """Counts in order go through as they are, without a word."""
    intake = Intake()
    values, wrong = intake.take(0, [3.0, 4.0])
    assert (values.tolist(), wrong, intake.until_s) == ([3.0, 4.0], [], 2)


def test_repeated_seconds_are_taken_once() -> None:
    """Seconds sent twice count once, and who sent them is told."""
    intake = Intake(until_s=5)
    values, wrong = intake.take(3, [1.0, 2.0, 30.0])
    assert values.tolist() == [30.0]
    assert wrong == ["2 s before second 5 came late or twice and are dropped"]
    assert intake.until_s == 6


def test_late_seconds_are_dropped() -> None:
    """What comes after its second was counted as missing is dropped and told."""
    intake = Intake(until_s=50)
    values, wrong = intake.take(10, [1.0, 2.0])
    assert not len(values)
    assert "late" in wrong[0]
    assert intake.until_s == 50


def test_missing_seconds_are_not_zeros() -> None:
    """A gap is unknown, not silent traffic: machines would be stopped for a lost message."""
    intake = Intake(until_s=2)
    values, wrong = intake.take(4, [9.0])
    assert np.isnan(values[:2]).all()
    assert values[2] == 9.0
    assert wrong == ["seconds 2 to 3 are missing"]


def test_what_is_no_count_is_dropped() -> None:
    """Counts that are no numbers are treated as not seen, and told."""
    values, wrong = Intake().take(0, [1.0, -2.0, math.inf])
    assert values[0] == 1.0
    assert np.isnan(values[1:]).all()
    assert wrong == ["2 s with counts that are no numbers of requests are dropped"]


def test_one_absurd_second_is_not_believed_two_are_a_burst() -> None:
    """A single absurd count is taken for an error of measurement; a second one in a row is traffic."""
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
    """Ten times the usual is possible, and must not be thrown away."""
    intake = Intake()
    intake.take(0, [200.0] * 5)
    values, wrong = intake.take(5, [2000.0, 2000.0])
    assert values.tolist() == [2000.0, 2000.0]
    assert not wrong


def test_no_time_is_told() -> None:
    """A moment that is none is refused and told, and no count is taken with it."""
    for moment in (math.nan, math.inf, -1.0, 1e17):
        values, wrong = Intake().take(moment, [1.0])
        assert not len(values)
        assert wrong


def test_the_clock_starts_where_the_first_measurement_does() -> None:
    """Seconds since 1970 are as good a clock as seconds since the start."""
    intake = Intake()
    values, wrong = intake.take(1.76e9, [3.0, 4.0])
    assert (values.tolist(), wrong, intake.until_s) == ([3.0, 4.0], [], 1_760_000_002)


@pytest.mark.parametrize("jump", [FAR_S + 1, 86_400, 31_536_000, 1_760_000_000, 10**15])
def test_a_clock_that_jumps_is_believed_the_second_time(jump: int) -> None:
    """The gap is bridged by at most two days, at the same time of day."""
    intake = Intake()
    intake.take(0, [1.0] * 60)
    values, wrong = intake.take(60 + jump, [2.0] * 60)
    assert not len(values)
    assert "not believed yet" in wrong[0]
    values, wrong = intake.take(120 + jump, [3.0] * 60)
    gap = values[:-60]
    assert np.isnan(gap).all()
    assert len(gap) <= 2 * DAY_S
    assert len(gap) % DAY_S == (jump + 60) % DAY_S
    assert values[-60:].tolist() == [3.0] * 60
    assert wrong == [f"seconds 60 to {119 + jump} are missing"]
    assert intake.until_s == 180 + jump


def test_a_clock_that_is_set_back_is_believed_the_second_time() -> None:
    """A clock that stays back was set; counting goes on from there."""
    intake = Intake(until_s=1_760_000_000)
    assert not len(intake.take(0, [1.0] * 60)[0])
    values, wrong = intake.take(60, [2.0] * 60)
    assert values.tolist() == [2.0] * 60
    assert wrong == ["the clock was set back from second 1760000000 to 60"]
    assert intake.until_s == 120


def test_one_measurement_from_elsewhere_does_no_harm() -> None:
    """An hour-old message, and one of a broken clock, between good ones."""
    intake = Intake(until_s=10_000)
    for elsewhere in (0, 10**9, 5000):
        known = intake.until_s
        assert known is not None
        assert not len(intake.take(elsewhere, [9.0] * 60)[0])
        values, wrong = intake.take(known, [1.0] * 60)
        assert (values.tolist(), wrong) == ([1.0] * 60, [])


def test_more_than_there_can_be_is_never_believed() -> None:
    """Counts beyond all machines are no traffic, however often they come."""
    values, wrong = Intake().take(0, [1e300, 1e300, 1e300, 5.0])
    assert np.isnan(values).tolist() == [True, True, True, False]
    assert wrong == ["3 s with counts that are no numbers of requests are dropped"]


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(st.lists(st.tuples(st.integers(-5, 60), st.lists(st.floats(), max_size=6)), max_size=12))
def test_the_clock_never_goes_back_and_nothing_bad_comes_out(measured: list[tuple[int, list[float]]]) -> None:
    """Whatever comes in, what comes out is finite counts, or none, without a second twice."""
    intake = Intake()
    for start, counts in measured:
        before = intake.until_s
        values, _ = intake.take(start, counts)
        if intake.until_s != before:
            assert intake.until_s == (start if before is None else before) + len(values)
        known = values[~np.isnan(values)]
        assert (known >= 0).all()
        assert np.isfinite(known).all()
