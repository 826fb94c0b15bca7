"""Fronts by exhaustive search, by formulas that share no code with the package, and random instances to try them on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import deepcopy
from typing import Any

import numpy as np

from oracles.adapted import Plans, adapted_plans
from oracles.brute_force import accurate_enough, fast_enough, plan_table
from oracles.brute_placements import placements
from oracles.brute_reading import read
from oracles.random_instances import MAX_PLACEMENTS, random_document

TIE = 1e-9
"""Values closer than this, relatively, are equal."""


def enumerate_front(document: Mapping[str, Any], objectives: Sequence[str]) -> np.ndarray:
    """The undominated values of all plans that keep the limits: USD, ms, accuracy; one row for plans that tie."""
    table = plan_table(document)
    keep = accurate_enough(table.problem, table.accuracy)[None, :] & fast_enough(table.problem, table.latency)
    keep &= np.isfinite(table.cost)
    everything = {
        "cost": table.cost,
        "latency": table.latency * 1000,
        "accuracy": np.broadcast_to(-table.accuracy, table.cost.shape),
    }
    values = np.column_stack([everything[name][keep] for name in objectives])
    return undominated(values) * [-1 if name == "accuracy" else 1 for name in objectives]


def adapted_front(document: Mapping[str, Any], objectives: Sequence[str], plans: Plans | None = None) -> np.ndarray:
    """The same for a document with docs/adaptation.md: any of cost, latency, accuracy, privacy and energy.

    USD, ms, accuracy, expected leak, J. `plans`: those of the document, where they are at hand.
    """
    plans = plans or adapted_plans(document)
    keep = plans.keep()
    signs = np.array([-1 if name == "accuracy" else 1 for name in objectives])
    return undominated(np.column_stack([plans.objective(name)[keep] for name in objectives]) * signs) * signs


def undominated(values: np.ndarray) -> np.ndarray:
    """The rows that no other row beats, less being better in each column; one row for rows that tie."""
    width = values.shape[1]
    front = []
    while len(values):
        best = values[np.lexsort(values.T[::-1])[0]]
        front.append(best)
        values = values[~(values >= best - TIE * np.abs(best)).all(axis=1)]
    found = np.array(front).reshape(len(front), width)
    small = TIE * np.abs(found)
    beaten = [
        ((found <= point + slack).all(axis=1) & (found < point - slack).any(axis=1)).any()
        for point, slack in zip(found, small, strict=True)
    ]
    return found[~np.array(beaten, dtype=bool)] if len(found) else found


def points_of(front: Any) -> np.ndarray:
    """The objectives of a front's plans, one row each."""
    return np.array(front.points).reshape(len(front.plans), len(front.objectives))


def same(found: np.ndarray, expected: np.ndarray) -> bool:
    """The same points, one for one, in any order."""
    if len(found) != len(expected):
        return False
    close = np.abs(found[:, None] - expected) <= 1e-8 * np.abs(expected) + 1e-18
    pairs = close.all(axis=2)
    return bool(pairs.any(axis=0).all() and pairs.any(axis=1).all())


def covers(found: np.ndarray, expected: np.ndarray, objectives: tuple[str, ...], coverage: float) -> bool:
    """Every expected point has one that is at most the factor worse in each objective."""
    factor = (1 + coverage) * (1 + 1e-8)
    better = [-1 if name == "accuracy" else 1 for name in objectives]
    bounds = np.where(np.array(better) < 0, expected / factor, expected * factor)
    return bool((found[None] * better <= bounds[:, None] * better).all(axis=2).any(axis=1).all())


def front_document(seed: int, pure: bool = True) -> dict[str, Any]:
    """A random instance with limits at random; a pure chain is paid per request, with latency as mean or worst case.

    Faster options cost more, more than in proportion, so that there is something to trade. In some instances an option
    has a twin, so that many plans tie.
    """
    rng = np.random.default_rng([77, seed])
    document = deepcopy(random_document(seed))
    workload = document["workload"]
    if pure:
        document["objective"]["accounting"] = "per-request"
        workload["latency_measure"] = ("mean", "worst")[seed % 2]
    workload.pop("accuracy_min", None)
    workload.pop("latency_slo_ms", None)
    _make_speed_dear(rng, document)
    if rng.random() < 0.4:
        _add_twin(rng, document)
    table = plan_table(document)
    if not table.placements:
        return document
    if "exits" in document and rng.random() < 0.75:
        floor = float(np.quantile(table.accuracy, rng.uniform(0, 1), method="lower"))
        workload["accuracy_min"] = floor if rng.random() < 0.3 else round(floor, 4)
    if rng.random() < 0.3:
        seconds = table.latency[np.isfinite(table.latency)]
        slowest = float(np.quantile(seconds, rng.uniform(0.02, 1), method="lower")) * 1000
        workload["latency_slo_ms"] = slowest if rng.random() < 0.3 else round(slowest, 4) or slowest
    return document


