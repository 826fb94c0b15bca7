"""Maps over rates and bounds: what they answer, and as files, tables and pictures."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.planners import by_rate, machines, rented

import serflow_opt as so
from serflow_opt.ground.tolerances import NARROW, PLANNER_GAP
from serflow_opt.plan.document import Plan
from serflow_opt.planner.planner import Planner
from serflow_opt.planner.policy import Policy


@cache
def by_bound() -> Policy:
    return Planner(so.load("alexnet-cifar10")).policy(latency_slo_ms=(27.0, 60.0))


POLICIES = [(by_rate, rented, 2.0, 8.0, 0.1), (by_bound, lambda: so.load("alexnet-cifar10"), 27.0, 60.0, 0.01)]


def points(policy: Policy, low: float, high: float) -> Iterator[float]:
    """50 random values of the range, none within what ends are exact to of one."""
    rng = np.random.default_rng(3)
    while True:
        value = float(np.exp(rng.uniform(math.log(low), math.log(high))))
        if all(abs(value / end - 1) > 2 * NARROW for end in policy.breakpoints):
            yield value


@pytest.mark.parametrize(("mapped", "source", "low", "high", "tolerance"), POLICIES, ids=["rate", "bound"])
def test_policy_serves_every_point(mapped: Any, source: Any, low: float, high: float, tolerance: float) -> None:
    """At any rate or bound the map's plan keeps its limits and is as near to the best as it says."""
    policy, instance = mapped(), source()
    assert policy.instance == instance.name
    assert policy.gap <= tolerance
    for value, _ in zip(points(policy, low, high), range(50), strict=False):
        name, one = ("rate_per_s", value) if mapped is by_rate else ("latency_slo_ms", value)
        here = instance.with_limits(**{name: one})
        exact = so.solve(here, gap=1e-9)
        piece = policy.piece(value)
        assert piece.low <= value <= piece.high
        if piece.plan is None or piece.plan.plan is None:
            assert exact.status == "infeasible"
            continue
        metrics = so.evaluate(here, piece.plan.plan)
        assert metrics.breaches == []
        assert exact.objective.value is not None
        worth = metrics.cost_usd_per_request
        there = policy.at(value)
        assert there is not None
        assert there.metrics is not None
        assert there.objective.value == there.metrics.cost_usd_per_request == pytest.approx(worth, rel=1e-12)
        assert machines(there) == [m.count for m in metrics.machines]
        assert there.limits[policy.axis] == value
        assert there.bound is not None
        assert there.bound <= exact.objective.value * (1 + 1e-9)
        assert exact.objective.value * (1 - 1e-9) <= worth
        assert worth - exact.objective.value <= (piece.gap + PLANNER_GAP) * worth + 1e-15


@pytest.mark.parametrize(("mapped", "source", "low", "high", "tolerance"), POLICIES, ids=["rate", "bound"])
def test_policy_without_holes(mapped: Any, source: Any, low: float, high: float, tolerance: float) -> None:
    """Neighbours meet and differ; what is best only rises with the rate, and falls with the bound."""
    policy = mapped()
    assert len(policy.pieces) > 1
    assert policy.pieces[0].low == low
    assert policy.pieces[-1].high == high
    assert policy.breakpoints == [piece.low for piece in policy.pieces[1:]]
    for one, other in pairwise(policy.pieces):
        assert one.low < one.high == other.low < other.high
        assert (
            one.plan is None
            or other.plan is None
            or one.plan.plan != other.plan.plan
            or machines(one.plan) != machines(other.plan)
        )
    worth = [hourly(piece.plan) if mapped is by_rate else per_request(piece.plan) for piece in policy.pieces]
    rising = worth if mapped is by_rate else worth[::-1]
    assert all(a <= b * (1 + PLANNER_GAP) for a, b in pairwise(rising))


def hourly(plan: Plan | None) -> float:
    if plan is None or plan.metrics is None:
        return math.inf
    assert plan.metrics.cost_usd_per_hour is not None
    return plan.metrics.cost_usd_per_hour


def per_request(plan: Plan | None) -> float:
    return math.inf if plan is None or plan.metrics is None else plan.metrics.cost_usd_per_request


def test_plans_are_those_of_the_hardest_end() -> None:
    """The rate that a plan's cost by the hour is of is the upper end of its piece; its bound the lower."""
    for piece in by_rate().pieces:
        assert piece.plan is not None
        metrics = piece.plan.metrics
        assert metrics is not None
        assert metrics.cost_usd_per_hour is not None
        assert metrics.cost_usd_per_hour / metrics.cost_usd_per_request / 3600 == pytest.approx(piece.high)
    for piece in by_bound().pieces:
        if piece.plan is not None:
            assert piece.plan.limits["latency_slo_ms"] == pytest.approx(piece.low)


@pytest.mark.parametrize("mapped", [by_rate, by_bound])
def test_save_and_load(mapped: Any, tmp_path: Path) -> None:
    """A map read from its file is the one that was saved."""
    policy = mapped()
    policy.save(tmp_path / "policy.json")
    again = Policy.load(tmp_path / "policy.json")
    assert (again.instance, again.axis, again.breakpoints, again.gap) == (
        policy.instance,
        policy.axis,
        policy.breakpoints,
        policy.gap,
    )
    assert again == policy
    assert again.to_frame().equals(policy.to_frame())
    assert len(again.to_frame()) == len(policy.pieces)


@pytest.mark.parametrize("text", [None, "", "[]", "{}", json.dumps({"instance": "a", "axis": "b", "pieces": [{}]})])
def test_files_that_hold_no_policy(text: str | None, tmp_path: Path) -> None:
    """A missing, empty or foreign file is refused as bad input."""
    if text is not None:
        (tmp_path / "policy.json").write_text(text)
    with pytest.raises(so.InputError, match=r"Policy\.save wrote|of one policy"):
        Policy.load(tmp_path / "policy.json")


@pytest.mark.parametrize("value", [0.5, 8.1, math.nan, math.inf, -1.0])
def test_outside_the_map(value: float) -> None:
    """Nothing is said of rates that were not mapped."""
    with pytest.raises(so.InputError, match="the map holds 2 to 8"):
        by_rate().at(value)


def test_ends_of_the_map() -> None:
    """Both ends of the range belong to the map."""
    policy = by_rate()
    first, last = policy.at(2.0), policy.at(8.0)
    assert first is not None
    assert last is not None
    assert policy.pieces[0].plan is not None
    assert policy.pieces[-1].plan is not None
    assert (first.plan, last.plan) == (policy.pieces[0].plan.plan, policy.pieces[-1].plan.plan)
    assert last.objective == policy.pieces[-1].plan.objective


@pytest.mark.parametrize("mapped", [by_rate, by_bound])
def test_plot(mapped: Any) -> None:
    """A map draws itself, on axes that are given or on its own."""
    matplotlib = pytest.importorskip("matplotlib")
    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    axes = mapped().plot()
    assert axes.get_xlabel()
    assert axes.get_title().startswith(mapped().instance)
    own = plt.figure().subplots()
    assert mapped().plot(own) is own
    plt.close("all")
