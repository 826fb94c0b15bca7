"""Lines below a rising quotient."""

from __future__ import annotations

import numpy as np

from serflow_opt.traffic.provision.touched_works import GRID, TOUCHED, below_quotient


def test_lines_below_a_rising_quotient() -> None:
    """Of w³ / w between 1 and 3 each line is nowhere above it, and some line is near it at each end."""
    works = np.concatenate([np.linspace(1.0, 3.0, TOUCHED), np.linspace(1.0, 3.0, GRID)])
    lines = below_quotient(works, works**3, 3 * works**2)
    at = np.linspace(1.0, 3.0, 1001)
    above = np.max([start + slope * at - at**2 for slope, start in lines], axis=0)
    assert (above <= 1e-9).all()
    assert above[0] >= -0.05
    assert above[-1] >= -0.05
