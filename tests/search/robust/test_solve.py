"""Answers where things may turn out otherwise."""

from __future__ import annotations

import dataclasses

import pytest
from support import tiny

import serflow_opt as so
from serflow_opt.errors import InputError
from serflow_opt.problem.uncertainty import UncertainCase, Uncertainty


def test_a_budget_is_answered_with_its_worst_case() -> None:
    """On the VM alone the input takes 0.5 s and the stages 1 and 2: half of 2 is the most that one part adds."""
    asked = Uncertainty(budget=1, times=(0.5, 0.5))
    plan = so.solve(tiny.one_vm(minimize="latency", uncertainty=asked))
    assert plan.status == "optimal"
    assert plan.objective.value == pytest.approx(4500)
    assert plan.robustness is not None
    assert (plan.robustness.believed, plan.robustness.worst) == (pytest.approx(3500), pytest.approx(4500))
    assert plan.robustness.worst_case == "time of stage 2"


def test_what_only_a_case_forbids_is_said() -> None:
    """4 s are enough as believed, not when stage 2 takes 3: the message names the case."""
    asked = Uncertainty(budget=1, times=(0.5, 0.5))
    plan = so.solve(tiny.one_vm(latency_slo_s=4.0, uncertainty=asked))
    assert plan.status == "infeasible"
    assert plan.infeasible_because[0].best == pytest.approx(4500)
    assert plan.infeasible_because[0].message.endswith("(in the case: time of stage 2)")


def test_limits_hold_with_the_probability_asked() -> None:
    """4 s are missed in one scenario of probability 0.2: held with 0.8, not with 0.9."""
    slow = UncertainCase("slow", 0.2, times=(1.0, 1.5))
    asked = Uncertainty(goal="expected", scenarios=(UncertainCase("well", 0.8), slow), hold=0.8)
    instance = tiny.one_vm(minimize="latency", latency_slo_s=4.0, uncertainty=asked)
    plan = so.solve(instance)
    assert plan.objective.value == pytest.approx(0.8 * 3500 + 0.2 * 4500)
    stricter = dataclasses.replace(asked, hold=0.9)
    assert so.solve(dataclasses.replace(instance, uncertainty=stricter)).status == "infeasible"


@pytest.mark.parametrize("options", [{"method": "labels"}, {"extra": lambda m, data: None}])
def test_what_does_not_go_with_it_is_refused(options: dict[str, object]) -> None:
    """Labels alone see one case, and constraints of one's own none."""
    asked = Uncertainty(budget=1, times=(0.5, 0.5))
    with pytest.raises(InputError, match="with \\[uncertainty\\]"):
        so.solve(tiny.one_vm(uncertainty=asked), **options)  # type: ignore[arg-type]
