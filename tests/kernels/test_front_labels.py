"""Labels that may add to a front: compiled and by numpy."""

from __future__ import annotations

import numpy as np
import pytest

from serflow_opt import kernels
from serflow_opt.fronts.archive import covered


def test_covered(monkeypatch: pytest.MonkeyPatch) -> None:
    """Labels that a front covers are the same ones with kernels and with numpy."""
    rng = np.random.default_rng(3)
    for size in (2, 3, 5):
        points = rng.integers(3, 9, (30, size)).astype(float)
        points = points[np.argsort(points[:, 0], kind="stable")]
        ideal = rng.integers(0, 12, (200, size)).astype(float)
        monkeypatch.setattr(kernels, "compiled", True)
        compiled = covered(ideal, points)
        monkeypatch.setattr(kernels, "compiled", False)
        assert compiled.tolist() == covered(ideal, points).tolist()
        assert 0 < compiled.sum() < len(ideal)
