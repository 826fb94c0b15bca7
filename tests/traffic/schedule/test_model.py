"""Bounds and mixes of the time-expanded model, against a MILP over all rentals."""

from __future__ import annotations

import numpy as np
import pytest
from support.mix_cases import NEAR, case

from serflow_opt.ground.deadline import NEVER
from serflow_opt.traffic.schedule.model import _count, _plan, prove, relaxed
from serflow_opt.traffic.schedule.task import BlockTask


def started(seed: int, billing: bool, with_function: bool) -> tuple[BlockTask, float]:
    """A block with the best of one type alone, or all it takes."""
    task, truth = case(200 + seed, whole=seed % 2 > 0, billing=billing, with_function=with_function)
    for p in range(len(task.machines)):
        found = task.levels(p, task.demand)
        if found.covered or not task.must:
            task.offer(tuple(tuple(found.rentals) if q == p else () for q in range(len(task.machines))))
    if not task.must:
        task.offer(((),) * len(task.machines))
    return task, truth


@pytest.mark.parametrize("billing", [False, True])
@pytest.mark.parametrize("seed", range(3))
def test_the_optimum_is_between_bound_and_schedule(seed: int, billing: bool) -> None:
    """After each part; in the end both are within the gap of it."""
    task, truth = started(seed, billing, with_function=True)
    first = [task.bound for _ in relaxed(prove(task, 1e-4, NEVER))]
    assert first == sorted(first)
    assert task.bound <= truth + NEAR
    for _ in prove(task, 1e-4, NEVER):
        assert task.bound <= truth + NEAR
        assert task.usd >= truth - NEAR
    assert task.usd == pytest.approx(truth, rel=2e-4)
    assert task.bound == pytest.approx(truth, rel=2e-4)
    assert task.how == ["LP bound", "MILP"]


def test_numbers_become_rentals_and_back() -> None:
    """One, three, two, none of a type: of several the oldest or the youngest stops, and so many are there again."""
    task, _ = started(0, False, with_function=True)
    steps = len(task.at) - 1
    numbers = np.zeros((len(task.machines), steps), dtype=np.int64)
    numbers[0, :4] = [1, 3, 2, 0]
    middle = (task.at[1:] + task.at[:-1]) / 2
    for oldest in (False, True):
        plan = _plan(task, numbers, oldest=oldest)
        assert len(plan[0]) == 3
        assert _count(middle, plan[0]).tolist() == numbers[0].tolist()
        stops = sorted(plan[0], key=lambda own: own[1])
        assert stops[0][0] == (task.at[0] if oldest else task.at[1])
