"""The event simulation, by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from serflow_opt.families.events.graph import Steps
from serflow_opt.families.events.run import Staff, enough, last_path, run, thinned


def diamond() -> Steps:
    """A step of 1 s, then 2, 3 and 4 s side by side, then 5 s."""
    steps = Steps()
    first = steps.add(0, 1.0)
    middle = [steps.add(1, seconds, [first]) for seconds in (2.0, 3.0, 4.0)]
    steps.add(2, 5.0, middle)
    return steps


def test_as_many_workers_as_there_are_do_what_is_ready_by_rank() -> None:
    """With all 1 + 4 + 5 s; with two the 4 s begin behind the 2 s; with one all in turn; starts come on top."""
    steps = diamond()
    tasks, seconds = steps.activities(), np.array(steps.seconds)
    for workers, time in ((3, 10.0), (2, 12.0), (1, 15.0)):
        found = run(tasks, seconds, enough(workers, start_s=7.0))
        assert found.time == pytest.approx(7 + time)
        assert found.worker_s == pytest.approx(workers * found.time)
        assert found.most == workers
    ran = run(tasks, seconds, enough(3))
    assert last_path(ran, seconds, steps.part, 3) == pytest.approx([1.0, 4.0, 5.0])


def test_in_order_nobody_overtakes() -> None:
    """A second chain is ranked behind a step that waits: alone in order it waits, too."""
    steps = Steps()
    steps.add(0, 3.0)
    steps.add(0, 1.0, [0])
    steps.add(0, 1.0)
    tasks, seconds = steps.activities(), np.array(steps.seconds)
    assert run(tasks, seconds, enough(2)).starts.tolist() == [0.0, 3.0, 0.0]
    assert run(tasks, seconds, enough(2, in_order=True)).starts.tolist() == [0.0, 3.0, 3.0]


def test_workers_that_come_at_looks_and_leave_when_idle() -> None:
    """One waits at the first look, so one comes; at the next one nothing waits; it stays until nothing is left."""
    steps = diamond()

    def as_many_as_wait(now: float, waiting: int, here: int) -> int:
        return here + waiting

    found = run(
        steps.activities(), np.array(steps.seconds), Staff(as_many_as_wait, every_s=10.0, start_s=0.5, leave=True)
    )
    assert found.starts.tolist() == [0.5, 1.5, 3.5, 6.5, 10.5]  # the one that came stays while tasks wait
    assert found.worker_s == pytest.approx(15.5)
    assert found.at_work == [(0.5, 1), (15.5, 0)]


def test_workers_by_a_timetable_leave_behind_the_task_they_are_at() -> None:
    """Three until 2 s, then one: two go as they end, the third does the rest."""
    steps = diamond()
    staff = Staff(lambda now, waiting, here: 3 if now < 2 else 1, at=(0.0, 2.0))
    found = run(steps.activities(), np.array(steps.seconds), staff)
    assert found.starts.tolist() == [0.0, 1.0, 1.0, 1.0, 5.0]
    assert found.at_work == [(0.0, 3), (3.0, 2), (4.0, 1), (10.0, 0)]
    assert found.worker_s == pytest.approx(3 + 4 + 10)


def test_tasks_that_nobody_comes_for_are_no_endless_run() -> None:
    """Nobody is ever wanted."""
    steps = diamond()
    with pytest.raises(RuntimeError, match="5 tasks are left"):
        run(steps.activities(), np.array(steps.seconds), enough(0))


def test_a_curve_of_few_points_keeps_the_level_at_each() -> None:
    """1,000 changes as 5 points; of changes at one moment the last one stays."""
    many = [(float(n), n) for n in range(1000)]
    moments, workers = thinned(many, 999.0, 5)
    assert moments == pytest.approx([0.0, 249.75, 499.5, 749.25, 999.0])
    assert workers == [math.floor(own) for own in moments]
    assert thinned([(0.0, 1), (0.0, 3), (2.0, 0)], 2.0) == ([0.0, 2.0], [3, 0])
