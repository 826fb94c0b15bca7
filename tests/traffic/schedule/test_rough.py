"""What is had soon where moments of decision are many."""

from __future__ import annotations

import pytest
from support.mix_cases import NEAR, case

from serflow_opt.ground.deadline import NEVER
from serflow_opt.traffic.schedule.rough import best_of_all, coarser
from serflow_opt.traffic.schedule.solve import _simplest


@pytest.mark.parametrize("seed", range(8))
def test_where_moments_are_many(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Bound by one type that is no worse than any, schedules at coarser steps: the optimum is between them."""
    task, truth = case(150 + seed, whole=seed % 2 > 0, billing=seed % 3 == 0, with_function=seed % 4 > 0)
    _simplest(task)
    assert best_of_all(task, NEVER) <= truth + NEAR
    monkeypatch.setattr("serflow_opt.traffic.schedule.rough.MOMENTS", 4)
    before = task.usd
    for _ in coarser(task, 1e-6, 1, NEVER):
        assert truth - NEAR <= task.usd <= before
