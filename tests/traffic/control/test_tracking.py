"""Target tracking by arithmetic."""

from __future__ import annotations

import numpy as np
from support.tracked import service

from serflow_opt.traffic.control.tracking import STABILISATION_S, TrackedPool, Tracking
from serflow_opt.traffic.scaling_policy import Seen


def test_the_target_is_followed_out_at_once_and_in_after_the_window() -> None:
    """Load 5.6 machines at 70 %: 8. Down to 2.1: 3, once the window is over."""
    target = TrackedPool(0.7)
    assert target.count(0.0, 1, 5.6) == 8
    assert target.count(60.0, 8, 2.1) == 8
    assert target.count(STABILISATION_S - 1, 8, 2.1) == 8
    assert target.count(STABILISATION_S + 1, 8, 2.1) == 3
    assert target.count(STABILISATION_S + 2, 3, 0.0) == 3
    for second in range(1000):
        target.count(1000.0 + second / 10, 3, 2.1)
    assert len(target.recent) <= 100


def test_the_policy_sees_what_came() -> None:
    """120 requests/s keep 6 machines busy: 10 at 60 %."""
    policy = Tracking(service(None), 0.6)
    none: tuple[dict[str, int], ...] = ({},)
    first = policy.decide(Seen(0.0, (np.zeros(0, np.int64),), none, none, none, (0,)))
    assert first.machines == ({"m": 1},)
    after = policy.decide(Seen(60.0, (np.full(60, 120),), ({"m": 1},), none, none, (0,)))
    assert after.machines == ({"m": 10},)
