"""Sweeps over all placements at once, and the listing of what they leave, against plans enumerated one by one.

What a plan costs, takes and gets right is the oracle's (`oracles.adapted`); a Lagrangian of it is a weighted sum.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pytest
from oracles.adapted import Plans, adapted_plans
from oracles.brute_force import Problem, allowed, clock, cost, read
from oracles.random_instances import write
from support import tiny
from support.documents import NOT_LISTED, adapted_keys, document_of

import serflow_opt as so
from serflow_opt.formulations.coefficients import Data
from serflow_opt.ground.dominance import staircase
from serflow_opt.problem.instance import Instance
from serflow_opt.search.bound_recursion import sweep
from serflow_opt.search.enumerate import near_optimal_placements
from serflow_opt.search.layered import Chain, count_paths
from serflow_opt.search.placements import Paths, list_paths
from serflow_opt.search.prefixes import least_whole_before, most_value
from serflow_opt.search.runs import stages_couple, within_options

Key = tuple[tuple[int, ...], tuple[int, ...]]
PLAIN, ADAPTED = range(28), range(20)
SHOWN = {"cost": 1.0, "latency": 1e3, "privacy": 1.0, "energy": 1.0}
"""What the oracle's figures are, times USD, seconds, loss and joules."""
ROUNDING = 1e-9


@dataclass
class Case:
    """An instance, its arrays, and every plan: what its placement is, its columns and what a limit leaves of it."""

    instance: Instance
    chain: Chain
    keys: list[Key]
    columns: np.ndarray  # plans x columns, in the chain's units
    kept: np.ndarray

    def least(self, weights: np.ndarray) -> dict[Key, float]:
        """The least Lagrangian of each placement, over its thresholds."""
        found: dict[Key, float] = {}
        for key, value, kept in zip(self.keys, (self.columns @ weights).tolist(), self.kept.tolist(), strict=True):
            if kept:
                found[key] = min(value, found.get(key, math.inf))
        return found

    @property
    def tight(self) -> bool:
        """Whether sweeps see only part of what memory forbids."""
        return stages_couple(self.instance)


@cache
def case_of(kind: str, seed: int) -> Case | None:
    """None where nothing can be placed, or where plans that cannot be accurate enough are not listed."""
    document = document_of(kind, seed)
    with TemporaryDirectory() as folder:
        instance = so.load(write(document, Path(folder)))
    data = Data(instance)
    if not data.connected:
        return None
    chain = Chain.of(data, {instance.minimize: 1.0})  # type: ignore[dict-item]
    plans = adapted_plans(document)
    keys = adapted_keys(data, plans)
    if NOT_LISTED in keys:  # some ends are left out for the floor, which a sweep does not know
        return None
    return Case(instance, chain, keys, columns_of(chain, plans), kept_of(chain, plans))


def columns_of(chain: Chain, plans: Plans) -> np.ndarray:
    """The oracle's figures as columns of the chain."""
    units = {"cost": chain.data.dollar, "latency": chain.data.second, "energy": chain.data.joule, "privacy": 1.0}
    columns = [
        -plans.accuracy if name == "accuracy" else plans.objective(name) / SHOWN[name] / units[name]
        for name in chain.columns
    ]
    return np.column_stack(columns)


def kept_of(chain: Chain, plans: Plans) -> np.ndarray:
    """Plans within the limits that no multiplier is for."""
    kept = plans.keeps("mse_min") & plans.keeps("cross_entropy_max")
    if chain.data.instance.latency_measure == "worst":
        kept = kept & plans.keeps("latency_slo_ms")
    return np.asarray(kept)


