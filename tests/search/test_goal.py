"""What is minimised: tails of random stage times, order among equals, several objectives at once; by enumeration."""

from __future__ import annotations

import dataclasses
import itertools
import math
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support import tiny
from support.goals import EQUAL, achieved, plans_of
from support.helpers import load

import serflow_opt as so
from serflow_opt.problem.limits import at_most
from serflow_opt.search.goal import order_of, scaled

# ----------------------------------------------------------------------------------------------------
# Tails: pNN of a request that goes all the way, mean + k sqrt(sum of variances)

TAIL_SEEDS = range(12)
NORMAL = {"p90": 1.2815515655446004, "p95": 1.6448536269514722, "p99": 2.3263478740408408}
"""Quantiles of the normal distribution, from tables."""


STAGES = 3
RATES, RIGHT, RIGHT_AT_THE_END = np.array([0.5, 0.2]), np.array([0.8, 0.95]), 0.92
"""Of the classifier behind stage 1: leave at 0.5 or at 0.9."""


@dataclasses.dataclass(frozen=True)
class Spot:
    """An option, its stage times and their deviations in ms, and its price."""

    tier: int
    kind: str
    specific: bool
    mean_ms: np.ndarray
    sd_ms: np.ndarray
    usd_per_s: float


@dataclasses.dataclass(frozen=True)
class Tails:
    """A document with stage times that vary, and every plan of it as arithmetic gives it."""

    document: dict[str, Any]
    cost: np.ndarray  # placements x thresholds, USD
    latency: np.ndarray  # placements, ms
    accuracy: np.ndarray  # thresholds


def drawn(rng: np.random.Generator) -> tuple[list[Spot], list[int]]:
    """One or two options in each of two or three tiers, and what stages hand on, bytes."""
    kinds = ["device", "vm", "function"][-int(rng.integers(2, 4)) :]
    spots = []
    for t, kind in enumerate(kinds):
        specific = kind != "function" and bool(rng.random() < 0.3)
        for _ in range(int(rng.integers(1, 3))):
            mean = (rng.uniform(5.0, 60.0, STAGES) / (t + 1)).round(3)
            sd = (mean * rng.choice([0.0, 0.1, 0.5, 1.5], STAGES)).round(3)
            spots.append(Spot(t, kind, specific, mean, sd, round(float(rng.uniform(0.5, 4.0)), 2) * (t + 1) / 3600))
    return spots, (rng.integers(1, 9, STAGES) * 100_000).tolist()


def document_of(spots: list[Spot], handed_on: list[int], measure: str, tail: str) -> dict[str, Any]:
    """Every tier has measured times; 400 Mbit/s and 1 ms between tiers; functions of 1 GiB, half start cold, 20 ms."""
    stages = range(1, STAGES + 1)
    tables: dict[str, Any] = {
        "stages.csv": [
            {"stage": s, "flops": 10**9, "activation_bytes": size, "parameter_bytes": 1}
            for s, size in zip(stages, handed_on, strict=True)
        ],
        "exits.csv": [
            {"stage": 1, "threshold": 0.5, "exit_rate": 0.5, "accuracy": 0.8},
            {"stage": 1, "threshold": 0.9, "exit_rate": 0.2, "accuracy": 0.95},
            {"stage": STAGES, "threshold": 0, "exit_rate": 1, "accuracy": 0.92},
        ],
    }
    tiers = []
    for t in sorted({spot.tier for spot in spots}):
        here = [(f"o{n}", spot) for n, spot in enumerate(spots) if spot.tier == t]
        kind = here[0][1].kind
        tier: dict[str, Any] = {"name": f"t{t}", "kind": kind, "stage_times": f"times-{t}.csv"}
        if here[0][1].specific:
            tier["stage_specific"] = True
        if kind == "function":
            tier |= {"cold_start_ms": 20.0, "cold_share": 0.5}
        tier["option"] = [
            {"name": name, "memory_mb": 1024, "usd_per_gb_s": spot.usd_per_s, "usd_per_request": 1e-6}
            if kind == "function"
            else {"name": name, "usd_per_hour": spot.usd_per_s * 3600}
            for name, spot in here
        ]
        tables[f"times-{t}.csv"] = [
            {"stage": s, "option": name, "mean_ms": float(spot.mean_ms[s - 1]), "sd_ms": float(spot.sd_ms[s - 1])}
            for name, spot in here
            for s in stages
        ]
        tiers.append(tier)
    return {
        "schema": 1,
        "name": "tails",
        "network": {"stages": "stages.csv", "input_bytes": 500_000},
        "exits": {"table": "exits.csv"},
        "workload": {"latency_measure": measure, "tail": tail},
        "tier": tiers,
        "link": [
            {"from": a["name"], "to": b["name"], "bandwidth_mbit_s": 400.0, "round_trip_ms": 1.0}
            for a, b in itertools.combinations(tiers, 2)
        ],
        "objective": {"minimize": "cost"},
        "tables": tables,
    }


