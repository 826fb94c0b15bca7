"""Every answer says why it can be trusted, in one form."""

from __future__ import annotations

import pytest
from support.tiny import two_stages

import serflow_opt as so
from serflow_opt.families.answer import Solution
from serflow_opt.families.fleet import SolutionFleet
from serflow_opt.families.front import SolutionFront
from serflow_opt.plan.certificate import Certificate

RESULTS = [so.Plan, so.Front, so.Fleet, so.Deployment, so.Schedule, Solution, SolutionFront, SolutionFleet]


@pytest.mark.parametrize("result", RESULTS, ids=lambda own: own.__name__)
def test_every_result_of_a_search_has_a_certificate(result: type) -> None:
    """As a field of its document or made of its fields."""
    assert hasattr(result, "certificate") or "certificate" in getattr(result, "model_fields", {})


def test_of_many_answers_it_tells_the_largest_breach() -> None:
    """And the exact value is that of the plans together."""
    instance = two_stages(rate_per_s=2.0)
    front = so.pareto(instance, ["cost", "accuracy"])
    fleet = so.solve_fleet([instance, instance], budget_usd_per_hour=1e6)
    for many, plans in ((front, front.plans), (fleet, fleet.plans)):
        assert isinstance(many.certificate, Certificate)
        assert many.certificate.max_constraint_violation == max(
            plan.certificate.max_constraint_violation for plan in plans
        )
    assert fleet.certificate.exact_objective == pytest.approx(sum(own.adds for own in fleet.services), rel=1e-12)
