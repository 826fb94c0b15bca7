"""Equally cheap plans: the faster one is taken."""

from __future__ import annotations

import dataclasses

import pytest
from support import tiny

import serflow_opt as so


@pytest.mark.parametrize("accounting", ["per-request", "reserved"])
def test_twice_as_fast_at_twice_the_price(accounting: str) -> None:
    """A machine that is twice as fast and twice as dear costs the same, and is taken whichever stands first."""
    one = tiny.two_stages(accounting=accounting, rate_per_s=2.0)
    slow = one.options[0]
    fast = dataclasses.replace(
        slow,
        name="fast",
        stage_seconds=tuple(seconds / 2 for seconds in slow.stage_seconds),
        usd_per_s=2 * slow.usd_per_s,
    )
    for options in ((slow, fast), (fast, slow)):
        plan = so.solve(dataclasses.replace(one, options=options))
        assert plan.status == "optimal"
        assert {place.option for place in plan.placement} == {"fast"}
