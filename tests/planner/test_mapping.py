"""How maps are made: ranges, steps, tolerance and time."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from support import tiny
from support.planners import BASES, by_rate, machines, rented

import serflow_opt as so
from serflow_opt.ground.deadline import NEVER
from serflow_opt.ground.tolerances import NARROW, PLANNER_GAP
from serflow_opt.planner import mapping
from serflow_opt.planner.mapping import map_policy
from serflow_opt.planner.planner import Planner
from serflow_opt.planner.policy import Policy
from serflow_opt.problem.instance import Instance


def test_a_rate_matters_only_where_machines_are_rented() -> None:
    """Paid by the request, one plan is best at all rates, and the map has one piece."""
    policy = Planner(tiny.two_stages()).policy(rate_per_s=(0.1, 1e4))
    assert [(piece.low, piece.high) for piece in policy.pieces] == [(0.1, 1e4)]
    assert policy.gap <= PLANNER_GAP
    assert policy.breakpoints == []
    there, twice = policy.at(50.0), policy.at(100.0)
    assert there is not None
    assert twice is not None
    assert there.objective == twice.objective


def test_policy_by_hand() -> None:
    """`tiny.two_stages`: f takes 1 s and costs 1.5; v 3.5 s and 1.125; both 2.75 s, dearer than v, cheaper than f."""
    policy = Planner(tiny.two_stages(), gap=1e-6).policy(latency_slo_ms=(500.0, 5_000.0))
    assert policy.breakpoints == pytest.approx([1_000.0, 2_750.0, 3_500.0], rel=2 * NARROW)
    values = [None if piece.plan is None else piece.plan.objective.value for piece in policy.pieces]
    assert values == [None, pytest.approx(1.5), pytest.approx(0.625 + 1.625 * 0.5), pytest.approx(1.125)]
    assert policy.gap <= 2e-6


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({}, "policy: 0 ranges; give rate_per_s or latency_slo_ms"),
        ({"rate_per_s": (1, 2), "latency_slo_ms": (1, 2)}, "2 ranges; give"),
        ({"rate_per_s": (2, 1)}, "rate_per_s: .*give two positive numbers, the smaller first"),
        ({"rate_per_s": (1, 1)}, "the smaller first"),
        ({"latency_slo_ms": (0, 1)}, "latency_slo_ms: .*two positive numbers"),
        ({"latency_slo_ms": (1, math.inf)}, "two positive numbers"),
        ({"latency_slo_ms": (math.nan, 1)}, "two positive numbers"),
        ({"latency_slo_ms": (1, 2), "tolerance": -1.0}, "tolerance: -1.0; write a number of at least 0"),
    ],
)
def test_ranges_that_make_no_sense(arguments: Mapping[str, Any], message: str) -> None:
    """A range that is missing, doubled, upside down or endless is refused with what to give."""
    with pytest.raises(so.InputError, match=message):
        Planner(BASES["per request"]).policy(**arguments)


def test_what_does_not_only_rise_has_no_policy() -> None:
    """Where the best value does not grow with the rate, pieces would prove nothing, so no map is made."""
    with pytest.raises(so.InputError, match=r"a weighted objective; .*take it out"):
        map_policy(Planner(BASES["weighted"]), latency_slo_ms=(1.0, 2.0))
    capped = replace(BASES["reserved"], cost_max_usd=5.0)
    with pytest.raises(so.InputError, match="cost_max_usd beside a range of rates"):
        map_policy(Planner(capped), rate_per_s=(1.0, 2.0))


def test_progress() -> None:
    """Solves only rise, and in the end all of the range is settled."""
    seen: list[tuple[int, float]] = []
    map_policy(
        Planner(tiny.two_stages()), latency_slo_ms=(500.0, 5_000.0), on_progress=lambda n, done: seen.append((n, done))
    )
    assert seen == sorted(seen)
    assert seen[-1][1] == pytest.approx(1.0)


def test_a_map_upwards_is_one_by_halves() -> None:
    """One process goes up from the lowest rate, several halve intervals: no plan is beyond what both promise."""
    upwards = by_rate()
    told: list[float] = []
    search = mapping._MapSearch(Planner(rented()), "rate_per_s", 0.1, NEVER, lambda n, done: told.append(done))
    halves = Policy("two", "rate_per_s", tuple(search.pieces(2.0, 8.0, 1, None)), 0.1, rented().utilisation_cap)
    for rate in np.geomspace(2.0, 8.0, 23).tolist():
        one, other = upwards.at(rate), halves.at(rate)
        assert one is not None
        assert other is not None
        for plan, rival in ((one, other), (other, one)):
            assert rival.objective.value is not None
            assert plan.bound is not None
            assert plan.bound <= rival.objective.value * (1 + PLANNER_GAP)


def test_plans_change_where_they_need_a_machine_more() -> None:
    """On v alone a request keeps 2.5 s busy, of which a machine has half: at 0.2 n a second n are full."""
    policy = map_policy(Planner(on_v()), rate_per_s=(0.15, 2.15), tolerance=0.01)
    assert policy.breakpoints[0] == pytest.approx(0.2, rel=1e-9)
    for rate in [0.15, *(0.2 * n * (1 + off) for n in range(1, 11) for off in (-1e-3, -1e-5, 0.0, 1e-5, 1e-3))]:
        there, exact = policy.at(rate), so.solve(on_v().with_limits(rate_per_s=rate), gap=1e-9)
        assert there is not None
        assert machines(there) == [math.ceil(rate / 0.2 * (1 - 1e-9))]
        assert there.objective.value == pytest.approx(exact.objective.value, rel=1e-9)


def on_v() -> Instance:
    """`tiny.two_stages` on v alone, all requests through both stages: 1 + 0.75 x 2 s each."""
    base = tiny.two_stages(rate_per_s=1.0, accounting="reserved", accuracy_min=0.9)
    return replace(base, options=base.options[:1])


def test_a_map_without_tolerance_has_the_best_plan_everywhere() -> None:
    """With tolerance 0 each rate has a plan as good as a solve at that rate finds."""
    policy = Planner(rented(), gap=0.0).policy(rate_per_s=(2.0, 8.0), tolerance=0.0)
    for rate in (2.0, 3.3, 4.7, 8.0):
        there = policy.at(rate)
        best = so.solve(rented().with_limits(rate_per_s=rate), gap=1e-9)
        assert there is not None
        assert there.objective.value == pytest.approx(best.objective.value, rel=1e-6)


def test_a_map_ends_with_its_time() -> None:
    """What is not known by then says so."""
    policy = Planner(rented()).policy(rate_per_s=(2.0, 8.0), time_limit=0)
    assert (policy.pieces[0].low, policy.pieces[-1].high) == (2.0, 8.0)
    assert all(piece.plan is not None or piece.gap == math.inf for piece in policy.pieces)
    assert policy.gap > 0.01
    assert Policy.from_dict(json.loads(json.dumps(policy.to_dict()))) == policy
    for value in (3.0, 8.0):
        there = policy.at(value)
        assert there is None or there.status == "feasible"
