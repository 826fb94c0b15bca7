"""Documents without limits, all their plans, and the best of them in turn."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
from oracles.adapted import Plans, adapted_plans
from oracles.adapted_instances import adapted_document

from serflow_opt.plan.document import Plan

EQUAL = 1e-9


UNITS = {"cost": 1.0, "latency": 1.0, "privacy": 1.0, "energy": 1.0, "accuracy": -1.0}
"""What the oracle's figures are multiplied by so that less is better; its latencies are in ms, like those of plans."""


def achieved(plan: Plan, name: str) -> float:
    """An objective of a plan in USD, ms, loss, J or minus the accuracy."""
    assert plan.metrics is not None
    measure = str(plan.limits["latency_measure"])
    return plan.metrics.objective(name, measure) * (1000.0 if name == "latency" else 1.0)


GOAL_SEEDS = range(15)


@cache
def plans_of(seed: int) -> tuple[dict[str, Any], Plans]:
    """A document without limits, so that objectives pull apart, and all its plans."""
    document = adapted_document(seed, limits=False)
    return document, adapted_plans(document)


def values(plans: Plans, name: str) -> np.ndarray:
    """Less is better."""
    found: np.ndarray = plans.objective(name) * UNITS[name]
    return found


def lexicographic(plans: Plans, order: list[str]) -> dict[str, float]:
    """The best in the first, of those in the second, ...; by enumeration. The names of the order alone are meant."""
    kept = plans.keep()
    for name in order:
        least = values(plans, name)[kept].min()
        kept &= values(plans, name) <= least + EQUAL * abs(least) + 1e-15
    return {name: float(values(plans, name)[kept].min()) for name in order}
