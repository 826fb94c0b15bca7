"""Simulated pools as tables."""

from __future__ import annotations

from serflow_opt.families.simulated import beside
from serflow_opt.families.spot.simulate import PoolSimulated
from serflow_opt.ground.display import text
from serflow_opt.report.spot import pool_table


def test_shortages_are_told_where_there_are_any() -> None:
    """How many, how long, and how many requests were looked at."""
    figures = [beside("cost", "USD/hour", 1.0, 1.0, 1.1)]
    told = {"kind": "spot", "instance": "s", "days": 3.0, "seed": 0, "figures": figures, "plan": {}}
    some = PoolSimulated(**told, shortages=2, shortage_mean_s=60.0, shortage_longest_s=90.0, requests=5000)
    lines = text(pool_table(some))
    assert "3 days, 2 shortages; 5,000 requests" in lines
    assert "60 s on average, 90 s at most" in lines
    none = PoolSimulated(**told, shortages=0, shortage_mean_s=0.0, shortage_longest_s=0.0, requests=0)
    assert "on average" not in text(pool_table(none))
