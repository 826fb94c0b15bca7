"""The fluid of workers over time, by hand and against schedules."""

from __future__ import annotations

import pytest
from support.small_blocked import FREE, ONE, drawn

from serflow_opt.families.blocked.fluid import fluid_workers
from serflow_opt.families.blocked.graphs import graph_of
from serflow_opt.families.blocked.schedule import starts_of, timed


def test_a_chain_takes_one_worker_and_one_start() -> None:
    """Of four tasks of a 2 x 2 Cholesky each waits for the one before: work and a start, no less; not in less time."""
    own = timed(graph_of("cholesky", 20, 10), ONE, FREE, 1)
    found = fluid_workers(own, own.path, 7.0, 10)
    assert found is not None
    assert found.worker_s == pytest.approx(own.work + 7, rel=1e-6)
    assert fluid_workers(own, own.path * 0.99, 7.0, 10) is None


def test_side_by_side_tasks_in_half_the_time_take_twice_the_workers() -> None:
    """No edges: work over the time is the number of workers, all of whom start."""
    graph, seconds, _ = drawn(1)
    apart = type(graph)(graph.kinds, graph.kind, graph.ends * 0, graph.after[:0], graph.waits * 0)
    own = timed(apart, ONE, FREE, 1)
    time = max(*seconds, sum(seconds) / 2)
    found = fluid_workers(own, time, 1.0, 10)
    assert found is not None
    assert found.worker_s <= sum(seconds) + len(seconds)
    assert found.worker_s >= sum(seconds) + sum(seconds) / time - 1e-6


def test_no_schedule_takes_less() -> None:
    """Constant workers, and those that leave with their last task, are never below the bound for their time."""
    for seed in range(3):
        graph, seconds, _ = drawn(seed, 9)
        own = timed(graph, ONE, FREE, 1)
        for workers in (1, 3):
            makespan = float((starts_of(own, workers) + own.seconds).max())
            found = fluid_workers(own, makespan, 0.5, workers)
            assert found is not None
            assert found.worker_s <= workers * (makespan + 0.5) * (1 + 1e-9)
            assert found.worker_s >= sum(seconds) * (1 - 1e-9)
