"""What answers say of a plan over all cases."""

from __future__ import annotations

from pathlib import Path

from oracles.robust import robust_document
from oracles.writing import write

import serflow_opt as so
from serflow_opt.plan.document import Plan


def test_a_robust_plan_goes_through_its_document(tmp_path: Path) -> None:
    """A plan read back says the same of its cases, and its value by `evaluate` is the same over all of them."""
    instance = so.load(write(robust_document(6), tmp_path))
    plan = so.solve(instance)
    assert plan.robustness is not None
    again = Plan.from_dict(plan.to_dict())
    assert again.robustness == plan.robustness
    from serflow_opt.plan.valuation import value_plan

    valued = value_plan(instance, plan.to_dict())
    assert valued.objective == plan.objective
    assert valued.robustness == plan.robustness


def test_other_plans_say_nothing_of_cases() -> None:
    """Without [uncertainty] the document is as it was."""
    plan = so.solve(so.load("libra"))
    assert plan.robustness is None
    assert "robustness" not in plan.to_dict()
