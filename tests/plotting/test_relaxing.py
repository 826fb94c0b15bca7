"""What relaxing a limit gains, drawn."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import matplotlib
import matplotlib.pyplot as plt
import pytest
from support import tiny

from serflow_opt.plotting import (
    plot_relaxing,
)
from serflow_opt.sensitivity.relax import relax

matplotlib.use("Agg")


@pytest.fixture(autouse=True)
def _closed() -> Iterator[None]:
    yield
    plt.close("all")


def test_a_curve_of_optima() -> None:
    """1.125 up to accuracy 0.88, 1.375 up to 0.945, nothing beyond; the own limit, 0.9, is solved for, too."""
    instance = tiny.two_stages(accuracy_min=0.9)
    ax: Any = plot_relaxing(instance, "accuracy_min", [0.85, 0.93, 0.96])
    dots = [(x, y) for line in ax.lines if line.get_marker() == "o" for x, y in zip(*line.get_data(), strict=True)]
    assert dots == [pytest.approx(dot) for dot in ((0.85, 1.125e6), (0.9, 1.375e6), (0.93, 1.375e6))]
    held = [line.get_xdata() for line in ax.lines if line.get_linestyle() == "-" and len(line.get_xdata()) == 2]
    assert [pytest.approx(list(x)) for x in held] == [[0.85, 0.88], [0.9, 0.945], [0.93, 0.945]]
    labels = [text.get_text() for text in ax.get_legend().get_texts()]
    assert labels == ["the optimum is in here", "1-2 vm: v", "no plan", "asked for: 0.9"]
    assert ax.get_xlabel() == "accuracy asked for, at least"
    assert ax.get_ylabel() == "USD per million requests"


def test_a_curve_that_is_known_is_not_solved_again() -> None:
    """A relaxing that was computed is drawn as it is, with each placement named."""
    instance = tiny.two_stages()
    curve = relax(instance, "latency_slo_ms", [500.0, 1000.0, 3000.0, 5000.0])
    ax: Any = plot_relaxing(instance, "latency_slo_ms", [], curve=curve)
    assert {line.get_label() for line in ax.lines} >= {"1-2 vm: v", "1 vm: v, 2 fn: f", "1-2 fn: f"}
    assert ax.get_xlabel() == "latency allowed, worst (ms)"


def test_no_plan_for_any_value() -> None:
    """A curve without any point is refused in words."""
    with pytest.raises(ValueError, match="no plan for any value"):
        plot_relaxing(tiny.two_stages(), "accuracy_min", [0.97, 0.98])
