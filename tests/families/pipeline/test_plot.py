"""Pictures of pipelines."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest
from support.small_pipeline import ROWS, folder

import serflow_opt as so
from serflow_opt.families.pipeline.plot import plot_pipeline


def test_a_bar_for_the_work_of_each_stage_and_each_link(tmp_path: Path) -> None:
    """Work is computing and synchronising; the line is the pace."""
    solution = so.solve(folder(tmp_path, ROWS))
    stages = solution.plan["stages"]
    axes = plot_pipeline(solution)
    expected = sum(own["computing_ms"] + own["synchronising_ms"] for own in stages)
    expected += sum(max(own["receiving_ms"], before["sending_ms"]) for before, own in pairwise(stages))
    assert sum(bar.get_width() for bar in axes.patches) == pytest.approx(expected)
    assert axes.lines[0].get_xdata()[0] == pytest.approx(solution.objective.value)
    assert len(axes.get_yticklabels()) == 2 * len(stages) - 1
