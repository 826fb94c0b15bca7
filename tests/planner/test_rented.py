"""Plans one of which is the best at any rate, against all plans."""

from __future__ import annotations

import dataclasses
import itertools

import pytest
from support import tiny

from serflow_opt.ground.deadline import Deadline
from serflow_opt.plan.decision import Decision
from serflow_opt.plan.evaluator import evaluate
from serflow_opt.planner.rented import best_at_some_rate, covers
from serflow_opt.problem.instance import Instance


def every(instance: Instance) -> list[Decision]:
    """Every plan of two stages."""
    places = [(0, 0), (0, 1), (1, 1)]
    return [Decision(own, (first, (1.0,))) for own, first in itertools.product(places, ((1.0, 0.0), (0.0, 1.0)))]


def test_at_any_rate_one_of_them_is_the_best() -> None:
    """From a request in a hundred seconds to ten a second: machines in part and many, functions where they pay."""
    base = tiny.two_stages(accounting="reserved", rate_per_s=1.0, accuracy_min=0.85)
    types: list[tuple[int, int]] = []
    found = best_at_some_rate(base, Deadline(), 1, lambda n, of: types.append((n, of)))
    assert found
    assert types == [(1, 1)]
    for rate in (0.01, 0.1, 0.33, 1.0, 2.5, 10.0):
        instance = dataclasses.replace(base, rate_per_s=rate)
        kept = [m for m in (evaluate(instance, own) for own in every(instance)) if not m.breaches]
        best = min(m.cost_usd_per_request for m in kept)
        mine = [m for m in (evaluate(instance, own) for own in found) if not m.breaches]
        assert min(m.cost_usd_per_request for m in mine) == pytest.approx(best, rel=1e-12)


def test_what_it_does_not_cover() -> None:
    """Paid per request one plan is best at all rates; further limits change with the rate."""
    base = tiny.two_stages(accounting="reserved", rate_per_s=1.0)
    assert covers(base)
    assert not covers(tiny.two_stages())
    assert not covers(dataclasses.replace(base, cost_max_usd=1.0))
    assert not covers(dataclasses.replace(base, minimize="latency"))
