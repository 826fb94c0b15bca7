"""The drawing of a network."""

from __future__ import annotations

import re
from pathlib import Path

from support.helpers import load, two_tiers

import serflow_opt as so
from serflow_opt.pages.network import HALF, MIDDLE, network


def test_the_band_is_as_thick_as_requests_are_many(tmp_path: Path) -> None:
    """All requests enter the first stage: its band reaches from half a thickness above to half below the middle."""
    metrics = so.solve(load(two_tiers(), tmp_path)).metrics
    assert metrics is not None
    corners = re.findall(r'points="([^"]+)"', network(metrics))[0].split()
    heights = [float(pair.split(",")[1]) for pair in corners]
    assert (min(heights), max(heights)) == (MIDDLE - HALF, MIDDLE + HALF)
