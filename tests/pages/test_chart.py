"""Charts: round numbers, heights, colours."""

from __future__ import annotations

import re

import pytest

from serflow_opt.pages.chart import Plotted, hours, over_time, ticks


def test_ticks_are_round() -> None:
    """Steps of 1, 2 or 5 times a power of ten, within the range; hours in parts of days."""
    assert ticks(0, 10) == [0, 2, 4, 6, 8, 10]
    assert ticks(0.83, 0.87) == pytest.approx([0.83, 0.84, 0.85, 0.86, 0.87])
    assert hours(0, 24) == [0, 3, 6, 9, 12, 15, 18, 21, 24]


def test_one_value_has_a_range() -> None:
    """A front of one point, or of equal values, lies in the middle."""
    frame = Plotted([3.0, 3.0], [0.0], ("a", "b"), from_0=False)
    low, high = frame.x
    assert low < 3 < high


def test_areas_are_stacked() -> None:
    """Two areas of 1 and 2 end at 1 and at 3, the line at 3 goes along the upper."""
    drawn = over_time("label", "unit", [0.0, 3600.0], [("a", [1.0]), ("b", [2.0])], [3.0])
    frame = Plotted([0.0, 1.0], [0.0, 3.0], ("hours", "unit"))
    tops = [min(float(pair.split(",")[1]) for pair in own.split()) for own in re.findall(r'points="([^"]+)"', drawn)]
    assert tops == pytest.approx([frame.at_y(1), frame.at_y(3), frame.at_y(3)], abs=0.06)
    assert drawn.count("<li>") == 2
