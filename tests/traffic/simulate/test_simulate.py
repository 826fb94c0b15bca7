"""Whole simulations: policies that fail, what they see, empty traces, progress, and what is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from support.simulated import even, fixed, machine, one
from support.traffic_cases import Script, trace

from serflow_opt.traffic.scaling_policy import Orders
from serflow_opt.traffic.simulate.simulate import simulate


def test_a_failing_policy_is_survived() -> None:
    """A policy that raises or orders nonsense is noted with its moment; the last good orders stay in force."""
    policy = Script([None, Orders(({"vm": 1},)), None, Orders(({"wm": 1},)), Orders(({"vm": 1}, {})), None])
    found = even(one([machine()]), trace(1, 1, 1, 1, 1, 1), policy)
    assert [moment for moment, _ in found.policy_errors] == [0, 2, 3, 4, 5]
    assert found.policy_errors[0][1] == "RuntimeError: no idea"
    assert "wm" in found.policy_errors[2][1]
    assert found.served == 6
    assert len(found.rentals) == 1


def test_seen_counts_whole_seconds() -> None:
    """A policy sees the requests of whole seconds that are over, each exactly once."""
    policy = fixed(1, every_s=2.5)
    even(one([machine(seconds=[0.125] * 2)]), trace(4, 2, 4, 1, 1, 0), policy)
    # 2.125 and 2.375 belong to the first 2.5 s, 2.625 and 2.875 to the next
    assert [seen.counts[0].tolist() for seen in policy.seen] == [[], [4, 2, 2], [2, 1, 1]]
    assert [seen.now_s for seen in policy.seen] == [0, 2.5, 5.0]


def test_an_empty_trace() -> None:
    """Without requests nothing divides by nothing: none late, and only machines are paid."""
    found = simulate(one([machine()]), trace(), fixed(1))
    assert (found.arrivals, found.kept, found.usd_total, found.utilisation) == (0, 1.0, 0.0, 0.0)
    assert found.to_frame().empty
    assert simulate(one([machine()]), trace(0, 0), fixed(1)).usd_total == 2.0


def test_progress_goes_up_to_all() -> None:
    """Who watches is told shares that rise to 1."""
    told: list[float] = []
    simulate(one([machine()]), trace(1, 1, 1), fixed(1, every_s=2.0), on_progress=told.append)
    assert told == [2 / 3, 1.0]


@pytest.mark.parametrize(
    "more",
    [
        {"times": "normal"},
        {"cv": -1.0, "times": "pareto"},
        {"times": np.array([-1.0, 2.0])},
        {"times": np.zeros(3)},
        {"arrivals": "never"},
        {"timeout_s": -1.0},
        {"period_s": 0.0},
    ],
)
def test_nonsense_is_refused(more: dict[str, Any]) -> None:
    """Settings without a meaning are refused by name instead of simulated."""
    with pytest.raises(ValueError, match=next(iter(more))):
        simulate(one([machine()]), trace(1), fixed(1), **more)
