"""Lines below what machines cost."""

from __future__ import annotations

import numpy as np
import pytest

from serflow_opt.traffic.provision.by_count import _below_steps


@pytest.mark.parametrize("seed", range(10))
def test_lines_are_below_steps(seed: int) -> None:
    """Lines are below any rising function with these values, such as one that keeps each of them until the next."""
    rng = np.random.default_rng(seed)
    grid = np.linspace(1.0, 3.0, 65)
    costs = np.cumsum(rng.uniform(0.0, 0.1, 65) * (rng.random(65) < 0.3)) + 1.0
    slopes, starts = _below_steps(grid, costs)
    for end in (grid[:-1], grid[1:]):  # of each cell
        assert (starts[:, None] + slopes[:, None] * end <= costs[:-1] + 1e-12).all()
    below = (starts[:, None] + slopes[:, None] * grid).max(axis=0)
    assert below.max() >= costs[0]
