"""Pictures of policies side by side: bars are bills."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import matplotlib
import matplotlib.pyplot as plt
import pytest
from support.traffic_pictures import (
    comparison,
    legend,
    overlapping,
)

from serflow_opt.plotting import plot_policies
from serflow_opt.plotting.latency import rare
from serflow_opt.traffic.control.compare import Comparison

matplotlib.use("Agg")


@pytest.fixture(autouse=True)
def _closed() -> Iterator[None]:
    yield
    plt.close("all")


def column(ax: Any, header: str) -> list[str]:
    """What stands below a header."""
    texts = list(ax.texts)
    first = next(i for i, text in enumerate(texts) if text.get_text() == header)
    return [text.get_text() for text in texts[first + 1 : first + 1 + len(ax.get_yticks())]]


def test_bars_are_bills() -> None:
    """Bars, columns and bounds are those of the comparison's rows."""
    compared = comparison((2.0, 1.0, 0.5), (1.0, 0.75, 0.5), (1.0, 0.5, 0.0), slo_s=0.3)
    ax: Any = plot_policies(compared)
    widths = {bars.get_label(): [bar.get_width() for bar in bars] for bars in ax.containers}
    assert widths == {"machines": [2, 1, 1], "functions": [1, 0.75, 0.5], "links": [0.5, 0.5, 0]}
    ends = [bar.get_x() + bar.get_width() for bar in ax.containers[-1]]
    assert ends == [row.usd for row in compared.rows]
    bounds = [mark.get_segments()[0][0][0] for mark in ax.collections]
    assert bounds == [pytest.approx(1.35)] * 3
    assert [label.get_text() for label in ax.get_yticklabels()] == [
        "LIBRA",
        "SERFLOW (1 block)",
        "controller (2 blocks)",
    ]
    assert column(ax, "USD") == ["3.50", "2.25", "1.50"]
    assert column(ax, "saved over\nLIBRA") == ["", "35.7 %", "57.1 %"]
    assert column(ax, "late or\ndropped") == [rare(compared.rows[0].violations)] * 3
    assert ax.get_xlabel() == "USD for the whole trace"
    assert ax.get_title() == r"made on some \$ trace"
    assert set(legend(ax)) == {"bound: no schedule of the same blocks costs less", "machines", "functions", "links"}
    assert overlapping(ax) == []


def test_far_bars_are_cut() -> None:
    """One absurd bill does not squeeze the others: its bar is cut and its figure stands."""
    bills = (2.0, 1.0, 0.0), (1.0, 1.0, 0.0), (1.0, 0.5, 0.0), (200.0, 0.0, 0.0), (1.0, 0.0, 0.0)
    ax: Any = plot_policies(comparison(*bills))
    assert ax.get_xlim()[1] == pytest.approx(1.05 * 3)
    strokes = [line for line in ax.lines if line.get_color() == "white"]
    assert len(strokes) == 2
    assert {round(float(line.get_ydata().mean() if hasattr(line.get_ydata(), "mean") else 0)) for line in strokes} == {
        3
    }
    assert column(ax, "USD")[3] == "200"
    assert column(ax, "saved over\nLIBRA")[3] == "−6,567 %"
    assert "links" not in legend(ax)
    assert ax.get_yticklabels()[-1].get_text() == r"special \$ (2 blocks)"
    assert overlapping(ax) == []


def test_policies_without_libra_and_target() -> None:
    """Columns that mean nothing without LIBRA or a target are left out."""
    ax: Any = plot_policies(comparison((1.0, 1.0, 0.0), (1.0, 0.5, 0.0), libra=False))
    headers = {text.get_text() for text in ax.texts}
    assert "dropped" in headers
    assert not {"late or\ndropped", "saved over\nLIBRA"} & headers
    with pytest.raises(ValueError, match="no policy"):
        plot_policies(Comparison("made", "trace", ()))


def test_policies_that_cost_nothing() -> None:
    """Bills of nothing can be drawn, too."""
    plot_policies(comparison((0.0, 0.0, 0.0), (0.0, 0.0, 0.0))).figure.canvas.draw()
