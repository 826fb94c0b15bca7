"""Knapsacks and all their subsets; reading this makes their family known."""

from __future__ import annotations

import random
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path

from support import knapsack  # noqa: F401 (makes the family known)

NAMES = ("value", "weight", "price")
SHOWN = {"value": 1.0, "weight": 1000.0, "price": 1.0}


def write(folder: Path, name: str, items: list[tuple[float, float, float]], limits: str, objective: str = "") -> Path:
    """Write a knapsack; items are value, kg, USD/hour."""
    folder.mkdir(exist_ok=True)
    lines = ['schema = 1\nkind = "knapsack"', f'name = "{name}"', objective, f"limits = {{ {limits} }}"]
    lines += [f'[[item]]\nname = "i{n}"\nvalue = {v}\nweight = {w}\nprice = {p}' for n, (v, w, p) in enumerate(items)]
    (folder / "instance.toml").write_text("\n".join(lines), encoding="utf-8")
    return folder


def drawn(seed: int, count: int = 7) -> list[tuple[float, float, float]]:
    """Draw items."""
    draw = random.Random(seed)
    return [(draw.randint(1, 20), draw.randint(1, 15) / 10, draw.randint(0, 9)) for _ in range(count)]


def subsets(items: list[tuple[float, float, float]]) -> Iterator[dict[str, float]]:
    """Value, weight (g) and price of every subset."""
    for size in range(len(items) + 1):
        for some in combinations(items, size):
            yield {name: sum(own[k] for own in some) * SHOWN[name] for k, name in enumerate(NAMES)}


def within(point: dict[str, float], **most: float) -> bool:
    """Whether a subset keeps limits, within rounding."""
    return all(point[name] <= limit + 1e-6 for name, limit in most.items())