def long_menus(seed: int, measure: str) -> dict[str, Any]:
    """Five stages with twelve thresholds at each classifier, two VMs and two functions: 20 x 12^4 plans."""
    rng = np.random.default_rng([78, seed])
    exits = [
        {"stage": s, "threshold": round(a, 4), "exit_rate": round(e, 5), "accuracy": round(r, 5)}
        for s in range(1, 5)
        for a, e, r in zip(
            np.linspace(0.5, 0.99, 12),
            np.sort(rng.uniform(0.05, 0.15 + 0.2 * s, 12))[::-1],
            np.sort(rng.uniform(0.6 + 0.05 * s, 0.97, 12)),
            strict=True,
        )
    ]
    speeds, prices = (1e10, 2.5e10), (0.05, 0.19)
    vms = [{"name": f"v{i}", "flops_per_s": speeds[i], "usd_per_hour": prices[i]} for i in (0, 1)]
    functions = [
        {
            "name": f"f{i}",
            "flops_per_s": speeds[i] * 1.3,
            "memory_mb": 1024,
            "usd_per_gb_s": prices[i] / 2000,
            "usd_per_request": 2e-7,
        }
        for i in (0, 1)
    ]
    return {
        "schema": 1,
        "name": f"long-menus-{seed}",
        "network": {"stages": "stages.csv", "input_bytes": 10_000},
        "exits": {"table": "exits.csv"},
        "workload": {"latency_measure": measure, "accuracy_min": 0.88},
        "tier": [
            {"name": "vm", "kind": "vm", "option": vms},
            {"name": "fn", "kind": "function", "cold_start_ms": 30.0, "cold_share": 0.1, "option": functions},
        ],
        "link": [{"from": "vm", "to": "fn", "bandwidth_mbit_s": 500.0, "round_trip_ms": 1.0}],
        "objective": {"minimize": "cost", "accounting": "per-request"},
        "tables": {
            "stages.csv": [
                {
                    "stage": s,
                    "flops": int(rng.uniform(5e8, 2e9)),
                    "activation_bytes": int(rng.uniform(1e4, 2e5)),
                    "parameter_bytes": 10**6,
                }
                for s in range(1, 6)
            ],
            "exits.csv": [*exits, {"stage": 5, "threshold": 0, "exit_rate": 1, "accuracy": 0.95}],
        },
    }


def _make_speed_dear(rng: np.random.Generator, document: dict[str, Any]) -> None:
    """Price a busy second at about speed to the power of 1.4."""
    problem = read(document)
    for tier, spots in zip(document["tier"], problem.options, strict=True):
        for option, spot in zip(tier["option"], spots, strict=True):
            speed = sum(problem.flops) / sum(spot.seconds)
            usd_per_hour = float(f"{0.1 * (speed / 1e10) ** 1.4 * np.exp(rng.normal(0, 0.15)):.3g}")
            if tier["kind"] == "function":
                option["usd_per_gb_s"] = usd_per_hour / 3600 / (option["memory_mb"] / 1024)
                option["usd_per_request"] = usd_per_hour / 3600 * sum(spot.seconds) / 20
            else:
                option["usd_per_hour"] = usd_per_hour


def _add_twin(rng: np.random.Generator, document: dict[str, Any]) -> None:
    """Add an option that is like another one in all but the name, where that leaves few enough placements."""
    tier = document["tier"][int(rng.integers(len(document["tier"])))]
    option = tier["option"][int(rng.integers(len(tier["option"])))]
    twin = option | {"name": "twin"}
    rows = document["tables"].get(tier.get("stage_times", ""), [])
    copies = [row | {"option": "twin"} for row in rows if row["option"] == option["name"]]
    tier["option"].append(twin)
    rows += copies
    if sum(1 for _ in placements(read(document))) > MAX_PLACEMENTS // 2:
        tier["option"].remove(twin)
        rows[:] = [row for row in rows if row["option"] != "twin"]
