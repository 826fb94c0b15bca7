"""Answers without time to search."""

from __future__ import annotations

from dataclasses import replace

import pytest
from support import tiny
from support.planners import BASES, rented, same_answer

import serflow_opt as so
from serflow_opt.ground.tolerances import PLANNER_GAP
from serflow_opt.planner.planner import Planner
from serflow_opt.planner.policy import Piece


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


def with_machines(base: so.Instance, most: int) -> so.Instance:
    """As many machines of each type as a tier has, at most."""
    tiers = (replace(tier, scaling=replace(tier.scaling, machines_max=most)) for tier in base.tiers)
    return replace(base, tiers=tuple(tiers))


@pytest.mark.parametrize("most", [1, 3])
def test_machines_that_run_out_are_held(most: int) -> None:
    """By answers at a rate and by the map over rates: a machine of v carries 40 / 13 requests a second, f the rest."""
    base = with_machines(rented(), most)
    planner = Planner(base)
    policy = planner.policy(rate_per_s=(0.5, 20.0), tolerance=0.0)
    assert policy.breakpoints[-1] == pytest.approx(40 / 13 * most, rel=1e-9)
    for rate in (0.5, 3.0, 5.0, 9.0, 9.5, 20.0):
        here, there = base.with_limits(rate_per_s=rate), policy.at(rate)
        assert there is not None
        assert there.objective.value == pytest.approx(so.solve(here, gap=1e-9).objective.value, rel=1e-6)
        same_answer(planner.plan(rate_per_s=rate), here, PLANNER_GAP)


def test_a_map_ends_where_machines_do() -> None:
    """A request keeps v busy for 2.5 s, half of the time may be: three machines end at 0.6 a second, at 0.1 a half."""
    alone = replace(tiny.two_stages(rate_per_s=1.0, accounting="reserved", accuracy_min=0.9))
    alone = with_machines(replace(alone, options=alone.options[:1]), 3)
    policy = Planner(alone).policy(rate_per_s=(0.1, 2.0))
    assert policy.pieces[-1] == Piece(pytest.approx(0.6, rel=1e-9), 2.0, None, 0.0)
    assert all(piece.plan is not None for piece in policy.pieces[:-1])
    (none,) = Planner(alone).policy(rate_per_s=(1.0, 2.0)).pieces
    assert none == Piece(1.0, 2.0, None, 0.0)


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
