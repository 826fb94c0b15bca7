"""Links and options by hand."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.helpers import load, two_tiers


def test_a_link_moves_bytes_at_its_bandwidth(tmp_path: Path) -> None:
    """Bits a second, round trip and price by the GB become seconds and USD a byte."""
    link = load(two_tiers(), tmp_path).links["vm", "fn"]
    assert link.seconds(2e6) == pytest.approx(0.12, rel=1e-12)  # 16e6 bit at 160e6 bit/s, and 20 ms
    assert link.usd_per_byte == pytest.approx(1e-10, rel=1e-12)
    assert link.trusted
