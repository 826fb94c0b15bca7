"""The table of the least an autoscaler can pay."""

from __future__ import annotations

import serflow_opt as so
from serflow_opt.traffic.cost_bound import cost_bound


def test_nothing_is_divided_by_nothing() -> None:
    """A trace without requests costs nothing, and its table has no cost of a request."""
    told = str(cost_bound(so.Trace.of([0, 0], 60.0), slo_s=1, capacity_per_s=1, usd_per_hour=1, paid_usd=2.0))
    assert "less than $0" in told
    assert "million" not in told
    assert "against the least" not in told
