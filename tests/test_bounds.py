"""Pruning against exhaustive search: no bound is above what it bounds, and nothing that wins is dropped."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tiny
from hypothesis import given, settings
from hypothesis import strategies as st
from oracles.brute_force import (
    Optimum,
    PlanTable,
    enumerate_optimum,
    interpolated_bracket,
    placements,
    plan_table,
    randomized_optimum,
    read,
    value,
    violations,
)
from oracles.random_instances import random_document, write

import serflow_opt as so
from serflow_opt.bounds import Pruned, objectives, prune
from serflow_opt.decision import document_of
from serflow_opt.evaluator import evaluate
from serflow_opt.formulations.data import Data
from serflow_opt.instance import Instance
from serflow_opt.lagrangian import Linear, close_bracket, forced_levels
from serflow_opt.paths import list_paths

MENU_SEEDS = range(80)
MIXED_SEEDS = range(12)
ROUNDING = 1e-9


def loaded(document: Mapping[str, Any], folder: Path) -> Instance:
    """The instance of a document."""
    return so.load(write(document, folder))


def spots(instance: Instance, table: PlanTable) -> list[tuple[int, ...]]:
    """The oracle's placements as positions in the instance's list of options."""
    names = [(instance.tiers[option.tier].name, option.name) for option in instance.options]
    problem = table.problem
    return [
        tuple(names.index((problem.option(spot).tier, problem.option(spot).name)) for spot in placement)
        for placement in table.placements
    ]


def values(table: PlanTable) -> np.ndarray:
    """What is minimised, for every placement and choice of thresholds, in USD per request or seconds."""
    return table.cost if table.problem.minimize == "cost" else table.latency


def at_most(bound: float, true: float) -> bool:
    """The bound does not exceed the true value, but for rounding."""
    return bound <= true + ROUNDING * abs(true)


def check_start(document: Mapping[str, Any], instance: Instance, pruned: Pruned, best: float | None) -> None:
    """The start is a plan that keeps all limits and is no better than the best."""
    if pruned.start is None:
        return
    assert best is not None, "a plan where there is none"
    assert evaluate(instance, pruned.start).breaches == []
    exact = value(document, document_of(instance, pruned.start).model_dump(exclude_none=True))
    assert exact["violation"] <= ROUNDING
    assert at_most(best, exact["objective"])


@pytest.mark.parametrize("seed", MENU_SEEDS)
def test_menu(seed: int, tmp_path: Path) -> None:
    document = random_document(seed)
    instance = loaded(document, tmp_path)
    pruned = prune(instance)
    if pruned is None:
        assert instance.minimize == "latency"
        assert instance.quantile is not None
        return
    table = plan_table(document)
    optimum = enumerate_optimum(document, table=table)
    unit = 1.0 if instance.minimize == "cost" else 1000.0
    check_start(document, instance, pruned, None if optimum is None else optimum.objective)
    assert pruned.kept <= pruned.listed
    if optimum is None:
        return
    assert at_most(pruned.bound * unit, optimum.objective)
    assert pruned.kept >= 1
    for options, levels in winners(instance, table, optimum, unit):
        assert {(s, p) for s, p in enumerate(options, start=1)} <= pruned.places
        if pruned.levels is not None:
            assert {(s, level) for s, level in enumerate(levels, start=1)} <= pruned.levels


def winners(
    instance: Instance, table: PlanTable, optimum: Optimum, unit: float
) -> list[tuple[tuple[int, ...], tuple[int, ...]]]:
    """Options and menu entries of every plan that keeps the limits and ties with the best."""
    problem = table.problem
    kept = np.ones(table.cost.shape, dtype=bool)
    if problem.accuracy_min is not None:
        kept &= (table.accuracy >= problem.accuracy_min)[None, :]
    if problem.slo_s is not None:
        kept &= table.latency <= problem.slo_s
    ties = kept & (values(table) * unit <= optimum.objective * (1 + ROUNDING))
    where = spots(instance, table)
    return [(where[i], tuple(table.picked[:, k].tolist())) for i, k in np.argwhere(ties)]


@pytest.mark.parametrize("kind", ["randomized", "interpolated"])
@pytest.mark.parametrize("seed", MIXED_SEEDS)
def test_mixed_thresholds(seed: int, kind: str, tmp_path: Path) -> None:
    document = random_document(seed, kind)
    instance = loaded(document, tmp_path)
    pruned = prune(instance)
    if pruned is None:
        return
    unit = 1.0 if instance.minimize == "cost" else 1000.0
    best: float | None
    if kind == "randomized":
        optimum = randomized_optimum(document)
        best = None if optimum is None else optimum.objective
    else:
        bracket = interpolated_bracket(document)
        best = None if bracket is None else bracket.lower
    check_start(document, instance, pruned, best)
    if best is not None:
        assert pruned.levels is None, "no row of a mixture may be dropped"
        assert at_most(pruned.bound * unit, best)
        assert pruned.kept >= 1
    if kind == "randomized" and optimum is not None:
        names = [(instance.tiers[option.tier].name, option.name) for option in instance.options]
        chosen = {(entry["stage"], names.index((entry["tier"], entry["option"]))) for entry in optimum.placement}
        assert chosen <= pruned.places


@pytest.mark.parametrize("seed", MENU_SEEDS)
def test_each_placement_and_forced_threshold(seed: int, tmp_path: Path) -> None:
    """Not only the best: the bound of every placement, and with every threshold forced, against all its plans."""
    document = random_document(seed)
    instance = loaded(document, tmp_path)
    if instance.minimize == "latency" and instance.quantile is not None:
        return
    table = plan_table(document)
    data = Data(instance)
    paths = list_paths(data)
    assert paths is not None
    rows = {path: n for n, path in enumerate(map(tuple, paths.tolist()))}
    where = spots(instance, table)
    assert set(where) <= set(rows), "a placement that can be done is not listed"
    accurate = np.ones(table.accuracy.shape, dtype=bool)
    if instance.accuracy_min is not None:
        accurate = table.accuracy >= instance.accuracy_min
    best = np.where(accurate[None, :], values(table), math.inf)
    for view in objectives(data, paths) if len(paths) else []:
        bracket = close_bracket(instance, view)
        forced = forced_levels(instance, view, bracket.multiplier)
        for i, path in enumerate(where):
            n = rows[path]
            assert at_most(bracket.bound[n], best[i].min())
            for (s, level), bounds in forced.items():
                with_level = best[i][table.picked[s - 1] == level].min()
                assert at_most(bounds[n], with_level), (s, level)


@pytest.mark.parametrize("seed", range(0, 80, 4))
def test_lists_each_placement_once(seed: int, tmp_path: Path) -> None:
    """As many as the oracle finds when each stage alone must fit the memory of its option."""
    document = random_document(seed)
    problem = read(document)
    expected = 0
    for placement in placements(problem):
        broken = violations(problem, placement)
        alone = (
            problem.parameters[s] + max(problem.activation[s], problem.activation[s + 1])
            <= problem.option(spot).memory_bytes
            for s, spot in enumerate(placement)
        )
        expected += all(broken[kind] == 0 for kind in ("order", "option", "link", "payload")) and all(alone)
    paths = list_paths(Data(loaded(document, tmp_path)))
    assert paths is not None
    assert len(paths) == expected
    assert len({tuple(path) for path in paths.tolist()}) == expected


def test_pruning_prunes() -> None:
    """On the shipped hybrid nearly all placements go, and the start is already good."""
    instance = so.load("bert12-sst2")
    pruned = prune(instance)
    assert pruned is not None
    assert pruned.start is not None
    assert pruned.kept <= pruned.listed / 20
    assert pruned.bound <= evaluate(instance, pruned.start).cost_usd_per_request


def test_by_hand() -> None:
    """v costs 0.625 + R_2, f 1.25 + 0.5 R_2, both 0.625 + 1.625 R_2 (`tiny.two_stages`, `test_formulations.py`).

    With accuracy 0.9 only R_2 = 0.75 (accuracy 0.945) will do: v 1.375, both 1.84375, f 1.625. The bound mixes the
    two thresholds to accuracy 0.9 exactly: (0.945 - 0.9) / 0.065 = 9/13 of R_2 = 0.5 and 4/13 of 0.75, R_2 = 15/26.
    """
    instance = tiny.two_stages(accuracy_min=0.9)
    pruned = prune(instance)
    assert pruned is not None
    assert pruned.listed == 3
    assert pruned.bound == pytest.approx(0.625 + 15 / 26, rel=1e-9)
    assert pruned.start is not None
    assert pruned.start.options == (0, 0)
    assert pruned.start.weights == ((0.0, 1.0), (1.0,))
    assert pruned.kept == 1  # f is at least 1.25 + 0.5 x 15/26 = 1.538, both at least 1.5625: above 1.375
    assert pruned.places == {(1, 0), (2, 0)}


# ----------------------------------------------------------------------------------------------------
# The bracket alone

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
    bracket = close_bracket(instance, Linear(np.zeros(1), weight))
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
    instance, weight, floor = chain
    low, high = sorted((floor, other / 32))
    bounds = [
        close_bracket(instance.with_limits(accuracy_min=limit), Linear(np.zeros(1), weight)).bound[0]
        for limit in (low, high)
    ]
    assert bounds[0] <= bounds[1] + 1e-9
