"""Types that another one is never worse than."""

from __future__ import annotations

from typing import Any

import pytest
from support.schedule_cases import machine

from serflow_opt.traffic.schedule.dominance import dominated


@pytest.mark.parametrize(
    ("changes", "is_dropped"),
    [
        ({}, True),  # two small ones cost what it costs
        ({"usd_per_s": 1.99}, False),
        ({"rate": 4.1}, False),  # three small ones would be needed
        ({"start_s": 9.0}, False),
        ({"billing_min_s": 59.0}, False),
        ({"start_s": 11.0, "billing_min_s": 61.0}, True),
        ({"machines_max": 1}, True),
    ],
)
def test_dominance(changes: dict[str, Any], is_dropped: bool) -> None:
    """A type is dropped only where another does as much for as much at every number of machines."""
    small = machine("small", 1.0, 2.0, start_s=10.0, billing_min_s=60.0)
    big = machine(**{"name": "big", "usd_per_s": 2.0, "rate": 4.0, "start_s": 10.0, "billing_min_s": 60.0, **changes})
    rates = {own.name: 1 / own.seconds[0] for own in (small, big)}
    assert dominated((small, big), rates) == dominated((big, small), rates) == ({"big": "small"} if is_dropped else {})


def test_type_that_may_run_out_dominates_none() -> None:
    """A type with a limit replaces none, for there may not be enough of it."""
    few, other = machine("few", 1.0, 2.0, machines_max=3), machine("other", 2.0, 2.0)
    assert dominated((few, other), {"few": 2.0, "other": 2.0}) == {}


def test_one_of_equal_types_is_kept() -> None:
    """Of equal types one stays: they must not drop each other."""
    assert dominated((machine("a"), machine("b"), machine("c")), dict.fromkeys("abc", 1.0)) == {"b": "a", "c": "a"}


def test_what_else_counts_keeps_a_type() -> None:
    """A type that is dearer, but the only one that is clean, stays."""
    cheap, clean = machine("cheap"), machine("clean", usd_per_s=2.0)
    rates = {"cheap": 1.0, "clean": 1.0}
    assert dominated((cheap, clean), rates) == {"clean": "cheap"}
    assert dominated((cheap, clean), rates, beside=lambda own, other: other == "clean") == {}
