"""Plans of workflows as documents."""

from __future__ import annotations

import pytest

import serflow_opt as so
from serflow_opt.families.solve import value


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
