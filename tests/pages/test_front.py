"""The page of a front: points, rows, plans beside them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from support.helpers import load, two_tiers

import serflow_opt as so
from serflow_opt.pages.front import Shown, front_sections
from serflow_opt.pages.markup import tag
from serflow_opt.pages.page import page_of


def test_every_plan_is_there(tmp_path: Path, read: Any) -> None:
    """A point, a row and an article a plan, and its values."""
    front = so.pareto(load(two_tiers(), tmp_path), ("cost", "latency"))
    page = read(page_of(front))
    many = len(front.plans)
    assert many > 1
    assert page.count("article") == many
    assert page.count("a", **{"class": "mark"}) == many
    assert page.count("svg", **{"class": "chart"}) == 1
    assert page.count("input") == 2
    for values in front.points:
        assert f"{values[0] * 1e6:.6g}" in page.text


def test_each_objective_against_the_first(read: Any) -> None:
    """Three objectives make two pictures; accuracy is asked for at least, others at most."""
    page = read(front_sections(["cost", "accuracy", "ms"], ["", "", ""], [Shown((1, 2, 3), "", tag("p"))], ""))
    assert page.count("svg", **{"class": "chart"}) == 2
    assert "accuracy at least" in page.text
    assert "ms at most" in page.text


def test_values_are_kept_to_the_last_bit(read: Any) -> None:
    """Limits are tried against whole values, not rounded ones."""
    page = read(front_sections(["a"], [""], [Shown((0.1 + 0.2,), "", tag("p"))], ""))
    rows = [own["data-v"] for name, own in page.elements if name == "tr" and "data-v" in own]
    assert rows == ["0.30000000000000004"]
