"""Hand-overs from block to block."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from support.simulated import even, machine
from support.traffic_cases import Script, trace

from serflow_opt.traffic.scaling_policy import Orders
from serflow_opt.traffic.service import Block, Draws, Service


def two(sends: bool = True, hop_s: float = 0.5, **more: Any) -> Service:
    """Two blocks of three stages: everyone leaves at the second stage, the first of the second block."""
    first = Block(0, 0, (machine("a", [0.5, 0.25], sends=sends),), None, 0.25, 0.125)
    second = Block(1, 2, (machine("b", [1, 9, 9], workers=2),), None, hop_s, 2.0)
    draws = Draws(np.array([1]), np.array([True]))
    return Service("two", (first, second), (0.0, 1.0, 0.0), (0.5,) * 3, draws=draws, **more)


BOTH = Script([Orders(({"a": 1}, {"b": 1}))])


@pytest.mark.parametrize(("sends", "second"), [(True, 2.25), (False, 2.0)])
def test_hand_overs(sends: bool, second: float) -> None:
    """A machine that sends holds its worker while it hands over; one that does not is free at once."""
    found = even(two(sends, slo_s=2.0), trace(2, 0), replace(BOTH, seen=[]))
    # sent at 0.25, there at 0.5, served until 0.75, next at 1.25, until 2.25; the other is there at 1.0, but a worker
    # that sends is free at 1.25: served until 1.5, next at 2.0, until 3.0; else until 1.25, next at 1.75, until 2.75
    assert found.latency.tolist() == [2.0, second]
    assert found.busy_worker_s == 2 * (0.75 if sends else 0.25) + 2
    assert found.usd["links"] == 2 * 0.125 + 2 * 2.0
    assert (found.violations, found.accuracy, found.entered) == (int(sends), 1.0, (2, 2))
