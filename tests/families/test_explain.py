"""What limits of a knapsack cost, against all its subsets."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.helpers import run
from support.sacks import drawn, subsets, within, write

import serflow_opt as so


def test_explain_tells_what_each_limit_costs(tmp_path: Path) -> None:
    """The value without each limit, and the least weight at which a better value can be had, by brute force."""
    items = drawn(8, 6)
    every = list(subsets(items))
    sack = write(tmp_path, "sack", items, "weight_max = 2000, price_max = 500")
    costs = so.explain(sack)
    best = max(p["value"] for p in every if within(p, weight=2000))
    by_weight, by_price = costs.limits
    assert by_weight.limit == "weight_max"
    assert by_weight.binds
    assert by_weight.value_without == pytest.approx(sum(own[0] for own in items))
    next_at = min(p["weight"] for p in every if p["value"] > best)
    assert by_weight.next_at == pytest.approx(next_at)
    assert by_weight.value_next == pytest.approx(max(p["value"] for p in every if within(p, weight=next_at)))
    assert by_weight.value_looser == pytest.approx(max(p["value"] for p in every if within(p, weight=2200)))
    assert not by_price.binds
    ran = run("explain", sack, "--json")
    assert ran.document["limits"][0]["next_at"] == pytest.approx(next_at)
    assert type(costs).from_dict(ran.document).limits == costs.limits
    assert "does not bind" in run("explain", sack).stdout
