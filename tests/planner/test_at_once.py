"""Answers without time to search."""

from __future__ import annotations

import pytest
from support.planners import BASES, same_answer

import serflow_opt as so
from serflow_opt.ground.tolerances import PLANNER_GAP
from serflow_opt.planner.planner import Planner


@pytest.mark.parametrize("base", ["per request", "with limits", "reserved", "mean, limited"])
def test_no_time_at_all(base: str) -> None:
    """There is an answer all the same; it is remembered only if it is proven."""
    planner = Planner(BASES[base])
    plan = planner.plan(deadline_ms=0)
    assert plan.status in ("optimal", "feasible", "no_solution")
    exact = so.solve(BASES[base], gap=1e-9).objective.value
    assert exact is not None
    if plan.objective.value is not None:
        assert plan.objective.value >= exact * (1 - 1e-9)
        assert plan.bound is None or plan.bound <= exact * (1 + 1e-9)
    same_answer(planner.plan(), BASES[base], PLANNER_GAP)
    assert planner.plan(deadline_ms=0) is planner.plan()


@pytest.mark.parametrize("base", ["per request", "reserved"])
def test_no_time_to_search_means_the_best_plan_known(base: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of earlier answers, and of the bounds it was made with; the limits asked for hold."""
    planner = Planner(BASES[base])
    best = planner.plan()
    asked = []
    monkeypatch.setattr(planner, "_answer", lambda *given, **named: asked.append(given))
    plan = planner.plan(rate_per_s=BASES[base].rate_per_s or 1.0, explain=False, deadline_ms=0)
    assert not asked
    assert plan.status in ("optimal", "feasible")
    assert (plan.plan, plan.objective) == (best.plan, best.objective)
    assert plan.gap is not None
    with pytest.raises(so.InputError, match=r"gap: 'small'"):
        Planner(BASES[base], gap="small")  # type: ignore[arg-type]