def lanes_of(case: Case, seed: int) -> np.ndarray:
    """Multipliers over orders of magnitude: none, the accuracy alone, and at random."""
    rng = np.random.default_rng(seed)
    width = len(case.chain.columns)
    lanes = np.zeros((6, width))
    lanes[:-1, 0] = 1.0
    scale = np.abs(case.columns).mean(axis=0) if len(case.columns) else np.ones(width)
    for lane, size in zip(lanes[1:-1], (0.03, 0.3, 3.0, 30.0), strict=True):
        lane[1:] = scale[0] / np.where(scale[1:] > 0, scale[1:], 1.0) * size * rng.uniform(0.3, 3.0, width - 1)
    lanes[-1, -1] = 1.0
    return lanes


def keys_of(paths: Paths) -> list[Key]:
    """Placements as the oracle's keys: `NOTHING` crosses in way 0."""
    return [
        (tuple(runners), tuple(max(way, 0) for way in ways))
        for runners, ways in zip(paths.runner.tolist(), paths.way.tolist(), strict=True)
    ]


EACH = [*(("plain", seed) for seed in PLAIN), *(("adapted", seed) for seed in ADAPTED)]


@pytest.mark.parametrize(("kind", "seed"), EACH)
def test_least_of_all_plans(kind: str, seed: int) -> None:
    """Several multipliers side by side, and each alone; what attains the least is a placement that does."""
    case = case_of(kind, seed)
    if case is None:
        return
    lanes, before = lanes_of(case, seed), least_whole_before(case.chain)
    swept = sweep(case.chain, lanes, before)
    paths = keys_of(swept.paths()) if (swept.first >= 0).any() else []
    for n, weights in enumerate(lanes):
        expected = case.least(weights)
        size = ROUNDING * float(np.abs(weights) @ np.abs(case.columns).max(axis=0, initial=0.0)) + 1e-13
        alone = sweep(case.chain, weights[None], before).best[0]
        assert alone == pytest.approx(swept.best[n], rel=1e-12, abs=size)
        if case.tight:
            assert swept.best[n] <= min(expected.values(), default=math.inf) + size
        elif not expected:
            assert swept.best[n] == math.inf
            assert swept.first[n] == -1
        else:
            assert swept.best[n] == pytest.approx(min(expected.values()), rel=ROUNDING, abs=size)
            at = int((swept.first[:n] >= 0).sum())
            # where everybody leaves, a placement that goes on all the same is worth as much
            assert case.chain.data.ends or paths[at] in expected
            assert expected.get(paths[at], min(expected.values())) == pytest.approx(
                min(expected.values()), rel=ROUNDING, abs=size
            )


@pytest.mark.parametrize(("kind", "seed"), EACH)
def test_survivors_are_those_within(kind: str, seed: int) -> None:
    """No more and no less, each once, with its whole time and what it adds; and None beyond what may be listed."""
    case = case_of(kind, seed)
    if case is None:
        return
    chain, before = case.chain, least_whole_before(case.chain)
    known = list_paths(chain.data)
    assert known is not None
    listed = set(keys_of(known))  # all but what other ways to hand over are at least as good as
    for weights in lanes_of(case, seed):
        expected = {key: value for key, value in case.least(weights).items() if key in listed}
        for most in between(sorted(expected.values())):
            swept = sweep(chain, weights[None], before, most_value(chain, weights, most))
            found = near_optimal_placements(chain, weights, swept, most, 1_000_000)
            assert found is not None
            paths = found.paths
            if case.tight:
                paths = paths[within_options(chain.data, paths)]
            there = keys_of(paths)
            assert len(set(there)) == len(there), "a placement stands twice"
            within = {key for key, value in expected.items() if value <= most}
            if chain.data.ends:  # placements that go on behind an exit where everybody leaves are there, too
                assert within <= set(there)
            else:
                assert set(there) == within
            if found.whole.any():
                assert (found.whole <= chain.whole_limit * (1 + 1e-9)).all()
            if len(found) > 1:
                assert near_optimal_placements(chain, weights, swept, most, len(found) - 1) is None


