"""Any document as tables."""

from __future__ import annotations

from typing import Any

from serflow_opt.pages.anything import DEEPEST, MOST_ROWS, anything, cell


def test_figures_rows_and_what_is_inside(read: Any) -> None:
    """Figures are listed, rows make a table, what does not fit a cell stands below; data for programs do not."""
    page = read(anything({"a_b": 1.5, "rows": [{"x": 1, "deep": {"y": [1, 2, 3, 4, 5]}}], "exact": {"z": 9}}))
    assert "a b" in page.text
    assert page.count("table") == 1
    assert page.count("details") == 1
    assert "z" not in page.text


def test_nothing_without_end(read: Any) -> None:
    """Documents nested without end, and long ones, are cut with a word."""
    nested: Any = {}
    for _ in range(DEEPEST + 5):
        nested = {"in": nested, "x": 1}
    assert "..." in read(anything(nested)).text
    assert f"{MOST_ROWS:,} of {MOST_ROWS + 1:,} rows" in read(anything([{"x": 1}] * (MOST_ROWS + 1))).text


def test_cells() -> None:
    """What is not known is empty; yes and no are words; short lists stay in a line."""
    assert [cell(own) for own in (None, float("nan"), True, 0.123456789, [1, 2])] == ["", "", "yes", "0.123457", "1, 2"]
