"""Pruning against exhaustive search: no bound is above what it bounds, and nothing that wins is dropped."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from oracles.adapted import adapted_plans
from oracles.adapted_instances import adapted_document
from oracles.brute_force import Optimum, PlanTable, enumerate_optimum, plan_table, value
from oracles.brute_mixing import interpolated_bracket, randomized_optimum
from oracles.brute_time import last_stage
from oracles.random_instances import random_document
from support import tiny
from support.documents import adapted_keys
from support.golden_adaptation import whole_adapted_instance
from support.pruned import ROUNDING, at_most, loaded

import serflow_opt as so
from serflow_opt.formulations.coefficients import Data
from serflow_opt.plan.evaluator import evaluate
from serflow_opt.plan.names import document_of
from serflow_opt.problem.instance import Instance
from serflow_opt.search.lagrangian import StageExits, forced_levels, solve_dual
from serflow_opt.search.placements import NOWHERE, list_paths
from serflow_opt.search.prune import Pruned, prune
from serflow_opt.search.underestimates import objectives

MENU_SEEDS = range(40)
MIXED_SEEDS = range(12)


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
    """Pruning keeps every optimal placement and level, and its bound stays below the best."""
    document = random_document(seed)
    instance = loaded(document, tmp_path)
    pruned = prune(instance, {instance.minimize: 1.0})
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
    """Options and menu entries, as far as somebody gets, of every plan that keeps the limits and ties with the best."""
    problem = table.problem
    kept = np.ones(table.cost.shape, dtype=bool)
    if problem.accuracy_min is not None:
        kept &= (table.accuracy >= problem.accuracy_min)[None, :]
    if problem.slo_s is not None:
        kept &= table.latency <= problem.slo_s
    ties = kept & (values(table) * unit <= optimum.objective * (1 + ROUNDING))
    where, end = spots(instance, table), last_stage(problem, table.reach)
    return [(where[i][: end[k]], tuple(table.picked[: end[k], k].tolist())) for i, k in np.argwhere(ties)]


@pytest.mark.parametrize("kind", ["randomized", "interpolated"])
@pytest.mark.parametrize("seed", MIXED_SEEDS)
def test_mixed_thresholds(seed: int, kind: str, tmp_path: Path) -> None:
    """With mixed thresholds pruning drops no row, keeps the best placement, and bounds from below."""
    document = random_document(seed, kind)
    instance = loaded(document, tmp_path)
    pruned = prune(instance, {instance.minimize: 1.0})
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
    rows = {path: n for n, path in enumerate(map(tuple, paths.runner.tolist()))}
    exits, floor = StageExits.of(data, paths), instance.accuracy_min
    accurate = np.ones(table.accuracy.shape, dtype=bool)
    if floor is not None:
        accurate = table.accuracy >= floor
    best = np.where(accurate[None, :], values(table), math.inf)
    end = last_stage(table.problem, table.reach) if data.ends else np.full(len(table.accuracy), data.last)
    plans = [
        (rows.get((*path[:e], *[NOWHERE] * (data.last - e))), np.where(end == e, best[i], math.inf), e)
        for i, path in enumerate(spots(instance, table))
        for e in np.unique(end).tolist()
    ]
    assert all(n is not None or np.isinf(mine).all() for n, mine, _ in plans), "a plan that can be had is not listed"
    for view in objectives(data, paths, instance.minimize) if len(paths) else []:
        bracket = solve_dual(exits, floor, view)
        forced = forced_levels(exits, floor, view, bracket.multiplier, paths.stages)
        for n, mine, e in plans:
            if n is None:
                continue
            assert at_most(bracket.bound[n], mine.min())
            for (s, level), bounds in forced.items():
                with_level = mine[table.picked[s - 1] == level].min()
                assert s > e or at_most(bounds[n], with_level), (s, level)


def test_placements_that_limits_rule_out_count_as_listed() -> None:
    """bert12-sst2 has 7 VMs, 6 functions and 12 stages: 7 + 6 + 11 x 7 x 6 placements, however few 500 ms leave.

    At stage 11 all may leave with an accuracy of 0.88 overall: 7 + 6 + 10 x 7 x 6 placements more end there.
    """
    instance = so.load("bert12-sst2")
    counts = []
    for slo in (0.5, 5.0):
        pruned = prune(instance.with_limits(latency_slo_ms=slo * 1000), {"cost": 1.0})
        assert pruned is not None
        counts.append(pruned.listed)
    assert counts == [7 + 6 + 11 * 7 * 6 + 7 + 6 + 10 * 7 * 6] * 2


def test_pruning_prunes() -> None:
    """On the shipped hybrid nearly all placements go, and the start is already good."""
    instance = so.load("bert12-sst2")
    pruned = prune(instance, {"cost": 1.0})
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
    pruned = prune(instance, {"cost": 1.0})
    assert pruned is not None
    assert pruned.listed == 3
    assert pruned.bound == pytest.approx(0.625 + 15 / 26, rel=1e-9)
    assert pruned.start is not None
    assert pruned.start.options == (0, 0)
    assert pruned.start.weights == ((0.0, 1.0), (1.0,))
    assert pruned.kept == 1  # f is at least 1.25 + 0.5 x 15/26 = 1.538, both at least 1.5625: above 1.375
    assert pruned.places == {(1, 0), (2, 0)}


# ----------------------------------------------------------------------------------------------------
# With ways to hand over, variants, privacy and energy

ADAPTED_SEEDS = range(20)
ADAPTED_UNITS = {"cost": 1.0, "latency": 1000.0, "privacy": 1.0, "energy": 1.0}


@pytest.mark.parametrize("seed", ADAPTED_SEEDS)
def test_adapted_placements(seed: int, tmp_path: Path) -> None:
    """Each objective's bound on every placement that is listed, and a best plan among those; limits left out."""
    document = adapted_document(seed)
    floor = document["workload"].get("accuracy_min")
    for limit in ("mse_min", "cross_entropy_max", "latency_slo_ms"):
        document["workload"].pop(limit, None)
    instance = loaded(document, tmp_path)
    plans = adapted_plans(document)
    data = Data(instance)
    keys = adapted_keys(data, plans)
    paths = list_paths(data)
    assert paths is not None
    rows = {
        (tuple(runners), tuple(max(way, 0) for way in ways)): n  # NOTHING crosses: the plan has no way there
        for n, (runners, ways) in enumerate(zip(paths.runner.tolist(), paths.way.tolist(), strict=True))
    }
    assert len(rows) == len(paths), "a placement stands twice"
    where = np.array([rows.get(key, -1) for key in keys], dtype=int)
    accurate = plans.keeps("accuracy_min") if len(keys) else np.zeros(0, dtype=bool)
    if not accurate.any():
        return
    exits = StageExits.of(data, paths)
    for name, unit in ADAPTED_UNITS.items():
        if name == "latency" and instance.quantile is not None:
            continue
        exact = plans.objective(name) / unit
        assert exact[accurate & (where >= 0)].min() == pytest.approx(exact[accurate].min(), rel=1e-9, abs=1e-13)
        for view in objectives(data, paths, name):  # type: ignore[arg-type]
            bound = solve_dual(exits, floor, view).bound
            listed = accurate & (where >= 0)
            assert (bound[where[listed]] <= exact[listed] + 1e-9 * np.abs(exact[listed]) + 1e-13).all()


