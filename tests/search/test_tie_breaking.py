"""Equally cheap plans: the faster one is taken."""

from __future__ import annotations

import dataclasses

import pytest
from support import tiny

import serflow_opt as so
from serflow_opt.plan.decision import Decision
from serflow_opt.plan.evaluator import evaluate
from serflow_opt.search import tie_breaking
from serflow_opt.search.outcome import SearchOutcome, SearchSettings


@pytest.mark.parametrize("accounting", ["per-request", "reserved"])
def test_twice_as_fast_at_twice_the_price(accounting: str) -> None:
    """A machine that is twice as fast and twice as dear costs the same, and is taken whichever stands first."""
    one = tiny.two_stages(accounting=accounting, rate_per_s=2.0)
    slow = one.options[0]
    fast = dataclasses.replace(
        slow,
        name="fast",
        stage_seconds=tuple(seconds / 2 for seconds in slow.stage_seconds),
        usd_per_s=2 * slow.usd_per_s,
    )
    for options in ((slow, fast), (fast, slow)):
        plan = so.solve(dataclasses.replace(one, options=options))
        assert plan.status == "optimal"
        assert {place.option for place in plan.placement} == {"fast"}


@pytest.mark.parametrize(("dearer", "taken"), [(0.0, 1), (5e-5, 0)])
def test_a_dearer_plan_replaces_none_though_it_is_within_the_gap(
    monkeypatch: pytest.MonkeyPatch, dearer: float, taken: int
) -> None:
    """To a gap of 1e-3 both are proven; the second machine is twice as fast, and is taken where it costs no more."""
    one = tiny.two_stages(rate_per_s=2.0, accuracy_min=0.9)
    slow = one.options[0]
    halves = tuple(seconds / 2 for seconds in slow.stage_seconds)
    fast = dataclasses.replace(slow, name="fast", stage_seconds=halves, usd_per_s=slow.usd_per_s * 2 * (1 + dearer))
    instance = dataclasses.replace(one, options=(slow, fast))
    plans = [Decision((k, k), ((0.0, 1.0), (1.0,))) for k in range(2)]
    metrics = evaluate(instance, plans[0])
    assert not metrics.breaches
    cost = metrics.cost_usd_per_request
    found = SearchOutcome(plans[0], metrics, cost, cost * (1 - 1e-6), rented=object())  # type: ignore[arg-type]
    monkeypatch.setattr(tie_breaking.rented_ties, "equally_good", lambda *_: plans[1])
    tie_breaking.break_ties(instance, found, SearchSettings(gap=1e-3))
    assert found.decision == plans[taken]
