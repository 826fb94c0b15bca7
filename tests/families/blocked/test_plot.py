"""Pictures of schedules."""

from __future__ import annotations

from pathlib import Path

from support.small_blocked import folder

import serflow_opt as so
from serflow_opt.families.blocked.plot import plot_schedule


def test_few_tasks_have_a_bar_each_and_many_a_curve(tmp_path: Path) -> None:
    """Three tasks make three bars as long as they take; without them workers at work are drawn."""
    solution = so.solve(folder(tmp_path))
    axes = plot_schedule(solution)
    widths = sorted(bar.get_width() for bar in axes.patches)
    assert widths == sorted(own["to_s"] - own["from_s"] for own in solution.plan["schedule"])
    assert axes.get_ylabel() == "worker"
    many = solution.model_copy(update={"plan": {k: v for k, v in solution.plan.items() if k != "schedule"}})
    assert plot_schedule(many).get_ylabel() == "workers at work"
