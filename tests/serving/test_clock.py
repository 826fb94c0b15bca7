"""The service's clock while that on the wall is set forward and back."""

from __future__ import annotations

import pytest
from support.serving import START_S, HandClocks


def test_it_goes_on_whatever_the_wall_clock_does() -> None:
    """Set forward by an hour and back by two, ten seconds are ten seconds, and each setting is noticed once."""
    clocks = HandClocks()
    own = clocks.own()
    assert own.now_s() == START_S
    clocks.passes(10)
    clocks.wall_s += 3600
    assert own.look() == pytest.approx(3600)
    assert own.look() == 0
    clocks.wall_s -= 7200
    assert own.look() == pytest.approx(-7200)
    assert own.now_s() == START_S + 10
    assert own.wall_s(own.now_s()) == START_S + 10 - 3600


def test_drift_is_no_setting() -> None:
    """A second in an hour is followed in silence."""
    clocks = HandClocks()
    own = clocks.own()
    clocks.passes(3600)
    clocks.wall_s += 1
    assert own.look() == 0
    assert own.offset_s == pytest.approx(1)


def test_stamps_are_read_by_the_setting_that_they_fit() -> None:
    """After an hour forward, senders that moved with it and senders that did not are both understood."""
    clocks = HandClocks()
    own = clocks.own()
    clocks.wall_s += 3600
    own.look()
    assert own.read(START_S + 3600 - 1, 5, 60) == pytest.approx(START_S - 1)
    assert own.read(START_S - 1, 5, 60) == pytest.approx(START_S - 1)
    assert own.read(START_S + 86_400, 5, 60) == pytest.approx(START_S + 86_400 - 3600)


def test_it_goes_on_from_an_earlier_process() -> None:
    """Also where the wall clock was set before, and not back behind it where it was set back while nobody ran."""
    clocks = HandClocks()
    assert clocks.own((START_S - 500, 0.0)).now_s() == START_S
    assert clocks.own((START_S - 4100, 3600.0)).now_s() == START_S - 3600
    own = clocks.own((START_S + 500, 0.0))
    assert own.now_s() == START_S + 500
    assert own.offset_s == -500
