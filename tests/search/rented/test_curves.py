"""Curves of mixes, against linear programs over all mixes."""

from __future__ import annotations

import numpy as np
import pytest
from support.threshold_mixes import drawn, least

from serflow_opt.ground.deadline import Deadline
from serflow_opt.search.rented.curves import Curve, CurveSearch


@pytest.mark.parametrize("seed", range(6))
def test_no_mix_is_better(seed: int) -> None:
    """Within any load the least cost is that of the curves that are kept, and of each by itself."""
    loads = drawn(seed)
    runs = CurveSearch(loads, 0.3, 1e-9, Deadline()).run()
    for most in np.linspace(0.2, 2.5, 6).tolist():
        best = min(least(loads, n, most, neighbours=False) for n in range(4))
        mine = [np.interp(most, [c.x for c in run], [c.y for c in run], left=np.inf) for _, run in runs]
        assert min(mine, default=np.inf) == pytest.approx(best, rel=1e-7)
        for n, run in runs:
            own = float(np.interp(most, [c.x for c in run], [c.y for c in run], left=np.inf))
            assert own >= least(loads, n, most, neighbours=False) - 1e-7


def test_corners_stay_in_order() -> None:
    """What is not below the corners before it is dropped."""
    curve = Curve(0)
    corners = drawn(0).least(np.array([0, 1, 2, 3]), np.array([1.0, 0, 1, 0]), np.array([0.0, 1, 1, 1]), Deadline())[1]
    for corner in corners:
        assert corner is not None
        curve.add(corner)
        curve.add(corner)
    assert (np.diff(curve.x) > 0).all()
    assert (np.diff(curve.y) < 0).all()
    assert sum(share for share, _ in curve.corners[0].parts) == pytest.approx(1.0)
