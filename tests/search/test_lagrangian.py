"""The Lagrangian bound of chains, against mixtures of all policies."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support import tiny
from support.pruned import ROUNDING, at_most

from serflow_opt.problem.instance import Instance
from serflow_opt.search.envelope import Envelope
from serflow_opt.search.lagrangian import LinearCost, StageExits, solve_dual

SHARES = st.integers(0, 16).map(lambda n: n / 16)


@st.composite
def chains(draw: st.DrawFn) -> tuple[Instance, np.ndarray, float]:
    """Menus of two to four stages, what a request adds at each, and a floor on the accuracy."""
    stages = draw(st.integers(2, 4))
    menus = []
    for _ in range(stages - 1):
        count = draw(st.integers(1, 3))
        rates = sorted(draw(st.lists(SHARES, min_size=count, max_size=count)), reverse=True)
        menus.append(tiny.menu(tuple(rates), tuple(draw(st.lists(SHARES, min_size=count, max_size=count)))))
    menus.append(tiny.menu((1.0,), (draw(SHARES),)))
    weight = np.array([draw(st.lists(SHARES, min_size=stages, max_size=stages))])
    floor = draw(st.integers(1, 32)) / 32
    return tiny.one_vm(menus=tuple(menus), accuracy_min=floor), weight, floor


def exits_of(instance: Instance) -> StageExits:
    """What leaves at each stage of the one placement of `chains`."""
    return StageExits(
        [
            [Envelope.of(np.array(menu.exit_rates), np.array(menu.exit_rates) * menu.accuracies)]
            for menu in instance.menus
        ]
    )


def policies(instance: Instance, weight: np.ndarray) -> list[tuple[float, float]]:
    """Accuracy and cost of every choice of one threshold a stage."""
    found = []
    for choice in itertools.product(*[range(len(menu.exit_rates)) for menu in instance.menus]):
        reach, accuracy, cost = 1.0, 0.0, 0.0
        for s, level in enumerate(choice):
            menu = instance.menus[s]
            cost += reach * weight[0, s]
            accuracy += reach * menu.exit_rates[level] * menu.accuracies[level]
            reach *= 1 - menu.exit_rates[level]
        found.append((accuracy, cost))
    return found


def least_mixture(points: list[tuple[float, float]], floor: float) -> float:
    """Least mean cost of a coin flip between two policies with mean accuracy at least the floor."""
    good = [(a, c) for a, c in points if a >= floor]
    bad = [(a, c) for a, c in points if a < floor]
    mixed = [c1 + (c2 - c1) * (a1 - floor) / (a1 - a2) for a1, c1 in good for a2, c2 in bad]
    return min([c for _, c in good] + mixed, default=math.inf)


@given(chains())
@settings(max_examples=300, deadline=None, derandomize=True)
def test_bracket_is_the_best_mixture(chain: tuple[Instance, np.ndarray, float]) -> None:
    """The Lagrangian bound is the least cost of a mixture of policies: below every policy, and no lower."""
    instance, weight, floor = chain
    points = policies(instance, weight)
    bracket = solve_dual(exits_of(instance), floor, LinearCost(np.zeros(1), weight))
    expected = least_mixture(points, floor)
    if math.isinf(expected):
        assert math.isinf(bracket.bound[0])
        return
    assert bracket.bound[0] == pytest.approx(expected, rel=1e-7, abs=1e-9)
    cheapest = min(cost for accuracy, cost in points if accuracy >= floor)
    assert at_most(bracket.bound[0] - 1e-12, cheapest)
    # the thresholds it returns keep the floor and cost what it says
    chosen = tuple(bracket.levels[0].tolist())
    choices = list(itertools.product(*[range(len(menu.exit_rates)) for menu in instance.menus]))
    accuracy, cost = points[choices.index(chosen)]
    assert accuracy >= floor * (1 - ROUNDING)
    assert cost == pytest.approx(bracket.value[0], abs=1e-12)


@given(chains(), st.integers(1, 32))
@settings(max_examples=150, deadline=None, derandomize=True)
def test_bound_rises_with_the_floor(chain: tuple[Instance, np.ndarray, float], other: int) -> None:
    """A higher accuracy floor never lowers the bound."""
    instance, weight, floor = chain
    low, high = sorted((floor, other / 32))
    bounds = [solve_dual(exits_of(instance), limit, LinearCost(np.zeros(1), weight)).bound[0] for limit in (low, high)]
    assert bounds[0] <= bounds[1] + 1e-9
