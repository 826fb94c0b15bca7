"""Functions request by request: environments, cold starts, bills in steps."""

from __future__ import annotations

from dataclasses import replace

import pytest
from support.simulated import even, function, one
from support.traffic_cases import Script, trace

from serflow_opt.traffic.scaling_policy import Orders


def test_the_latest_used_environment_is_taken() -> None:
    """Functions reuse the environment used last, and those idle beyond the keep-alive are cold again."""
    run = function([0.5, 0.5], keep_alive_s=1.0, cold_start_s=0.5)
    found = even(one([], run), trace(2, 0, 1, 0, 1), Script([Orders(({},))]))
    # 0.25 and 0.75 cold, until 1.25 and 1.75; 2.5 takes the latter, until 3.0; 4.5 finds none warm
    assert found.latency.tolist() == [1.0, 1.0, 0.5, 1.0]
    assert found.cold_starts == (3,)
    kept = even(one([], replace(run, keep_alive_s=1.5)), trace(2, 0, 1, 0, 1), Script([Orders(({},))]))
    assert kept.cold_starts == (2,)


def test_functions_are_billed_in_steps() -> None:
    """Billed time is rounded up to whole steps, and a whole number of steps is not rounded up by floating point."""
    found = even(one([], function([0.3, 0.3], billing_step_s=0.1)), trace(1), Script([Orders(({},))]))
    assert found.usd["functions"] == pytest.approx(0.25 + 0.3, rel=1e-12)  # 0.3 is three steps, not four
    found = even(one([], function([0.31, 0.31], billing_step_s=0.1)), trace(1), Script([Orders(({},))]))
    assert found.usd["functions"] == pytest.approx(0.25 + 0.4, rel=1e-12)
