"""The least plan by weights, again and again, beside the sweep that keeps all labels."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from support.rented_chains import searches

from serflow_opt import kernels
from serflow_opt.search.bound_recursion import sweep

pytestmark = pytest.mark.skipif(not kernels.compiled, reason="kernels are not compiled here")


def test_the_least_is_that_of_a_sweep_among_the_same_runners(tmp_path: Path) -> None:
    """By group and at random weights, some of them zero; what is found has the columns that come to it."""
    compared = 0
    for search, groups in searches(range(10), tmp_path):
        chain, columns, rng = search.chain, groups.columns, np.random.default_rng(compared)
        for n in range(min(len(groups.types), 6)):
            weights = rng.uniform(0.0, 1.0, len(columns.order)) * (rng.random(len(columns.order)) < 0.8)
            weights[0] = 1.0
            groups.routes.among(groups.may[n])
            value, column, _, _ = groups.routes.least(weights)
            held = np.zeros(len(weights))
            held[columns.order] = weights / columns.scale * columns.unit
            paid = chain.paid + (held[columns.order[columns.limited_money]] if columns.limited_money else 0.0)
            held[columns.machines] -= paid * groups.rents[n]
            among = replace(chain, on=chain.on & groups.may[n].astype(bool))
            expected = sweep(among, held[None], search.before).best[0]
            assert value * columns.unit == pytest.approx(expected, rel=1e-9, abs=1e-9)
            if np.isfinite(value):
                assert float(weights @ column) == pytest.approx(value, rel=1e-9, abs=1e-12)
            compared += 1
    assert compared > 30


def test_minus_zero_weighs_nothing(tmp_path: Path) -> None:
    """Thresholds for an accuracy that is worth nothing are those of a weight of zero, whatever its sign."""
    search, groups = next(searches(range(10), tmp_path))
    weights = np.ones(len(groups.columns.order))
    found = []
    for zero in (0.0, -0.0):
        weights[-1] = zero
        found.append(groups.routes.least(weights)[1].tolist())
    assert found[0] == found[1]
    assert search.chain.columns[-1] == "accuracy"
