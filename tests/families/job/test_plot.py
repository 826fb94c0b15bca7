"""Pictures of jobs."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.small_job import folder

import serflow_opt as so
from serflow_opt.families.job.plot import plot_job


def test_parts_of_time_and_money_fill_a_bar_each(tmp_path: Path) -> None:
    """Shares of each bar add up to one, and parts that take nothing are left out."""
    solution = so.solve(folder(tmp_path))
    axes = plot_job(solution)
    for row in (0, 1):
        widths = [bar.get_width() for bar in axes.patches if bar.get_y() == pytest.approx(row - 0.4)]
        assert sum(widths) == pytest.approx(1.0)
        assert min(widths) > 0
