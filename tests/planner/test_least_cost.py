"""The least cost at any rate: by hand, and against all numbers of machines at many rates."""

from __future__ import annotations

import math

import numpy as np
import pytest

from serflow_opt.plan.decision import Decision
from serflow_opt.planner.least_cost import LeastCost
from serflow_opt.planner.mixes import ThresholdMixes
from serflow_opt.planner.rated import HOUR, Rated


def curve(rent: float, x: list[float], y: list[float]) -> ThresholdMixes:
    """Mixes of which nothing but the costs is asked."""
    return ThresholdMixes(rent, np.array(x), np.array(y), Decision((0,), ((1.0,),)), tuple((np.ones(1),) for _ in x))


DRAWN = [curve(3.0, [0.2, 0.5, 0.9], [9.0, 4.0, 3.0]), curve(5.0, [0.1, 0.3], [8.0, 2.5]), curve(0.0, [0.0], [20.0])]


def by_counts(rate: float) -> float:
    """The least over all numbers of machines."""
    costs = [rate * 20.0]
    for own in DRAWN[:2]:
        for n in range(1, math.ceil(rate) + 3):
            if n / rate >= own.x[0] * (1 - 1e-12):
                costs.append(n * own.rent + rate * float(np.interp(n / rate, own.x, own.y)))
    return min(costs)


def test_at_many_rates() -> None:
    """It is the least over all numbers of machines, and the plan that it names costs that."""
    least = LeastCost.of(DRAWN, 0.05, 40.0)
    assert least is not None
    for rate in np.geomspace(0.05, 40.0, 97).tolist():
        best = least.best(rate)
        assert best.cost == pytest.approx(by_counts(rate), rel=1e-9)
        assert least.at(np.array([rate]))[0] == best.cost
        assert least.terms(best).usd_per_hour(np.array([rate]))[0] == pytest.approx(best.cost, rel=1e-9)
    middle = (least.steps[1:] + least.steps[:-1]) / 2
    chord = (least.left + least.right) / 2
    assert (chord <= [by_counts(rate) * (1 + 1e-9) for rate in middle.tolist()]).all()


def test_what_a_plan_misses() -> None:
    """What is told is at least what is missed at any rate between, and little more than at the worst of many."""
    least = LeastCost.of(DRAWN, 0.05, 40.0)
    assert least is not None
    terms = Rated((5.0,), (0.25,), 4.0 / HOUR)
    rates = np.linspace(6.0, 9.0, 1501)
    missed = 1 - np.array([by_counts(rate) for rate in rates.tolist()]) / terms.usd_per_hour(rates)
    told = least.missed(terms, 6.0, 9.0, 0.0)
    assert missed.max() <= told + 1e-12
    assert told == pytest.approx(missed.max(), rel=0.01)
    assert least.missed(least.terms(least.best(9.0)), 9.0 - 1e-9, 9.0, 0.0) <= 1e-8


def test_too_many_steps() -> None:
    """Where counts change at millions of rates it says so."""
    assert LeastCost.of(DRAWN, 1.0, 1e8) is None
