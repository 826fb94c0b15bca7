"""Small linear programs from a vertex that bounds, against trying every vertex."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from serflow_opt import kernels
from serflow_opt.ground.tolerances import ROUNDING

pytestmark = pytest.mark.skipif(not kernels.compiled, reason="kernels are not compiled here")


def program(seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Three columns between 0 and 2 that cost something, and five rows of either sign."""
    rng = np.random.default_rng(seed)
    rows = np.vstack([np.eye(3), -np.eye(3), rng.uniform(-0.5, 1.0, (5, 3))])
    right = np.concatenate([np.zeros(3), np.full(3, -2.0), rng.uniform(-0.5, 1.6, 5)])
    return rng.uniform(0.1, 1.0, 3), rows, right


@pytest.mark.parametrize("seed", range(40))
def test_least_is_that_of_the_best_vertex(seed: int) -> None:
    """Of all points where three rows are met, the cheapest that keeps the others; multipliers sum rows to the cost."""
    from serflow_opt.kernels.programs import least

    cost, rows, right = program(seed)
    best = np.inf
    for three in combinations(range(len(rows)), 3):
        if abs(np.linalg.det(rows[list(three)])) > 1e-9:
            x = np.linalg.solve(rows[list(three)], right[list(three)])
            if (rows @ x >= right - 1e-9).all():
                best = min(best, float(cost @ x))
    state, x, multipliers = least(cost, rows, right, 0, np.arange(3), ROUNDING)
    assert (multipliers >= 0).all()
    if np.isinf(best):
        assert state == 1
        assert multipliers @ rows == pytest.approx(np.zeros(3), abs=1e-9)
        assert multipliers @ right > 0
    else:
        assert state == 0
        assert cost @ x == pytest.approx(best)
        assert multipliers @ rows == pytest.approx(cost)
        assert multipliers @ right == pytest.approx(best)


def test_a_basis_that_is_none_says_nothing() -> None:
    """Two equal rows meet in no vertex."""
    from serflow_opt.kernels.programs import least

    state, _, _ = least(np.ones(2), np.array([[1.0, 0.0], [1.0, 0.0]]), np.zeros(2), 0, np.arange(2), ROUNDING)
    assert state == -1


@pytest.mark.parametrize("seed", range(10))
def test_any_multipliers_bound(seed: int) -> None:
    """Whatever they are, no point of the simplex and the box that keeps the rows costs less."""
    from serflow_opt.kernels.programs import proven

    rng = np.random.default_rng(seed)
    cost, rows = rng.normal(size=5), rng.normal(size=(4, 5))
    low, high = np.array([-1.0, 0.0]), np.array([2.0, 3.0])
    simplex = rng.dirichlet(np.full(3, 0.5), 500)
    points = np.column_stack([simplex, rng.choice([-1.0, 0.5, 2.0], 500), rng.choice([0.0, 1.0, 3.0], 500)])
    right = np.quantile(points @ rows.T, 0.3, axis=0)
    kept = points[(points @ rows.T >= right).all(axis=1)]
    assert len(kept)
    for multipliers in (np.zeros(4), rng.uniform(0, 1, 4), rng.normal(size=4)):
        assert proven(cost, rows, right, multipliers, low, high, ROUNDING) <= (kept @ cost).min()
