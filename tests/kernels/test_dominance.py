"""Undominated points, compiled and by numpy."""

from __future__ import annotations

import numpy as np
import pytest

from serflow_opt import kernels
from serflow_opt.ground.dominance import BLOCK, nondominated


@pytest.mark.parametrize("columns", [2, 3, 4])
@pytest.mark.parametrize("values", [3, 40, 10**6])
def test_undominated(columns: int, values: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Few different values tie often; many leave long staircases."""
    rng = np.random.default_rng([columns, values])
    for count in (2, 3, 17, 300, 3 * BLOCK):
        points = rng.integers(0, values, (count, columns)).astype(float)
        monkeypatch.setattr(kernels, "compiled", True)
        compiled = nondominated(points)
        monkeypatch.setattr(kernels, "compiled", False)
        assert compiled.tolist() == nondominated(points).tolist()


@pytest.mark.parametrize("columns", [3, 4])
def test_negative_and_infinite(columns: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """A bound that is not known is infinite."""
    rng = np.random.default_rng(3)
    points = rng.choice([-np.inf, -2.0, -0.0, 0.0, 1.5, np.inf], (400, columns))
    monkeypatch.setattr(kernels, "compiled", True)
    compiled = nondominated(points)
    monkeypatch.setattr(kernels, "compiled", False)
    assert compiled.tolist() == nondominated(points).tolist()
