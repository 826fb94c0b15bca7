"""Ranges of thresholds in a block: how wide they are, and what is within two of them."""

from __future__ import annotations

import pytest

from serflow_opt.traffic.provision.block_ranges import BlockRanges, within


def test_ranges_are_as_wide_as_their_part_of_the_upper_end() -> None:
    """From 3 to 4 is a quarter; what is 0 or does not matter is left out."""
    assert BlockRanges((3.0, 4.0), None, (0.5, 1.0)).spreads() == pytest.approx({"work": 0.25, "reach": 0.5})
    assert BlockRanges((0.0, 0.0), (2.0, 2.0)).spreads() == {"square": 0.0}


def test_what_is_within_two_ranges() -> None:
    """The larger of the lower ends and the smaller of the upper ends."""
    assert within((1.0, 3.0), (2.0, 5.0)) == (2.0, 3.0)
    assert within((1.0, 3.0), (0.0, 2.5)) == (1.0, 2.5)
