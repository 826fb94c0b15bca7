"""Configurations of a batching problem, by hand; see `support.small_batching` for its costs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from support.small_batching import small

import serflow_opt as so
from serflow_opt.families.batching.menu import BatchingMenu


def menu_and_row(folder: Path) -> tuple[BatchingMenu, np.ndarray]:
    """The menu, and the row of 1 vCPU and batches of up to 4."""
    menu = BatchingMenu(so.load(small(folder)).data)
    return menu, np.array([menu.rows.tolist().index([0, 0, 2])])


def test_calls_run_as_the_next_batch_and_the_hull_lies_below(tmp_path: Path) -> None:
    """3 requests are paid like 4: 0.11, 0.13, 0.17, 0.17 USD; the convex function below has 0.15 at 3."""
    menu, row = menu_and_row(tmp_path)
    assert menu.cost[row[0]] == pytest.approx([0.11, 0.13, 0.17, 0.17])
    assert menu.below[row[0]] == pytest.approx([0.11, 0.13, 0.15, 0.17])
    assert not menu.straight[row[0]]
    assert menu.floor(row, np.array([2.5])) == pytest.approx([0.14 / 2.5])


def test_timers_are_what_a_promise_leaves_beside_the_longest_call(tmp_path: Path) -> None:
    """Half of 400 and 800 ms less 320 ms: a is too slow to be promised that, b may wait 80 ms."""
    menu, row = menu_and_row(tmp_path)
    assert menu.timers((0, 1), 0.5, row)[0] == pytest.approx([-0.12, 0.08])
    assert menu.timers((1,), 0.4, row)[0].tolist() == [0.0]  # exactly
    assert len(menu.fitting((0, 1), 0.5, row)[0]) == 0


def test_no_choice_is_beaten_in_cost_and_calls(tmp_path: Path) -> None:
    """Of all configurations of a group those stay that nothing beats in both, cheapest first."""
    menu, _ = menu_and_row(tmp_path)
    choices = menu.undominated((1,), 1.0)
    assert choices[0].cost == pytest.approx(0.0425)
    assert [own.cost for own in choices] == sorted(own.cost for own in choices)
    assert [own.calls for own in choices] == sorted((own.calls for own in choices), reverse=True)
    assert menu.undominated((0, 1), 0.1) == []
