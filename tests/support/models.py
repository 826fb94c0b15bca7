"""A model with many good plans: several sacks, one load; and the best of all."""

from __future__ import annotations

import random
from typing import Any

import pyomo.core as pyo
import pyomo.environ  # noqa: F401  (registers the matrix writer)

ITEMS, SACKS, CAPACITY = 14, 4, 150


def knapsack(items: int = ITEMS) -> Any:
    """Several sacks, one load: most value with every weight at most CAPACITY, written as a minimum."""
    weights, values = loads(items)
    m = pyo.ConcreteModel()
    m.x = pyo.Var(range(items), domain=pyo.Binary)
    m.fits = pyo.Constraint(
        range(SACKS), rule=lambda m, i: pyo.quicksum(weights[i][j] * m.x[j] for j in range(items)) <= CAPACITY
    )
    m.objective = pyo.Objective(expr=-pyo.quicksum(values[j] * m.x[j] for j in range(items)))
    return m


def loads(items: int = ITEMS) -> tuple[list[list[int]], list[int]]:
    """Weights by sack and item, and values."""
    draw = random.Random(1)
    return [[draw.randint(5, 60) for _ in range(items)] for _ in range(SACKS)], [
        draw.randint(5, 60) for _ in range(items)
    ]


def best_load() -> tuple[int, set[int]]:
    """The best value and items, by trying all subsets."""
    weights, values = loads()
    best: tuple[int, set[int]] = (0, set())
    for subset in range(2**ITEMS):
        chosen = {j for j in range(ITEMS) if subset >> j & 1}
        value = sum(values[j] for j in chosen)
        if value > best[0] and all(sum(row[j] for j in chosen) <= CAPACITY for row in weights):
            best = (value, chosen)
    return best
