"""Samples against thresholds, counted one by one."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from support.joint_grids import drawn, outcomes

from serflow_opt.search.joint.grid import Aim, Grid, at_least, at_levels, by_rank, total


@pytest.mark.parametrize("seed", [0, 1, 2, 3])
def test_counts_of_all_levels(seed: int) -> None:
    """Samples inside each segment and right answers of every combination that is kept."""
    grid, passed, most = drawn(seed)
    known = {levels: (inside, right) for levels, inside, right in outcomes(grid, passed, most)}
    every = np.array(list(itertools.product(*(range(count) for count in grid.levels))))
    counts, right = grid.follow(every)
    for row, count, number in zip(every.tolist(), counts.tolist(), right.tolist(), strict=True):
        assert known[tuple(int(menu[level]) for menu, level in zip(grid.menu, row, strict=True))] == (count, number)
    weight = np.arange(1.0, grid.exits + 1)
    aim = Aim(weight, 0, np.empty((0, grid.exits)), np.empty(0))
    assert aim.value(counts).tolist() == [float(np.dot(weight, count)) for count in counts]


def test_levels_that_let_further_right_answers_go_are_left_out() -> None:
    """Two samples, right at both exits: no threshold keeps them in to any use, and one level is left of three."""
    passed, right = np.array([[1], [2]]), np.ones((2, 2))
    assert Grid.made(passed, [3], right, True).levels == (1,)
    assert Grid.made(passed, [3], right, False).levels == (3,)
    wrong_early = np.array([[0.0, 1.0], [1.0, 1.0]])
    assert Grid.made(passed, [3], wrong_early, True).levels == (2,)


def test_who_leaves_at_some_level_and_at_every() -> None:
    """Of three samples that pass 0, 1 and 2 of two levels the last leaves at both, the first at none."""
    grid = Grid.made(np.array([[0], [1], [2]]), [2], np.zeros((3, 2)), False)
    assert grid.may(0).tolist() == [False, True, True]
    assert grid.must(0).tolist() == [False, False, True]
    assert grid.leaves(0, 1).tolist() == [False, False, True]


@pytest.mark.parametrize("dense", [True, False])
def test_sums_by_rank_are_sums_over_those_who_leave(dense: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """By plain counting, with small matrices and with sparse ones."""
    from serflow_opt.search.joint import grid as module

    monkeypatch.setattr(module, "DENSE", 10**9 if dense else 0)
    rng = np.random.default_rng(5)
    passed, values = rng.integers(0, 4, 20), rng.uniform(-1, 1, 20)
    inside = (rng.random((20, 2)) < 0.5).astype(float)
    assert at_levels(passed, 3, values) == pytest.approx([float(values[passed > level].sum()) for level in range(3)])
    (sums,) = at_least(np.array(by_rank(passed, 3, [values]) @ inside), 3)
    for b in range(2):
        expected = [float((values * inside[:, b])[passed >= rank].sum()) for rank in range(4)]
        assert sums[:, b] == pytest.approx(expected)
    assert total(values, inside) == pytest.approx((values @ inside).tolist())
