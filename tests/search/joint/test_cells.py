"""Ranges of thresholds: bounds on every combination of levels."""

from __future__ import annotations

import math

import numpy as np
import pytest
from support.joint_grids import aim_for, drawn, least, outcomes

from serflow_opt.search.joint.cells import Cells
from serflow_opt.search.joint.diagram import best_below


@pytest.mark.parametrize("growth", [1.0, 1.5, 3.0])
@pytest.mark.parametrize("sides", [0, 1])
@pytest.mark.parametrize("seed", [seed for seed in range(25) if seed % 5])
def test_diagrams_of_cells_bound_every_combination(seed: int, sides: int, growth: float) -> None:
    """Levels joined to cells give a bound that no combination beats, and the exact value where cells are single."""
    grid, passed, most = drawn(seed)
    aim = aim_for(seed, grid, outcomes(grid, passed, most), sides)
    expected = least(aim, outcomes(grid, passed, most))
    rng = np.random.default_rng(seed)
    middle = np.array([rng.integers(count) for count in grid.levels])
    cells = Cells.around(grid, middle, growth)
    for low, high, count, at in zip(cells.low, cells.high, grid.levels, middle, strict=True):
        covered = [level for a, b in zip(low, high, strict=True) for level in range(a, b + 1)]
        assert covered == list(range(count))
        assert any(a == b == at for a, b in zip(low, high, strict=True))
    answer = best_below(grid, aim, math.inf, cells=cells)
    assert answer.complete
    assert answer.value <= expected + 1e-9
    if growth == 1.0:
        assert answer.value == pytest.approx(expected, rel=1e-8, abs=1e-9)
