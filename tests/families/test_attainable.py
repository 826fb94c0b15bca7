"""Limits of a knapsack that clash, against all its subsets."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.sacks import drawn, subsets, within, write

import serflow_opt as so


def test_limits_that_clash_are_named_with_their_least_change(tmp_path: Path) -> None:
    """Sets, and the tightest value of each limit, as brute force has them."""
    items = drawn(3)
    every = list(subsets(items))
    solution = so.solve(write(tmp_path, "sack", items, "weight_max = 1000, value_min = 60, price_max = 100"))
    assert solution.status == "infeasible"
    told = {clash.limit: clash.best for clash in solution.infeasible_because}
    assert told == {
        "value_min": pytest.approx(max(p["value"] for p in every if within(p, weight=1000, price=100))),
        "weight_max": pytest.approx(min(p["weight"] for p in every if p["value"] >= 60)),
    }
    assert [sorted(own.limits) for own in solution.infeasible_because[0].sets] == [["value_min", "weight_max"]]
