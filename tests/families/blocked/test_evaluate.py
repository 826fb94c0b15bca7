"""The witness of task graphs: what it sees, and costs by hand."""

from __future__ import annotations

import numpy as np
import pytest
from support.small_blocked import FREE, ONE

from serflow_opt.families.blocked.evaluate import account, value
from serflow_opt.families.blocked.graphs import graph_from
from serflow_opt.families.blocked.menu import menu_of
from serflow_opt.families.blocked.problem import Blocked, BlockedOption, BlockedPlan, Store, TaskKind


def test_the_witness_sees_what_does_not_hold() -> None:
    """One task before what it waits for, and one worker too many."""
    kinds = (TaskKind("a", 2.0, 0.0, 0.0, 0, 0), TaskKind("b", 3.0, 0.0, 0.0, 0, 0))
    graph = graph_from(kinds, np.array([0, 1]), np.array([0]), np.array([1]))
    problem = Blocked("", 0, (0,), (ONE,), (1, 2), FREE, given=graph)
    assert not value(problem, BlockedPlan(0, 0, 0, np.array([0.0, 2.0]), graph)).breaches
    early = value(problem, BlockedPlan(0, 0, 1, np.array([0.0, 1.0]), graph))
    assert [own.limit for own in early.breaches] == ["order of tasks"]
    both = value(problem, BlockedPlan(0, 0, 0, np.array([0.0, 1.0]), graph))
    assert [own.limit for own in both.breaches] == ["order of tasks", "workers"]
    assert both.values == {"time": 4.0, "cost": 4.0, "workers": 1.0}


def test_the_cost_of_a_cholesky_by_arithmetic() -> None:
    """Two blocks a side of 10 rows, one after the other: 3 + 1 + 1 tasks; compute, reads and writes added, or the
    longest of them where they overlap."""
    store = Store(800.0, 400.0, 0.5, 0.01, 0.1, 1e-3)
    option = BlockedOption("f", True, 500.0, 1e9, 2.0, 0.25, 4.0, 1e9)
    problem = Blocked("cholesky", 20, (10,), (option,), (1,), store)
    # 800 bytes a block: reading 1, 2, 3 s and 0.5 s a read, writing 2.5 s; 1000 / 3, 1000, 2000 operations
    takes = [1000 / 3 / 500 + 1.5 + 2.5, 2 + 3 + 2.5, 4 + 4.5 + 2.5]
    makespan = 2 * takes[0] + takes[1] + takes[2]
    told = account(problem, menu_of(problem).plan(0))
    assert told.makespan == pytest.approx(makespan)
    assert told.workers_usd == pytest.approx(2 * makespan)
    assert (told.calls_usd, told.read_bytes, told.write_bytes) == (1.0, 7 * 800.0, 4 * 800.0)
    assert told.requests_usd == pytest.approx(7 * 0.01 + 4 * 0.1)
    assert told.storage_usd == pytest.approx(3200 * makespan * 1e-3)
    overlapping = Blocked("cholesky", 20, (10,), (option,), (1,), store, pipeline=2)
    assert account(overlapping, menu_of(overlapping).plan(0)).makespan == pytest.approx(2 * 2.5 + 3 + 4.5)
