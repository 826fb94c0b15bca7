"""Fronts of a knapsack against all its subsets."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.helpers import run
from support.sacks import drawn, subsets, within, write

import serflow_opt as so


@pytest.mark.parametrize("names", [("value", "weight"), ("weight", "value", "price")])
def test_the_front_is_that_of_all_subsets(tmp_path: Path, names: tuple[str, ...]) -> None:
    """Every undominated point and no other, proven complete; the same on the command line."""
    items = drawn(7, 6)
    sack = write(tmp_path, "sack", items, "weight_max = 4000")
    points = {tuple(round(p[name], 6) for name in names) for p in subsets(items) if within(p, weight=4000)}

    def beats(a: tuple[float, ...], b: tuple[float, ...]) -> bool:
        return a != b and all(x >= y if name == "value" else x <= y for name, x, y in zip(names, a, b, strict=True))

    best = {p for p in points if not any(beats(q, p) for q in points)}
    front = so.pareto(sack, names)
    assert front.complete
    assert {tuple(round(v, 6) for v in point) for point in front.points} == best
    assert len(front.points) == len(best)
    ran = run("pareto", sack, *names, "--json", "--out", tmp_path / "front.csv")
    assert ran.code == 0
    table = (tmp_path / "front.csv").read_text()
    assert table.startswith("value,weight,price,decided")
    assert "{'" not in table  # in words or JSON, not as Python writes it
    assert len(ran.document["plans"]) == len(best)
    assert "the complete front" in run("pareto", sack, "value", "price").stdout
