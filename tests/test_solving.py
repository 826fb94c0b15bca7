"""Answers put together from what a search found: status, gap, bound and whose word it is, by hand."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pytest
from support import tiny

from serflow_opt import InputError, solve
from serflow_opt.ground.deadline import Deadline
from serflow_opt.plan.decision import Decision
from serflow_opt.plan.document import BY_WORD
from serflow_opt.plan.evaluator import evaluate
from serflow_opt.search.outcome import SearchOutcome, SearchSettings
from serflow_opt.solving import _shift, plan_of

SETTINGS = SearchSettings(1e-3, Deadline(None))


def outcome(**changes: Any) -> SearchOutcome:
    """What a search came to that found the best plan of the tiny instance."""
    instance = tiny.two_stages()
    decision = Decision((1, 1), ((1.0, 0.0), (1.0,)))  # all on the function, half leave
    metrics = evaluate(instance, decision)
    value = metrics.cost_usd_per_request
    found = SearchOutcome(decision, metrics, value, bound=value, checked=value)
    return replace(found, **changes)


def test_a_plan_at_its_bound_is_optimal() -> None:
    """0.25 USD, 0.25 s of cold start, 0.25 and half of 0.25 s at 2 USD/s: 1.5 USD, proven whatever a solver says."""
    plan = plan_of(tiny.two_stages(), outcome(), SETTINGS, {"cost": 1.0})
    assert (plan.status, plan.gap) == ("optimal", 0.0)
    assert plan.objective.value == pytest.approx(0.25 + 2 * (0.25 + 0.25 + 0.125))
    assert BY_WORD not in (plan.certificate.scope or "")


@pytest.mark.parametrize(("part", "status"), [(0.9995, "optimal"), (0.9, "feasible"), (-math.inf, "feasible")])
def test_the_gap_decides(part: float, status: str) -> None:
    """Within a thousandth it counts as proven, a tenth below it does not; costs are never below nothing."""
    found = outcome(bound=1.5 * part, checked=1.5 * part)
    plan = plan_of(tiny.two_stages(), found, SETTINGS, {"cost": 1.0})
    assert plan.status == status
    assert plan.bound == pytest.approx(max(1.5 * part, 0.0))


def test_a_bound_that_is_a_solvers_word_is_said() -> None:
    """Nine tenths were checked: the scope says so, and the certificate keeps both."""
    plan = plan_of(tiny.two_stages(), outcome(checked=1.35), SETTINGS, {"cost": 1.0})
    assert plan.status == "optimal"
    assert plan.certificate.scope is not None
    assert BY_WORD in plan.certificate.scope
    assert plan.certificate.checked_bound == pytest.approx(1.35)


def test_nothing_found_is_infeasible_only_if_that_is_proven() -> None:
    """Else it has no solution, and says what was in doubt."""
    none = SearchOutcome(bound=0.5, checked=0.5)
    late = plan_of(tiny.two_stages(), none, SETTINGS, {"cost": 1.0})
    assert (late.status, late.plan, late.bound) == ("no_solution", None, 0.5)
    proven = plan_of(tiny.two_stages(), replace(none, infeasible=True, bound=math.inf), SETTINGS, {"cost": 1.0})
    assert (proven.status, proven.bound) == ("infeasible", None)
    doubt = plan_of(tiny.two_stages(), replace(none, doubt="HiGHS said so"), SETTINGS, {"cost": 1.0})
    assert doubt.notes[0] == "HiGHS said so"


def test_weighted_answers_count_from_the_ideal() -> None:
    """With a weight of 2 and an ideal of 1 USD a plan of 1.5 is 1 above it, one of 1 nothing."""
    plan = plan_of(tiny.two_stages(), outcome(bound=1.0, checked=1.0), SETTINGS, {"cost": 2.0})
    _shift(plan, {"cost": 2.0}, {"cost": 1.0})
    assert plan.objective.value == pytest.approx(1.0)
    assert plan.bound == 0.0


def test_own_constraints_go_with_a_model_alone() -> None:
    """What is no function, and a search that has no model, are refused with their cures."""
    with pytest.raises(InputError, match="a function of the model"):
        solve(tiny.two_stages(), extra=3)  # type: ignore[arg-type]
    with pytest.raises(InputError, match="labels know nothing of own constraints"):
        solve(tiny.two_stages(), method="labels", extra=lambda model, data: None)
