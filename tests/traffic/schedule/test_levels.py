"""Levels of one type over time, taken whole and in parts."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from serflow_opt.traffic.schedule.levels import Demand, best_levels, moments


def test_parts_of_levels_are_all_levels(monkeypatch: pytest.MonkeyPatch) -> None:
    """Levels taken in parts for want of memory give the same spells."""
    rng = np.random.default_rng(0)
    demand = Demand(np.arange(41.0), rng.integers(0, 30, 40).astype(float))
    given: dict[str, Any] = {"rate": 2.0, "usd_per_s": 1.0, "start_s": 1.5, "usd_per_request": 1.0}
    whole = best_levels(demand, moments(40.0, 1.0), **given)
    monkeypatch.setattr("serflow_opt.traffic.schedule.levels.CELLS", 100)
    parts = best_levels(demand, moments(40.0, 1.0), **given)
    assert parts.spells == whole.spells
    assert parts.usd == pytest.approx(whole.usd)


def test_moments_end_with_the_trace_and_begin_before_it() -> None:
    """Moments of change cover the whole trace, and the starts that must be ordered before it."""
    assert moments(10.0, 4.0).tolist() == [0, 4, 8, 10]
    assert moments(10.0, 4.0, [5.0, 1.0]).tolist() == [-5, -4, -1, 0, 4, 8, 10]
