"""Placements behind the protocol of families: limits and documents."""

from __future__ import annotations

import pytest
from support import tiny

from serflow_opt.families.placement import PLACEMENT
from serflow_opt.plan.decision import Decision


def test_limits_are_ceilings_less_is_better() -> None:
    """An accuracy floor is a ceiling of its negative, a latency limit one in seconds; both can be taken away."""
    instance = tiny.two_stages(accuracy_min=0.9, latency_slo_s=2.0)
    assert PLACEMENT.ceilings(instance) == {"latency": 2.0, "accuracy": -0.9}
    freed = PLACEMENT.held(instance, {"accuracy": None, "cost": 3.0})
    assert PLACEMENT.ceilings(freed) == {"cost": 3.0, "latency": 2.0}


def test_a_plan_survives_its_document_and_is_valued_in_own_units() -> None:
    """v then f with half leaving at stage 1: 2.25 s and 0.625 + 1.625 / 2 USD, by hand."""
    instance = tiny.two_stages()
    decision = Decision((0, 1), ((1.0, 0.0), (1.0,)))
    assert PLACEMENT.decision_of(instance, PLACEMENT.document_of(instance, decision)) == decision
    valued = PLACEMENT.evaluate(instance, decision)
    assert valued.values["cost"] == pytest.approx(0.625 + 1.625 * 0.5)
    assert 0 < valued.values["accuracy"] < 1
