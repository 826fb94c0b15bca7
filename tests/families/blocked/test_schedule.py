"""List schedules against every order of tasks, and compiled against not."""

from __future__ import annotations

import pytest
from support.small_blocked import FREE, ONE, drawn, shortest

from serflow_opt.families.blocked.evaluate import value
from serflow_opt.families.blocked.exact import exact_starts
from serflow_opt.families.blocked.problem import Blocked, BlockedPlan
from serflow_opt.families.blocked.schedule import starts_of, timed


def test_schedules_against_every_order_of_tasks() -> None:
    """List schedules are plans, never below the bounds; what is solved exactly is the least of all orders."""
    above = 0
    for seed in range(30, 60):
        graph, seconds, edges = drawn(seed)
        own = timed(graph, ONE, FREE, 1)
        for workers in (1, 2, 3):
            least = shortest(seconds, edges, workers)
            listed = float((starts_of(own, workers) + own.seconds).max())
            starts, bound = exact_starts(own, workers)
            assert own.bound(workers) <= least * (1 + 1e-9)
            assert listed >= least * (1 - 1e-9)
            assert float((starts + own.seconds).max()) == pytest.approx(least)
            assert bound == pytest.approx(least)
            above += listed > least * (1 + 1e-9)
            problem = Blocked("", 0, (0,), (ONE,), (workers,), FREE, given=graph)
            assert not value(problem, BlockedPlan(0, 0, 0, starts, graph)).breaches
    assert above > 0
