"""Exact schedules of small graphs, against every order of tasks."""

from __future__ import annotations

import pytest
from support.small_blocked import FREE, ONE, drawn, shortest

from serflow_opt.families.blocked.exact import exact_starts
from serflow_opt.families.blocked.schedule import timed


@pytest.mark.parametrize("seed", range(6))
def test_an_exact_schedule_is_the_shortest_and_can_be_had(seed: int) -> None:
    """Nothing starts before what it waits for, never more tasks run than workers, and the bound is the makespan."""
    graph, seconds, edges = drawn(seed, 5)
    for workers in (1, 2):
        starts, bound = exact_starts(timed(graph, ONE, FREE, 1), workers)
        ends = [float(s) + t for s, t in zip(starts, seconds, strict=True)]
        best = shortest(seconds, edges, workers)
        assert max(ends) == pytest.approx(best)
        assert bound == pytest.approx(best)
        assert all(starts[j] >= ends[i] - 1e-9 for i, j in edges)
        for moment in starts:
            assert sum(s <= moment + 1e-9 < e - 1e-9 for s, e in zip(starts, ends, strict=True)) <= workers
