"""What a front covers, by hand."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.helpers import load, two_tiers

from serflow_opt.fronts.hypervolume import hypervolume
from serflow_opt.fronts.pareto import pareto


def test_hypervolume_by_hand(tmp_path: Path) -> None:
    """(4.3e-5, 550) and (4e-4, 300) span the box, so neither covers any of it; a plan between them does."""
    assert pareto(load(two_tiers(), tmp_path)).hypervolume == 0
    document = two_tiers()
    document["tier"][0]["option"].append({"name": "w", "flops_per_s": 1.5e10, "usd_per_hour": 1.8})
    front = pareto(load(document, tmp_path))
    assert front.points[1] == pytest.approx((5e-4 * (0.4 / 3 + 0.4 / 3), 400))
    expected = (4e-4 - 4e-4 / 3) / (4e-4 - 4.3e-5) * 150 / 250
    assert front.hypervolume == pytest.approx(expected)
    assert front.hypervolume_bound == front.hypervolume


def test_hypervolume_of_four_objectives_by_hand() -> None:
    """Two boxes of 1/2 and 1/4 of the unit box that share 1/8; and a point outside."""
    points = [[0.5, 0, 0, 0], [0, 0.5, 0.5, 0], [0, 0, 0, 2.0]]
    assert hypervolume(points, [1.0] * 4) == pytest.approx(1 / 2 + 1 / 4 - 1 / 8)