def between(values: list[float]) -> list[float]:
    """Bounds below all values, above all, and halfway between some that differ by more than rounding."""
    if not values:
        return [1e9]
    size = max(abs(values[0]), abs(values[-1])) + 1e-6
    gaps = [(a + b) / 2 for a, b in pairwise(values) if b - a > 1e-7 * size]
    picked = gaps[:: max(1, len(gaps) // 4)]
    return [values[0] - 1e-6 * size, values[0] + 1e-8 * size, *picked[:5], values[-1] + 1e-6 * size]


@pytest.mark.parametrize(("kind", "seed"), EACH)
def test_counts_placements(kind: str, seed: int) -> None:
    """The recursion counts as many placements as a list of them has."""
    case = case_of(kind, seed)
    if case is None:
        return
    paths = list_paths(case.chain.data)
    assert paths is not None
    assert count_paths(case.chain) == len(paths)


def test_counts_by_hand() -> None:
    """Two options in a tier where stages may change, then a function: 2 x 2 in the tier, 2 that leave it, 1 outside."""
    data = Data(tiny.two_vms())
    assert count_paths(Chain.of(data, {"cost": 1.0})) == 7


def test_shipped_instance_by_hand() -> None:
    """bert12-sst2 has 7 VMs, 6 functions and 12 stages (`test_bounds`): 7 + 6 + 11 x 7 x 6, and 433 that end at 11."""
    count = count_paths(Chain.of(Data(so.load("bert12-sst2")), {"cost": 1.0}))
    assert count == 7 + 6 + 11 * 7 * 6 + 7 + 6 + 10 * 7 * 6


# ----------------------------------------------------------------------------------------------------
# What comes before a state, on documents without adaptations, memory and payload limits: any prefix can go on


def roomy(seed: int) -> dict[str, Any]:
    document = {**document_of("plain", seed)}
    document["tier"] = [
        {key: value for key, value in tier.items() if key != "payload_max_bytes"} for tier in document["tier"]
    ]
    for tier in document["tier"]:
        tier["option"] = [dict(option) for option in tier["option"]]
        for option in tier["option"]:
            if tier["kind"] == "function":
                option["usd_per_gb_s"] = option.get("usd_per_gb_s", 0.0) * option["memory_mb"] / 2**30
                option["memory_mb"] = 2**30  # room for anything, at the same price
            else:
                option.pop("memory_mb", None)
    document["objective"] = {"minimize": "cost"}
    document["workload"] = {**document["workload"], "latency_measure": "worst"}
    return document


@pytest.mark.parametrize("seed", range(18))
def test_before_each_state(seed: int, tmp_path: Path) -> None:
    """Least whole time, and the most V that a prefix completes to a bound, against all prefixes and thresholds."""
    document = roomy(seed)
    instance = so.load(write(document, tmp_path))
    data = Data(instance)
    if not data.connected:
        return
    chain, problem = Chain.of(data, {"cost": 1.0}), read(document)
    names = [(instance.tiers[option.tier].name, option.name) for option in instance.options]
    reaches, masses = thresholds_of(problem)
    least = np.full(chain.on.shape, math.inf)
    rng = np.random.default_rng(seed)
    typical = float(np.abs(chain.adds[..., 0]).mean()) * len(chain.on)
    weights = np.array([1.0, float(rng.choice([0.0, 0.1, 1.0, 10.0])) * typical])
    most = typical * float(rng.choice([-1.0, 0.0, 0.3, 1.0, 3.0]))
    allowance = np.full(chain.on.shape, -math.inf)
    for placement in allowed(problem):
        time = clock(problem, placement)
        cold = np.where(time.cold_share > 0, time.cold, 0.0)
        adds = stage_costs(problem, placement)
        done, spent = 0.0, np.zeros(reaches.shape[1])
        for s, spot in enumerate(placement):
            option = problem.option(spot)
            e = names.index((option.tier, option.name))
            least[s, e] = min(least[s, e], done + time.transfer[s] + cold[s])
            done += time.transfer[s] + cold[s] + time.run[s]
            busy = option.usd_per_busy_s if option.kind == "function" else option.usd_per_s / option.workers
            into = (adds[s] - busy * time.run[s]) / data.dollar  # the hand-over before the stage
            room = most - spent - reaches[s] * into
            with np.errstate(divide="ignore", invalid="ignore"):
                after = np.where(reaches[s] > 0, room / reaches[s], np.where(room >= -1e-12, math.inf, -math.inf))
            allowance[s, e] = max(allowance[s, e], float(after.max()))
            spent = spent + reaches[s] * adds[s] / data.dollar - weights[1] * masses[s]
    seen = np.isfinite(least)
    assert np.isfinite(least_whole_before(chain))[seen].all()
    assert least_whole_before(chain)[seen] * data.second == pytest.approx(least[seen], rel=ROUNDING, abs=1e-15)
    found = most_value(chain, weights, most)
    assert found[seen] == pytest.approx(allowance[seen], rel=1e-7, abs=1e-9 * typical)


def thresholds_of(problem: Problem) -> tuple[np.ndarray, np.ndarray]:
    """R_s and R_s e r of every choice of thresholds, stages x choices."""
    reaches, masses = [], []
    choices = np.ones(1)
    for menu in problem.menus:
        rates, right = (np.array([row[i] for row in menu]) for i in (1, 2))
        reaches.append(choices)
        masses.append((choices[:, None] * right).ravel())
        choices = (choices[:, None] * (1 - rates)).ravel()
    count = len(choices)
    spread = [np.repeat(reach, count // len(reach)) for reach in reaches]
    return np.array(spread), np.array([np.repeat(mass, count // len(mass)) for mass in masses])


def stage_costs(problem: Problem, placement: Any) -> np.ndarray:
    """USD that a request which enters a stage adds there, hand-over included: the cost is linear in the reach."""
    time, count = clock(problem, placement), problem.stages
    return np.array(cost(problem, placement, time, np.eye(count + 1, count)))


# ----------------------------------------------------------------------------------------------------
# Staircases


@pytest.mark.parametrize("seed", range(18))
def test_staircase(seed: int) -> None:
    """What nothing else of the group is as good as in both; of equals one."""
    rng = np.random.default_rng(seed)
    count = int(rng.integers(0, 40))
    group = rng.integers(0, 4, count)
    value, whole = (rng.integers(0, 8, count).astype(float) for _ in range(2))
    found = staircase(group, value, whole).tolist()
    points = set(zip(group.tolist(), value.tolist(), whole.tolist(), strict=True))
    undominated = {
        (g, v, w)
        for g, v, w in points
        if not any(h == g and (x, y) != (v, w) and x <= v and y <= w for h, x, y in points)
    }
    kept = [(int(group[i]), float(value[i]), float(whole[i])) for i in found]
    assert kept == sorted(undominated)


def test_timed_where_there_is_no_limit() -> None:
    """`tiny.two_stages`: v takes 3.5 s, f 1 s; v then f takes 2.25 s and is dearer than f."""
    instance = tiny.two_stages()
    chain = Chain.of(Data(instance), {"cost": 1.0})
    weights, before = np.array([[1.0, 0.0]]), least_whole_before(chain)
    timed, plain = (sweep(chain, weights, before, timed=timed) for timed in (True, False))
    second, dollar = chain.data.second, chain.data.dollar
    # half leave: v costs 0.625 + 0.5, f 1.25 + 0.25
    expected = [(1.125, 3.5), (1.5, 1.0)]
    found = sorted(zip((timed.ends.value * dollar).tolist(), (timed.ends.whole * second).tolist(), strict=True))
    assert [pair for pair in found if pair in expected] == expected
    assert plain.best.tolist() == timed.best.tolist() == [1.125 / dollar]