@pytest.mark.parametrize("seed", ADAPTED_SEEDS)
def test_adapted_pruning(seed: int, tmp_path: Path) -> None:
    """The bound is not above the optimum, the start keeps all limits, and a best plan is left."""
    document = adapted_document(seed)
    instance = loaded(document, tmp_path)
    pruned = prune(instance, {instance.minimize: 1.0})
    if pruned is None:
        assert instance.minimize == "latency"
        assert instance.quantile is not None
        return
    plans = adapted_plans(document)
    exact = plans.objective(instance.minimize) / ADAPTED_UNITS[instance.minimize]
    kept = plans.keep() if len(exact) else np.zeros(0, dtype=bool)
    if pruned.start is not None:
        assert kept.any(), "a plan where there is none"
        metrics = evaluate(instance, pruned.start)
        assert metrics.breaches == []
        assert at_most(exact[kept].min(), metrics.objective(instance.minimize, instance.latency_measure))
    if not kept.any():
        return
    best = exact[kept].min()
    assert pruned.bound <= best + ROUNDING * abs(best) + 1e-13
    ties = kept & (exact <= best + ROUNDING * abs(best) + 1e-13)
    keys = adapted_keys(Data(instance), plans)
    placed = [{(s, e) for s, e in enumerate(keys[i][0], start=1) if e != NOWHERE} for i in np.flatnonzero(ties)]
    left = [mine <= pruned.places for mine in placed]
    assert any(left)


def test_adapted_bound_by_hand() -> None:
    """`golden_adaptation.whole_adapted`: where nothing may leak, f8 f8 is cheapest, and the bound mixes its thresholds.

    Accuracy 0.88 needs R_2 = 0.5 + 0.25 x (0.88 - 0.84875) / 0.065 then; it costs 1.125 + 0.25 R_2, f f at least 1.5.
    Without limits v8 f8 as it is costs 0.5 + 1.25 x 0.5.
    """
    pruned = prune(whole_adapted_instance(accuracy_min=0.88, privacy_max=0.0), {"cost": 1.0})
    assert pruned is not None
    assert pruned.bound == pytest.approx(1.25 + 0.25 * 0.25 * 0.03125 / 0.065, rel=1e-9)
    free = prune(whole_adapted_instance(accuracy_min=None, privacy_max=None, energy_max_j=None), {"cost": 1.0})
    assert free is not None
    assert free.bound == pytest.approx(1.125, rel=1e-9)
    assert free.places == {(1, 2), (2, 3)}


# ----------------------------------------------------------------------------------------------------
# The bracket alone
