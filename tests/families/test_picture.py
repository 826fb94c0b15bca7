"""Axes and rows that pictures of families share."""

from __future__ import annotations

from matplotlib.figure import Figure

from serflow_opt.families.picture import axes_or_new, name_rows


def test_axes_that_are_given_are_drawn_on() -> None:
    """Whoever composes a figure gets the picture there, and a new one has the size asked for."""
    mine = Figure().subplots()
    assert axes_or_new(mine, height=9.0) is mine
    made = axes_or_new(None, height=3.0, width=5.0)
    assert made.figure.get_size_inches().tolist() == [5.0, 3.0]


def test_the_first_row_is_at_the_top() -> None:
    """Rows read like the table beside them."""
    axes = axes_or_new(None)
    axes.barh([0, 1], [2.0, 1.0])
    name_rows(axes, ["first", "second"], "s", "what", size=7)
    low, high = axes.get_ylim()
    assert low > high
    assert [label.get_text() for label in axes.get_yticklabels()] == ["first", "second"]
    assert (axes.get_xlabel(), axes.get_title()) == ("s", "what")
