"""Documents without a plan, and the best that their plans could have."""

from __future__ import annotations

from functools import cache

from oracles.brute_force import accurate_enough, enumerate_optimum, fast_enough, plan_table
from oracles.random_instances import random_document

INFEASIBLE = (3, 7, 33, 48, 114, 154, 305)
"""Seeds of random instances whose limits no plan meets; `best_values` checks that by enumeration."""


@cache
def best_values(seed: int) -> tuple[float | None, float | None]:
    """By enumeration: the least latency (ms) with the accuracy floor kept, the most accuracy within the bound."""
    table = plan_table(random_document(seed))
    assert enumerate_optimum(random_document(seed), table=table) is None
    accurate = accurate_enough(table.problem, table.accuracy)
    fast = fast_enough(table.problem, table.latency)
    least = table.latency[:, accurate].min() * 1000 if accurate.any() else None
    most = max((float(table.accuracy[row].max()) for row in fast if row.any()), default=None)
    return least, most


ADAPTED = (5, 16, 26, 45, 70, 88, 90, 135, 148)
"""Seeds of adapted instances whose limits no plan meets, found by enumeration."""
