"""The one place that puts plans together."""

from __future__ import annotations

import pytest
from support import tiny

from serflow_opt.plan.answer import answer_with, unvalued
from serflow_opt.plan.decision import Decision
from serflow_opt.plan.document import Placement, PlanDocument
from serflow_opt.plan.evaluator import evaluate


def test_a_plan_answers_to_the_question_it_was_asked() -> None:
    """A point of a front carries the limits and the objective of its own question, not those of the instance."""
    instance = tiny.two_stages()
    question = instance.with_limits(minimize="latency", cost_max_usd=2.0)
    decision = Decision((1, 1), ((1.0, 0.0), (1.0,)))
    metrics = evaluate(instance, decision)
    plan = answer_with(
        instance, decision, metrics, status="feasible", value=1000.0, method="by hand", seconds=0.5,
        question=question, counts={"labels": 7}, notes=["first"],
    )  # fmt: skip
    assert (plan.objective.name, plan.objective.unit) == ("latency", "ms")
    assert plan.limits["cost_max_usd"] == 2.0
    assert (plan.certificate.labels, plan.certificate.max_constraint_violation) == (7, 0.0)
    assert plan.notes[0] == "first"
    assert [place.option for place in plan.placement] == ["f", "f"]


def test_without_a_decision_there_is_no_plan_and_no_figure() -> None:
    """Nothing of an answer without a plan can be taken for one."""
    plan = answer_with(tiny.two_stages(), None, None, status="no_solution", value=None, method="m", seconds=0.0)
    assert (plan.plan, plan.metrics, plan.objective.value, plan.samples) == (None, None, None, [])
    assert plan.certificate.max_constraint_violation is None
    with pytest.raises(ValueError, match="validation error"):
        answer_with(
            tiny.two_stages(), None, None, status="no_solution", value=None, method="m", seconds=0.0, counts={"x": 1}
        )


def test_a_plan_written_by_hand_claims_nothing() -> None:
    """No value, no bound and no proof: only what it decides, and where."""
    decided = PlanDocument(placement=[Placement(stage=1, tier="vm", option="v")])
    plan = unvalued(decided, "mine")
    assert (plan.instance, plan.plan, plan.objective.value, plan.bound, plan.gap) == ("mine", decided, None, None, None)
    assert not plan.certificate.optimised
