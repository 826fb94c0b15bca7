"""Brackets of many placements, compiled and by numpy."""

from __future__ import annotations

import numpy as np
import pytest

from serflow_opt import kernels
from serflow_opt.search.envelope import Envelope
from serflow_opt.search.lagrangian import LinearCost, StageExits, solve_dual


@pytest.mark.parametrize("seed", range(30))
def test_brackets(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """One menu a stage or several, with what ways lose of the accuracy or without, floors in reach and out of it."""
    rng = np.random.default_rng(seed)
    count, stages = int(rng.integers(1, 600)), int(rng.integers(1, 9))
    menus = [[menu_of(rng, last=s == stages - 1) for _ in range(rng.integers(1, 4))] for s in range(stages)]
    used = None
    if seed % 2:
        used = np.column_stack([rng.integers(0, len(menu), count) for menu in menus])
    lost = rng.uniform(0, 0.02, (count, stages)) if seed % 3 == 0 else None
    view = LinearCost(rng.uniform(0, 1, count), rng.uniform(0, 1, (count, stages)))
    for floor in (None, 0.3, 0.8, 0.9, 1.5):
        found = []
        for compiled in (True, False):
            monkeypatch.setattr(kernels, "compiled", compiled)
            found.append(solve_dual(StageExits(menus, used, lost), floor, view))
        one, other = found
        assert one.bound.tolist() == pytest.approx(other.bound.tolist(), rel=1e-12)
        there = np.isfinite(other.bound)
        assert one.value.tolist() == pytest.approx(other.value.tolist(), rel=1e-12)
        assert one.multiplier[there].tolist() == pytest.approx(other.multiplier[there].tolist(), rel=1e-9)
        assert one.levels[there].tolist() == other.levels[there].tolist()
        assert one.below is not None
        assert other.below is not None
        assert one.below[there].tolist() == other.below[there].tolist()


def menu_of(rng: np.random.Generator, *, last: bool) -> Envelope:
    """Thresholds of a plausible classifier; at the last everybody leaves."""
    count = 1 if last else int(rng.integers(1, 12))
    rate = np.ones(1) if last else np.round(rng.uniform(0, 1, count), 3)
    return Envelope.of(rate, rate * rng.uniform(0.6, 0.97, count))
