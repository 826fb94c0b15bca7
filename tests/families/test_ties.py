"""Of equally good decisions the best in further quantities, against all subsets of small sacks."""

from __future__ import annotations

import random
from collections.abc import Sequence
from itertools import combinations
from pathlib import Path

import pytest
from support.helpers import run
from support.knapsack import KNAPSACK

import serflow_opt as so

NAMES = ("value", "weight", "price")


def sack(folder: Path, items: Sequence[tuple[int, int, int]], head: str) -> Path:
    """Write a sack; items are value, kg, USD/hour."""
    folder.mkdir(exist_ok=True)
    lines = [f'schema = 1\nkind = "{KNAPSACK.kind}"\nname = "sack"', head]
    lines += [f'[[item]]\nname = "i{n}"\nvalue = {v}\nweight = {w}\nprice = {p}' for n, (v, w, p) in enumerate(items)]
    (folder / "instance.toml").write_text("\n".join(lines), encoding="utf-8")
    return folder


def best(items: Sequence[tuple[int, int, int]], order: Sequence[str], least: dict[str, float]) -> list[float]:
    """The lexicographic optimum of all subsets; value negated."""
    found = []
    for size in range(len(items) + 1):
        for some in combinations(items, size):
            value, weight, price = (sum(own[k] for own in some) for k in range(3))
            point = {"value": -value, "weight": 1000 * weight, "price": price}
            if point["weight"] <= 3000 * 4 and -point["value"] >= least.get("value", 0):
                found.append([float(point[name]) for name in order])
    return min(found)


@pytest.mark.parametrize(
    ("head", "order"),
    [
        ("", ("value", "weight")),
        ('objective = "price"', ("price", "value")),
        ('objective = "price"\nthen = ["weight"]', ("price", "weight")),
        ('then = ["price", "weight"]', ("value", "price", "weight")),
    ],
)
def test_ties_are_broken_in_the_order_asked_for(tmp_path: Path, head: str, order: tuple[str, ...]) -> None:
    """The lexicographic optimum by brute force, still proven: by default in the first of the other quantities."""
    draw = random.Random(len(head))
    for n in range(4):
        items = [(draw.randint(1, 3), draw.randint(1, 4), draw.randint(0, 1)) for _ in range(6)]
        asked = sack(tmp_path / str(n), items, f"{head}\nlimits = {{ weight_max = 12000, value_min = 6 }}")
        solution = so.solve(asked)
        assert solution.status == "optimal"
        values = [solution.achieved(name) for name in order]
        expected = best(items, order, {"value": 6})
        assert [-v if name == "value" else v for name, v in zip(order, values, strict=True)] == pytest.approx(expected)


def test_an_order_is_told_by_flag_and_an_unknown_quantity_is_refused(tmp_path: Path) -> None:
    """`--then` stands for the key; a name that is no quantity of the family is named."""
    asked = sack(tmp_path, [(2, 1, 1), (2, 2, 0), (2, 3, 0)], "limits = { weight_max = 3000, value_min = 2 }")
    alone = ("solve", asked, "--json", "--set", "objective=value", "--set", "weight_max=2000")
    assert run(*alone).document["plan"] == {"items": ["i0"]}
    assert run(*alone, "--then", "price").document["plan"] == {"items": ["i1"]}
    refused = run(*alone, "--then", "beauty")
    assert refused.code == 2
    assert "then: 'beauty'" in refused.stderr
