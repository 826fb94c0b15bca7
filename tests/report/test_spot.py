"""Simulated pools as tables."""

from __future__ import annotations

from serflow_opt.families.simulated import beside
from serflow_opt.families.spot.compare import SpotComparison, SpotRuleRow
from serflow_opt.families.spot.simulated import PoolSimulated
from serflow_opt.ground.display import text
from serflow_opt.report.spot import pool_table, spot_comparison_table


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


def test_rules_stand_beside_their_bounds() -> None:
    """A rule at 2.2 over a bound of 2 is 10 % above; bounds that were not found leave gaps; who is left out is told."""
    row = SpotRuleRow(rule="r", words="w", usd_per_hour=2.2, late=0.01, enough=1.0, starts=3, bound_usd_per_hour=2.0)
    alone = row.model_copy(update={"rule": "q", "bound_usd_per_hour": None})
    told = {"kind": "spot", "instance": "s", "trace": "m.csv", "days": 2.0, "step_s": 60.0, "late_max": 0.02}
    usd = {"enough_usd_per_hour": 2.5, "limit_usd_per_hour": None}
    lines = text(spot_comparison_table(SpotComparison(**told, **usd, rules=[row, alone], reasons={"x": "no zone"})))
    assert "+10.0%" in lines
    assert "nobody pays less than 2.5 USD/hour with whom enough serve" in lines
    assert "0.02 of the requests" not in lines
    assert "x is left out: no zone" in lines
