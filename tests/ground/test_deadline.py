"""Deadlines, on a clock that tests turn."""

from __future__ import annotations

import math
import pickle
import signal
import time
from collections.abc import Iterator
from typing import Any

import pyomo.core as pyo
import pytest
from support import tiny

from serflow_opt.backend.matrix import ROWS, compile_model
from serflow_opt.formulations.model import build
from serflow_opt.ground import stopping
from serflow_opt.ground.deadline import NEVER, Deadline, OutOfTime
from serflow_opt.ground.stopping import stoppable
from serflow_opt.search.prune import prune


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


def test_a_deadline_counts_down_and_expires(clock: list[float]) -> None:
    """Time left falls to zero and not below; at zero it is over."""
    deadline = Deadline(2.0)
    clock[0] = 101.5
    assert (deadline.seconds, deadline.left, deadline.expired) == (1.5, 0.5, False)
    deadline.check()
    clock[0] = 102.0
    assert (deadline.left, deadline.expired) == (0.0, True)
    with pytest.raises(OutOfTime):
        deadline.check()
    clock[0] = 110.0
    assert deadline.left == 0.0


@pytest.mark.parametrize("seconds", [None, math.inf])
def test_no_limit_never_expires(clock: list[float], seconds: float | None) -> None:
    """Without a limit there is always time."""
    deadline = Deadline(seconds)
    clock[0] = 1e12
    assert (deadline.left, deadline.left_or_none, deadline.limited, deadline.expired) == (math.inf, None, False, False)
    assert not NEVER.expired


def test_a_later_deadline_keeps_its_beginning_and_its_stop(clock: list[float]) -> None:
    """Added time is counted from the old beginning, and Ctrl-C still ends it."""
    with stoppable() as stop:
        deadline = Deadline(1.0)
        clock[0] = 101.2
        later = deadline.later(0.5)
        assert (deadline.expired, later.expired, later.seconds) == (True, False, pytest.approx(1.2))
        assert later.left == pytest.approx(0.3)
        stop.pressed = True
        assert later.expired
        assert not Deadline(None).later(1.0).limited


def test_what_is_sent_to_another_process_ends_at_the_same_moment(
    clock: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker with another clock ends when the caller expects it, time in the queue included."""
    day = [5000.0]
    monkeypatch.setattr(time, "time", lambda: day[0])
    sent = pickle.dumps(Deadline(10.0))
    clock[0], day[0] = 7.0, 5004.0  # another machine's clock; four seconds in a queue
    assert pickle.loads(sent).left == pytest.approx(6.0)
    assert not pickle.loads(pickle.dumps(Deadline())).limited


def test_models_are_not_built_beyond_it() -> None:
    """A large model takes seconds in Python alone."""
    late, instance = Deadline(0.0), tiny.two_stages()
    built = build(instance)
    assert len(compile_model(built.model)[0].row_low) < ROWS
    for work in (lambda: build(instance, deadline=late), lambda: compile_model(many_rows(ROWS), late)):
        with pytest.raises(OutOfTime):
            work()


def test_what_is_known_is_kept_where_thresholds_are_not_bounded_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was proven before time ran out is kept."""

    def late(*given: object) -> None:
        raise OutOfTime

    instance = tiny.two_stages(accuracy_min=0.9)
    pruned = prune(instance, {"cost": 1.0})
    monkeypatch.setattr("serflow_opt.search.prune.forced_levels", late)
    without = prune(instance, {"cost": 1.0})
    assert pruned is not None
    assert without is not None
    assert (without.bound, without.start, without.levels) == (pruned.bound, pruned.start, None)


def many_rows(count: int) -> Any:
    """A model of so many rows."""
    m = pyo.ConcreteModel()
    m.x = pyo.Var(bounds=(0.0, 1.0))
    m.row = pyo.Constraint(range(count), rule=lambda m, i: m.x <= i + 1)
    m.objective = pyo.Objective(expr=m.x)
    return m
