"""Plans of workflows as documents, tables and pictures."""

from __future__ import annotations

import pytest
from support.helpers import run

import serflow_opt as so
from serflow_opt.families.solve import value
from serflow_opt.families.workflow.plot import plot_workflow


def test_a_plan_comes_back_out_of_its_document() -> None:
    """Valued again it is worth the same; what is not on offer is named."""
    problem = so.load("criteo-workflow")
    solution = so.solve(problem)
    again = value(problem, solution.to_dict())
    assert again.objective.value == pytest.approx(solution.objective.value, rel=1e-12)
    wrong = solution.to_dict()
    wrong["plan"]["phases"][0]["workers"] = 7
    wrong["plan"]["phases"][3]["kept_from"] = "nowhere"
    with pytest.raises(so.InputError, match=r"preprocess.workers(.|\n)*kept_from"):
        value(problem, wrong)


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
