"""What a search keeps, and when that is proven."""

from __future__ import annotations

import dataclasses
import math

import pytest
from support import tiny

from serflow_opt.plan.decision import Decision
from serflow_opt.plan.evaluator import evaluate
from serflow_opt.search.outcome import SearchOutcome

DECISION = Decision((0, 0), ((1.0, 0.0), (1.0,)))


def test_only_better_plans_that_hold_are_kept() -> None:
    """An equal one changes nothing, a better one that breaks a limit neither."""
    good = evaluate(tiny.two_stages(), DECISION)
    bad = evaluate(tiny.two_stages(accuracy_min=0.95), DECISION)
    other = dataclasses.replace(DECISION, options=(1, 1))
    found = SearchOutcome()
    assert found.empty
    found.offer(DECISION, bad, 0.5)
    assert found.empty
    found.offer(DECISION, good, 1.0)
    found.offer(other, good, 1.0)
    found.offer(other, bad, 0.1)
    assert (found.decision, found.value) == (DECISION, 1.0)
    found.offer(other, good, 0.9)
    assert (found.decision, found.value) == (other, 0.9)


@pytest.mark.parametrize(
    ("value", "bound", "gap", "proven"),
    [
        (2.0, 1.5, 0.25, True),  # exactly
        (2.0, 1.5, 0.24, False),
        (-2.0, -2.5, 0.25, True),
        (math.inf, 1.0, 0.5, False),
        (0.0, 0.0, 0.0, True),
    ],
)
def test_a_plan_is_proven_within_the_gap_of_its_value(value: float, bound: float, gap: float, proven: bool) -> None:
    """Relative to the plan, as it is told; without a plan nothing is proven."""
    assert SearchOutcome(value=value, bound=bound).proven(gap) is proven
