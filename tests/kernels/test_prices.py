"""Prices of samples, compiled and by numpy."""

from __future__ import annotations

import numpy as np
import pytest
from support.joint_grids import drawn

from serflow_opt import kernels
from serflow_opt.search.joint.potentials import Priced


@pytest.mark.parametrize("seed", range(12))
def test_prices(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """From none and from prices known, with and without a floor; of steps that are equally good either may be kept."""
    rng = np.random.default_rng(seed)
    grid, _, _ = drawn(seed)
    weight, price = rng.uniform(0, 1, grid.exits), 0.0 if seed % 4 == 3 else 1.5
    first = int(rng.integers(0, max(1, grid.exits - 1)))
    share = rng.uniform(0.1, 1.0, grid.samples) * (rng.random(grid.samples) < 0.8)
    need, found = grid.samples / 3, []
    for compiled in (True, False):
        monkeypatch.setattr(kernels, "compiled", compiled)
        once = Priced.none(grid, first, price).train(grid, weight, share, need, steps=25)
        again = once.train(grid, weight, share, need + 1, steps=10)
        parts = [(known, float(known.bound(grid, weight, share[:, None])[0])) for known in (once, again)]
        found.append([bound + known.price * owed for (known, bound), owed in zip(parts, (need, need + 1), strict=True)])
    assert found[0] == pytest.approx(found[1], rel=1e-9, abs=1e-9)
