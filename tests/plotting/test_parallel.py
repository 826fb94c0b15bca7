"""Fronts as lines over parallel axes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pytest
from support.plan_pictures import overlapping

from serflow_opt.fronts.front import Front
from serflow_opt.plotting import (
    plot_parallel,
)

matplotlib.use("Agg")


@pytest.fixture(autouse=True)
def _closed() -> Iterator[None]:
    yield
    plt.close("all")


def test_lines_of_a_front_have_their_best_at_the_top(front: Front) -> None:
    """Each axis has its best value at the top, whichever way it is counted."""
    ax: Any = plot_parallel(front)
    lines = [list(line.get_ydata()) for line in ax.lines if len(line.get_xdata()) == 3]
    assert len(lines) == len(front.plans)
    points = np.array(front.points) * [1, 1, -1]
    expected = 1 - (points - points.min(axis=0)) / np.ptp(points, axis=0)
    assert sorted(lines) == [pytest.approx(row) for row in sorted(expected.tolist())]
    labels = ax.get_xticklabels()
    assert [label.get_fontweight() for label in labels] == ["bold"] * 3
    assert overlapping(ax) == []


def test_metrics_that_were_not_asked_for_stand_beside(front: Front, tmp_path: Path) -> None:
    """Metrics beside the objectives are drawn, in a lighter letter."""
    flat = front.model_copy(update={"objectives": ["cost", "latency"]})
    ax: Any = plot_parallel(flat)
    weights = {label.get_text().split("\n")[0]: label.get_fontweight() for label in ax.get_xticklabels()}
    assert weights == {"cost, USD per": "bold", "latency, worst": "bold", "accuracy": "normal"}
