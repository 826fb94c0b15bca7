"""Maps over rates where thresholds are mixed, against solves at many rates."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from support import tiny
from support.planners import rented

import serflow_opt as so
from serflow_opt.plan.evaluator import evaluate
from serflow_opt.plan.names import decision_of
from serflow_opt.planner.planner import Planner


@pytest.mark.parametrize("mode", ["randomized", "interpolated"])
def test_each_piece_is_as_good_as_it_says(mode: str) -> None:
    """At many rates, and where pieces end: the plan is valued right, and no plan is better by more than the gap."""
    instance = replace(rented(), threshold_mode=mode)
    policy = Planner(instance).policy(rate_per_s=(0.5, 12.0), tolerance=0.01)
    assert policy.gap <= 0.01
    assert "mixes of thresholds on" in str(policy.pieces[0].plan and policy.pieces[0].plan.certificate.method)
    rates = [*np.geomspace(0.5, 12.0, 12).tolist(), *policy.breakpoints[:4]]
    for rate in rates:
        here = instance.with_limits(rate_per_s=rate)
        plan, best = policy.at(rate), so.solve(here, gap=1e-7)
        assert plan is not None
        assert plan.plan is not None
        assert plan.metrics is not None
        assert best.objective.value is not None
        assert plan.objective.value is not None
        assert plan.bound is not None
        metrics = evaluate(here, decision_of(here, plan.plan))
        assert not metrics.breaches
        assert plan.metrics.cost_usd_per_request == pytest.approx(metrics.cost_usd_per_request, rel=1e-9)
        assert plan.bound <= best.objective.value * (1 + 1e-7)
        assert plan.objective.value >= best.objective.value * (1 - 2e-7)


def test_no_plan_at_any_rate() -> None:
    """A floor that no mix keeps: one piece without a plan."""
    instance = tiny.two_stages(accounting="reserved", rate_per_s=1.0, accuracy_min=0.99)
    policy = Planner(replace(instance, threshold_mode="randomized")).policy(rate_per_s=(1.0, 5.0))
    assert [(piece.plan, piece.gap) for piece in policy.pieces] == [(None, 0.0)]
