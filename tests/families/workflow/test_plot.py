"""Pictures of workflows."""

from __future__ import annotations

from support.helpers import run

import serflow_opt as so
from serflow_opt.families.workflow.plot import plot_workflow


def test_the_picture_has_a_bar_for_each_phase() -> None:
    """Starts and work of four phases, and where a server stays, its wait; the command draws and explains, too."""
    solution = so.solve("criteo-workflow")
    axes = plot_workflow(solution)
    assert [own.get_text().split(":")[0] for own in axes.get_yticklabels()] == ["preprocess", "train", "tune", "final"]
    kept = sum(own.get("kept_from") is not None for own in solution.plan["phases"])
    assert len(axes.patches) == 8 + kept
    ran = run("explain", "criteo-workflow")
    assert ran.code == 0
    assert "final alone at its fastest" in ran.stdout
