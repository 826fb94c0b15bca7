"""Tasks and plans of graphs."""

from __future__ import annotations

import numpy as np
import pytest

from serflow_opt.families.blocked.problem import BlockedOption, BlockedPlan, Store, TaskGraph, TaskKind, kind_seconds


def test_a_task_takes_its_parts_in_turn_or_the_longest_of_them() -> None:
    """10 operations at 5/s, 20 bytes at 10/s and half a second, 5 bytes at 5/s and half a second: 2 + 2.5 + 1.5 s."""
    option = BlockedOption("core", False, 5.0, 1e9, 1.0, 0.0, 0.0, 9.0)
    store = Store(10.0, 5.0, 0.5, 0.0, 0.0, 0.0)
    kind = TaskKind("t", 10.0, 20.0, 5.0)
    assert kind_seconds(kind, option, store, 1) == pytest.approx(6.0)
    assert kind_seconds(kind, option, store, 2) == pytest.approx(2.5)


def test_plans_are_equal_by_what_is_decided() -> None:
    """Two schedules of one row are one decision: fronts and sets count it once."""
    graph = TaskGraph(
        (TaskKind("t", 1.0, 0.0, 0.0),), np.zeros(1, np.int32), np.zeros(2, np.int64), *[np.zeros(0, np.int32)] * 2
    )
    one, same, other = (
        BlockedPlan(0, 1, 2, np.zeros(1), graph),
        BlockedPlan(0, 1, 2, np.ones(1), graph),
        BlockedPlan(0, 1, 3, np.zeros(1), graph),
    )
    assert len({one, same, other}) == 2
    assert one != "row"
    assert graph.name(0) == "t 0"