@cache
def tails(seed: int) -> Tails:
    """The figures of every placement and threshold."""
    rng = np.random.default_rng([5, seed])
    tail, measure = ("normal", "any")[seed % 2], ("p90", "p95", "p99")[seed // 2 % 3]
    spots, handed_on = drawn(rng)
    q = float(measure[1:]) / 100
    k = NORMAL[measure] if tail == "normal" else math.sqrt(q / (1 - q))
    costs, latencies = [], []
    for path in itertools.product(spots, repeat=STAGES):
        pairs = list(itertools.pairwise(path))
        if any(a.tier > b.tier or (a.tier == b.tier and a is not b and not a.specific) for a, b in pairs):
            continue
        cost, mean_ms, variance = np.zeros(2), 0.0, 0.0
        for s, spot in enumerate(path):
            reach = 1 - RATES if s else np.ones(2)
            before = path[s - 1] if s else None
            mean_ms += float(spot.mean_ms[s])
            variance += float(spot.sd_ms[s]) ** 2
            cost = cost + spot.usd_per_s * spot.mean_ms[s] / 1000 * reach
            if before is not None and before.tier != spot.tier:
                wait_ms = handed_on[s - 1] * 8 / 400e3 + 1.0
                mean_ms += wait_ms
                if before.kind == "vm":
                    cost = cost + before.usd_per_s * wait_ms / 1000 * reach
            if spot.kind == "function" and before is not spot:
                mean_ms += 20.0
                cost = cost + (1e-6 + spot.usd_per_s * 0.5 * 0.020) * reach
        costs.append(cost)
        latencies.append(mean_ms + k * math.sqrt(variance))
    accuracy = RATES * RIGHT + (1 - RATES) * RIGHT_AT_THE_END
    return Tails(document_of(spots, handed_on, measure, tail), np.array(costs), np.array(latencies), accuracy)


@pytest.mark.parametrize("method", ["auto", "milp"])
@pytest.mark.parametrize("seed", TAIL_SEEDS)
def test_least_tail(seed: int, method: Any, tmp_path: Path) -> None:
    """As objective: of the fastest, the cheapest. Thresholds do not matter to a request that goes all the way."""
    case = tails(seed)
    document = case.document | {"objective": {"minimize": "latency"}}
    plan = so.solve(load(document, tmp_path), method=method)
    best = case.latency.min()
    assert plan.status == "optimal"
    assert plan.objective.value == pytest.approx(best, rel=2e-6)
    assert plan.bound is not None
    assert plan.bound <= best * (1 + 1e-9)
    ties = case.latency <= best * (1 + EQUAL)
    assert achieved(plan, "cost") == pytest.approx(case.cost[ties].min(), rel=2e-6)


@pytest.mark.parametrize("method", ["auto", "milp"])
@pytest.mark.parametrize("share", [0.0, 0.15, 0.5])
@pytest.mark.parametrize("seed", TAIL_SEEDS[:8])
def test_cheapest_within_a_tail(seed: int, share: float, method: Any, tmp_path: Path) -> None:
    """As limit: exactly the tail of some placement, which is kept, with a floor on the accuracy."""
    case = tails(seed)
    limit = float(np.quantile(case.latency, share, method="lower"))
    document = case.document | {"workload": case.document["workload"] | {"latency_slo_ms": limit, "accuracy_min": 0.9}}
    plan = so.solve(load(document, tmp_path), method=method)
    kept = (case.latency <= limit * (1 + EQUAL))[:, None] & (case.accuracy >= 0.9)[None, :]
    assert plan.status == "optimal"
    assert plan.objective.value == pytest.approx(case.cost[kept].min(), rel=2e-6)
    assert achieved(plan, "latency") <= limit * (1 + EQUAL)


@pytest.mark.parametrize("seed", TAIL_SEEDS)
def test_a_tail_out_of_reach(seed: int, tmp_path: Path) -> None:
    """A tail just below the best of all placements is infeasible, and the best is named."""
    case = tails(seed)
    workload = case.document["workload"] | {"latency_slo_ms": float(case.latency.min()) * 0.9999}
    plan = so.solve(load(case.document | {"workload": workload}, tmp_path))
    assert plan.status == "infeasible"
    (clash,) = plan.infeasible_because
    assert clash.best == pytest.approx(case.latency.min(), rel=2e-6)


def test_there_is_something_to_choose() -> None:
    """The drawn instances have placements enough for a wrong choice to show."""
    assert sum(len(tails(seed).latency) > 5 for seed in TAIL_SEEDS) >= 10


# ----------------------------------------------------------------------------------------------------
# Order among equals, and several objectives on one scale


@pytest.mark.parametrize(
    ("accounting", "measure"), [("per-request", "worst"), ("reserved", "worst"), ("reserved", "p99")]
)
def test_a_limit_below_zero_is_met_exactly(accounting: str, measure: str, tmp_path: Path) -> None:
    """The least privacy loss there is, a gain, as the limit: the plan that has it keeps it."""
    document, _ = plans_of(9)
    document["workload"] |= {"latency_measure": measure}
    document["objective"] |= {"minimize": "privacy", "accounting": accounting}
    instance = load(document, tmp_path)
    least = so.solve(instance)
    assert least.metrics is not None
    assert least.metrics.privacy_loss < 0
    held = so.solve(at_most(instance.with_limits(minimize="energy"), "privacy", least.metrics.privacy_loss))
    assert held.status == "optimal"
    assert held.metrics is not None
    assert held.metrics.privacy_loss == pytest.approx(least.metrics.privacy_loss, rel=1e-9)


# ----------------------------------------------------------------------------------------------------
# The parts


@pytest.mark.parametrize(
    ("minimize", "then", "expected"),
    [
        ("cost", (), ("latency",)),
        ("latency", (), ("cost",)),
        ("privacy", (), ("cost",)),
        ("energy", (), ("cost",)),
        ("cost", ("energy", "accuracy"), ("energy", "accuracy")),
        ("weighted", (), ()),
    ],
)
def test_what_equals_are_judged_by(minimize: Any, then: Any, expected: tuple[str, ...]) -> None:
    """Ties are broken by the user's order, otherwise by latency or cost."""
    assert order_of(tiny.two_stages(minimize=minimize, then=then)) == expected


def test_holding() -> None:
    """Limits in the units of the instance; accuracy is held by its negative."""
    instance = tiny.two_stages()
    held = instance
    for name, value in {"cost": 1.5, "latency": 2.0, "privacy": 0.25, "energy": 3.0, "accuracy": -0.9}.items():
        held = at_most(held, name, value)  # type: ignore[arg-type]
    assert held == dataclasses.replace(
        instance, cost_max_usd=1.5, latency_slo_s=2.0, privacy_max=0.25, energy_max_j=3.0, accuracy_min=0.9
    )


def test_scales() -> None:
    """Weight / (nadir - ideal); where they are the same / |ideal|, and as it is where that is 0."""
    ideal = {"cost": 1.0, "latency": 2.0, "privacy": 0.0, "accuracy": -0.5}
    nadir = {"cost": 3.0, "latency": 2.0, "privacy": 0.0, "accuracy": -0.25}
    weights = {"cost": 1.0, "latency": 4.0, "privacy": 0.5, "accuracy": 2.0}
    found = scaled(weights, ideal, nadir)  # type: ignore[arg-type]
    assert found == {"cost": 0.5, "latency": 2.0, "privacy": 0.5, "accuracy": 8.0}
