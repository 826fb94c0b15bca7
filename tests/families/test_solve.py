"""Solving a problem of any family, against all subsets of a knapsack."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.helpers import run
from support.sacks import drawn, subsets, write

import serflow_opt as so


def test_nothing_to_choose_is_an_answer(tmp_path: Path) -> None:
    """A sack without items is worth nothing, proven, and cannot be worth more."""
    write(tmp_path, "sack", [], "weight_max = 3000")
    file = tmp_path / "instance.toml"
    file.write_text(file.read_text().replace('name = "sack"', 'name = "sack"\nitem = []'))
    assert so.solve(tmp_path).status == "optimal"
    assert so.solve(tmp_path).objective.value == 0
    assert run("solve", tmp_path, "--set", "value_min=1").code == 3


def test_another_quantity_can_be_asked_for(tmp_path: Path) -> None:
    """The lightest sack of some value."""
    items = drawn(1)
    asked = write(tmp_path, "sack", items, "value_min = 40", 'objective = "weight"')
    best = min(point["weight"] for point in subsets(items) if point["value"] >= 40)
    assert so.solve(asked).objective.value == pytest.approx(best)
    ran = run("solve", asked, "--json", "--set", "objective=price", "--set", "value_min=30")
    best = min(point["price"] for point in subsets(items) if point["value"] >= 30)
    assert ran.document["objective"] == {"name": "price", "value": pytest.approx(best), "unit": "USD/hour"}
