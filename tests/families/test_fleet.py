"""Knapsacks that share a budget, against all pairs of subsets."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.helpers import run
from support.sacks import drawn, subsets, within, write

import serflow_opt as so


def test_a_fleet_shares_a_budget(tmp_path: Path) -> None:
    """The greatest value of two sacks whose prices share a budget, of all pairs of subsets; and too small a budget."""
    items = [drawn(9, 4), drawn(10, 4)]
    sacks = [write(tmp_path / str(n), f"s{n}", own, "weight_max = 2500") for n, own in enumerate(items)]
    one, two = (list(subsets(own)) for own in items)
    pairs = [
        (a["value"] + 2 * b["value"], a["price"] + b["price"])
        for a in one
        for b in two
        if within(a, weight=2500) and within(b, weight=2500)
    ]
    fleet = so.solve_fleet(sacks, budget_usd_per_hour=10.0, weights={"s1": 2.0})
    assert fleet.status == "optimal"
    assert fleet.value == pytest.approx(max(value for value, price in pairs if price <= 10))
    assert fleet.total <= 10
    table = tmp_path / "fleet.csv"
    ran = run("fleet", *sacks, "--budget-usd-per-hour", "10", "--weight", "s1=2", "--json", "--csv", table)
    assert ran.document["value"] == pytest.approx(fleet.value)
    assert table.read_text().startswith("instance,adds,price,decided")
    assert "optimal" in run("fleet", *sacks, "--budget-usd-per-hour", "10").stdout
    dear = [tmp_path / "0", write(tmp_path / "2", "dear", [(1.0, 1.0, 9.0)], "value_min = 1")]
    assert run("fleet", *dear, "--budget-usd-per-hour", "5").code == 3
    assert run("fleet", *sacks, "libra", "--budget-usd-per-hour", "5").code == 2
    assert run("fleet", *sacks, "--machines", "c6i.large=1").code == 2
