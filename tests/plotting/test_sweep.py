"""A sweep drawn: a line for each combination of the further keys."""

from __future__ import annotations

from matplotlib.figure import Figure

from serflow_opt.families.sweep import SweptValues
from serflow_opt.plotting.sweep import plot_sweep

ROW = {"objective": "cost", "unit": "USD"}


def test_lines_dots_and_missing_plans_are_drawn() -> None:
    """Two lines of two dots; where no line has a plan it is said; unproven dots are hollow."""
    rows = [
        {"a": 1, "b": "x", "status": "optimal", "value": 1.0, **ROW},
        {"a": 1, "b": "y", "status": "feasible", "value": 2.0, **ROW},
        {"a": 2, "b": "x", "status": "optimal", "value": 3.0, **ROW},
        {"a": 2, "b": "y", "status": "optimal", "value": 4.0, **ROW},
        {"a": 3, "b": "x", "status": "infeasible", "value": None, **ROW},
        {"a": 3, "b": "y", "status": "infeasible", "value": None, **ROW},
    ]
    ax = plot_sweep(SweptValues("here", ("a", "b"), tuple(rows)), Figure().subplots())
    solid = [line for line in ax.lines if line.get_linestyle() == "-"]
    assert [list(line.get_ydata()) for line in solid] == [[1.0, 3.0], [2.0, 4.0]]
    hollow = [line for line in ax.lines if line.get_markerfacecolor() == "white"]
    assert [list(line.get_ydata()) for line in hollow] == [[], [2.0]]
    assert [text.get_text() for text in ax.texts] == ["no plan"]
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["b x", "b y"]


def test_words_stand_side_by_side() -> None:
    """Values that are no numbers have no distance: they are ticks in the order given, without a line."""
    rows = tuple({"a": word, "status": "optimal", "value": 1.0, **ROW} for word in ("z", "y"))
    ax = plot_sweep(SweptValues("here", ("a",), rows), Figure().subplots())
    assert [tick.get_text() for tick in ax.get_xticklabels()] == ["z", "y"]
    assert next(line.get_linestyle() for line in ax.lines) == "None"


def test_what_robust_plans_are_worth_as_believed_is_dotted() -> None:
    """Below the worst case that was minimised, for each budget."""
    rows = tuple({"a": n, "status": "optimal", "value": 2.0 + n, "believed": 1.0 + n, **ROW} for n in range(2))
    ax = plot_sweep(SweptValues("here", ("a",), rows), Figure().subplots())
    dotted = [line for line in ax.lines if line.get_linestyle() == ":"]
    assert [list(line.get_ydata()) for line in dotted] == [[1.0, 2.0]]
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["as believed", "minimised"]
