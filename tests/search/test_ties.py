"""Order among equally good plans, against all plans."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest
from support.goals import GOAL_SEEDS, achieved, lexicographic, plans_of
from support.helpers import load

import serflow_opt as so

ORDERS = list(itertools.permutations(("cost", "latency", "privacy", "energy", "accuracy"), 3))


@pytest.mark.parametrize("seed", GOAL_SEEDS)
def test_then(seed: int, tmp_path: Path) -> None:
    """Ties are broken in the order asked, as among all plans."""
    document, plans = plans_of(seed)
    if not plans.keep().any():
        return
    rng = np.random.default_rng([6, seed])
    order = [name for name in ORDERS[int(rng.integers(len(ORDERS)))] if name != document["objective"]["minimize"]]
    if "exits" not in document:
        order = [name for name in order if name != "accuracy"]
    first = document["objective"]["minimize"]
    document = document | {"objective": document["objective"] | {"then": order}}
    plan = so.solve(load(document, tmp_path))
    expected = lexicographic(plans, [first, *order])
    assert plan.status == "optimal"
    for name, value in expected.items():
        assert achieved(plan, name) == pytest.approx(value, rel=2e-6, abs=1e-12), (name, [first, *order])
