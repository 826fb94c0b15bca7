"""Policies that learn, replayed gap by gap."""

from __future__ import annotations

import random

import numpy as np
import pytest
from support.idle_times import by_hand

from serflow_opt.families.keep_alive.problem import KeepAliveWindow
from serflow_opt.families.keep_alive.replay import _lsth, _replayed


def test_a_window_is_replayed_gap_by_gap() -> None:
    """As every idle time on its own; the first ten minutes are the same for all."""
    draw = random.Random(4)
    gaps = [draw.uniform(0, 900) for _ in range(50)]
    cold, idle = _replayed(
        np.array([1.0, *gaps]), np.cumsum([1.0, *gaps]), lambda gap, now: KeepAliveWindow(100.0, 400.0)
    )
    by_idle, by_cold = by_hand([(gap, 1) for gap in gaps], 100.0, 400.0)
    assert (cold * 51, idle * 51) == pytest.approx((by_cold * 50, by_idle * 50 + 1.0))


def test_lsth_weighs_a_day_and_an_hour() -> None:
    """A day of 30.5 minutes, then an hour of 1.5: half of (1800, 1860) and half of (60, 120); the day forgets later."""
    policy, now = _lsth(), 0.0
    for _ in range(40):
        now += 1830.0
        policy(1830.0, now)
    for _ in range(41):
        now += 90.0
        window = policy(90.0, now)
    assert window == KeepAliveWindow(0.5 * 60 + 0.5 * 60, 0.5 * 1860 + 0.5 * 120)
