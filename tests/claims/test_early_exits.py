"""BranchyNet's and the survey's figures, by arithmetic."""

from __future__ import annotations

import pytest

from serflow_opt.claims.early_exits import parameters, saving, times_faster, tiny_yolo_ms


def test_figures_by_hand() -> None:
    """3.37 / 0.62; 138,357,544 parameters; 5.41 / 65.86 of 4.5 s; half the rent where the small machine is enough."""
    assert times_faster("branchynet-lenet", 3.37) == pytest.approx(3.37 / 0.62, rel=1e-5)
    assert parameters("vgg16-edge-cloud") == pytest.approx(138.357544)
    assert tiny_yolo_ms() == pytest.approx(369.65, abs=0.01)
    assert saving(320.0) == pytest.approx(50.0)
