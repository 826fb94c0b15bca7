"""Corners, what points cover, and labels that may add to a front: compiled and by numpy."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from oracles.brute_fronts import front_document, long_menus, points_of
from support.helpers import load

from serflow_opt import kernels
from serflow_opt.fronts.archive import corners_of
from serflow_opt.fronts.pareto import pareto


@pytest.mark.parametrize("size", [1, 2, 3, 4])
def test_corners(size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Few different values tie often."""
    rng = np.random.default_rng(size)
    for values in (3, 6, 10**6):
        points = rng.integers(0, values, (25, size)).astype(float)
        most = np.full(size, values * 0.9)
        both = []
        for compiled in (True, False):
            monkeypatch.setattr(kernels, "compiled", compiled)
            both.append(corners_of(points, most))
        assert both[0].tolist() == both[1].tolist()


@pytest.mark.parametrize("size", [2, 3, 4])
def test_a_place_is_below_a_corner_exactly_when_no_point_covers_it(size: int) -> None:
    """Corners part what may still improve a front from what is covered, with no place on both sides."""
    rng = np.random.default_rng([7, size])
    points = rng.integers(0, 7, (12, size)).astype(float)
    corners = corners_of(points, np.full(size, 8.0))
    for place in rng.integers(-1, 8, (300, size)).astype(float):
        assert (place < corners).all(axis=1).any() == (not (points <= place).all(axis=1).any())


@pytest.mark.parametrize("seed", range(4))
def test_whole_fronts(seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One, two and three objectives that thresholds change."""
    document = long_menus(seed, ("mean", "worst")[seed % 2]) if seed < 2 else front_document(46 + seed)
    instance = load(document, tmp_path)
    for names in (("cost", "latency"), ("cost", "latency", "accuracy")):
        if "accuracy" in names and (not instance.accuracy_known or seed < 2):
            continue
        monkeypatch.setattr(kernels, "compiled", True)
        compiled = points_of(pareto(instance, names, method="placements"))  # type: ignore[arg-type]
        monkeypatch.setattr(kernels, "compiled", False)
        plain = points_of(pareto(instance, names, method="placements"))  # type: ignore[arg-type]
        assert compiled == pytest.approx(plain, rel=1e-9)
