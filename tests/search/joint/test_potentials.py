"""Prices of samples: bounds on every combination of levels."""

from __future__ import annotations

import numpy as np
import pytest
from support.joint_grids import drawn, outcomes

from serflow_opt.search.joint.potentials import Priced, free


@pytest.mark.parametrize("seed", range(10))
def test_trained_prices_bound_every_combination_and_more_tightly_than_free_choice(seed: int) -> None:
    """Prices make a true bound that is no weaker than letting each sample choose for itself."""
    grid, passed, most = drawn(seed)
    weight, price, need = np.random.default_rng(seed).uniform(0, 1, grid.exits), 1.5, grid.samples // 2
    everyone = np.ones(grid.samples)
    prices = Priced.none(grid, 0, price).train(grid, weight, everyone, need, steps=200)
    bound = float(prices.bound(grid, weight, everyone[:, None])[0]) + prices.price * need
    for _, inside, right in outcomes(grid, passed, most):
        added = sum(w * n for w, n in zip(weight[1:], inside[1:], strict=True))
        assert added + prices.price * (need - right) >= bound - 1e-9
    oracle = float(free(grid, weight, price)[0].sum()) + price * need
    assert bound >= oracle - 1e-9
