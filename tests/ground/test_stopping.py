"""Ctrl-C: the first press keeps what was found, the second ends all, and others' handlers are left alone."""

from __future__ import annotations

import math
import signal
import threading
import time
from collections.abc import Iterator

import pytest

from serflow_opt.ground import stopping
from serflow_opt.ground.deadline import Deadline
from serflow_opt.ground.stopping import Stop, stoppable


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Give the time to be, in its only entry."""
    now = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    return now


@pytest.fixture(autouse=True)
def nothing_pressed(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Forget presses of other tests, and leave the handler as it was."""
    monkeypatch.setattr(stopping, "_last_press", -math.inf)
    before = signal.getsignal(signal.SIGINT)
    yield
    assert signal.getsignal(signal.SIGINT) is before


def press() -> None:
    signal.raise_signal(signal.SIGINT)


def test_the_first_press_ends_what_has_a_deadline_and_the_second_everything() -> None:
    """One Ctrl-C keeps what was found, two end the process."""
    with stoppable() as outer:
        with stoppable() as inner:
            assert inner is outer
            deadline = Deadline()
            assert not stopping.ever_pressed()
            press()
            assert stopping.ever_pressed()
            assert (deadline.expired, deadline.left) == (True, 0.0)
            assert Deadline(100.0).expired  # nor does anything new begin
        with pytest.raises(KeyboardInterrupt):
            press()


def test_a_press_soon_after_that_of_an_earlier_call_ends_everything(clock: list[float]) -> None:
    """A loop of short calls ends."""
    with stoppable():
        press()
    clock[0] += stopping.AGAIN_S / 2
    with pytest.raises(KeyboardInterrupt), stoppable():
        press()
    clock[0] += 2 * stopping.AGAIN_S
    with stoppable() as stop:
        press()
    assert stop.pressed


def test_a_second_press_waits_for_foreign_code() -> None:
    """Compiled code is not left in the middle: the second press comes when it returns."""
    done = []

    def foreign(stop: Stop) -> None:
        with stop.held():
            press()
            press()
            done.append(stop.again)

    with stoppable() as stop, pytest.raises(KeyboardInterrupt):
        foreign(stop)
    assert done == [True]


def test_other_threads_and_own_handlers_are_left_alone() -> None:
    """Libraries must not take a program's own Ctrl-C from it."""
    seen: list[object] = []

    def elsewhere() -> None:
        with stoppable() as stop:
            seen.append(stop.pressed)

    thread = threading.Thread(target=elsewhere)
    thread.start()
    thread.join()
    assert seen == [False]
    own = lambda number, frame: seen.append(number)  # noqa: E731
    before = signal.signal(signal.SIGINT, own)
    try:
        with stoppable() as stop:
            press()
            assert signal.getsignal(signal.SIGINT) is own
        assert (stop, seen[-1]) == (Stop(), signal.SIGINT)
    finally:
        signal.signal(signal.SIGINT, before)
