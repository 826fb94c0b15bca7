"""Hulls by hand."""

from __future__ import annotations

import numpy as np
import pytest

from serflow_opt.families.spot.convex import convex, corners, lines

SHARE = (1.0, 1.0, 0.9, 0.1, 0.05, 0.05)
"""From 1 at none to 0.1 at three straight; then 0.05 at four."""


def test_the_hull_of_a_share() -> None:
    """0.3 less with each of three workers, 0.05 with the fourth, and no more."""
    assert corners(SHARE) == [0, 3, 4, 5]
    assert convex(np.array(SHARE)).tolist() == pytest.approx([1.0, 0.7, 0.4, 0.1, 0.05, 0.05])
    assert lines(SHARE, 0.01) == [
        (pytest.approx(1.0), pytest.approx(0.3)),
        (pytest.approx(0.25), pytest.approx(0.05)),
        (0.05, 0.0),
    ]
    assert len(lines(SHARE, 0.1)) == 2
