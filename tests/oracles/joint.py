"""Random small instances with samples, and their best plan by trying every placement with every set of thresholds.

What a set of thresholds does is counted sample by sample in plain Python. Time and money come from
`oracles.brute_force`, which shares no code with the package.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from oracles.brute_money import cost
from oracles.brute_placements import allowed, placements, violations
from oracles.brute_problem import FEASIBLE
from oracles.brute_reading import read
from oracles.brute_time import clock, last_stage, latency
from oracles.random_instances import random_document

OFF = 2.0
MOST_PLACEMENTS = 300
MOST_ROWS = {3: 60, 4: 18, 5: 9}
"""Samples by exits: every set of thresholds is tried, one more than samples to the power of exits but the last."""


@dataclass(frozen=True)
class Ways:
    """Every set of thresholds: the thresholds, shares inside before each exit (K columns), and shares right."""

    thresholds: list[tuple[float, ...]]
    inside: np.ndarray
    accuracy: np.ndarray


def joint_document(seed: int, every_value: bool = False) -> tuple[dict[str, Any], Ways]:
    """A random instance with samples, and every way through it; limits cut into what is possible.

    Thresholds are of menus, or every confidence of fewer samples.
    """
    rng = np.random.default_rng([8 if every_value else 7, seed])
    while True:
        document = random_document(int(rng.integers(10**6)))
        stages = len(document["tables"]["stages.csv"])
        if stages >= 3 and 1 <= len(allowed(read({**document, "exits": None}))) <= MOST_PLACEMENTS:
            break
    count = int(rng.integers(3, min(5, stages) + 1))
    where = [*sorted(rng.choice(np.arange(1, stages), count - 1, replace=False).tolist()), stages]
    document["tables"].pop("exits.csv", None)
    document["exits"] = {"samples": "samples.csv", "classifier_stages": where, "joint": True}
    if every_value:
        rows = draw_samples(rng, int(rng.integers(1, MOST_ROWS[count] + 1)), count)
    else:
        rows = draw_samples(rng, int(rng.integers(30, 201)), count)
        document["exits"]["levels"] = int(rng.integers(3, 5))
    document["tables"]["samples.csv"] = rows
    workload = document["workload"]
    for key in ("accuracy_min", "latency_slo_ms"):
        workload.pop(key, None)
    ways = every_way(document)
    if rng.random() < 0.9:
        floor = float(np.quantile(ways.accuracy, rng.uniform(0.3, 1.0)))
        if every_value:  # exactly what some thresholds have; one right answer more than any in one case of ten
            floor = float(np.quantile(ways.accuracy, rng.uniform(0.3, 1.0), method="nearest"))
            workload["accuracy_min"] = floor
            if rng.random() < 0.1:
                workload["accuracy_min"] = min(1.0, float(ways.accuracy.max()) + 1 / len(rows))
        else:
            workload["accuracy_min"] = min(1.0, math.floor(floor * 1000) / 1000 + 0.002 * (rng.random() < 0.1))
    if rng.random() < 0.6:
        problem = read({**document, "exits": None})
        times = [latency(problem.measure, clock(problem, p), _reach(document, ways)) for p in allowed(problem)]
        slo = float(np.quantile(np.concatenate(times), rng.uniform(0.05, 0.9))) * 1000
        workload["latency_slo_ms"] = float(f"{slo * 1.000001:.6g}") if slo > 0 else 1.0
    return document, ways


def draw_samples(rng: np.random.Generator, rows: int, exits: int) -> list[dict[str, Any]]:
    """Samples whose confidences hang together: each has an ease that every exit sees with some noise."""
    ease, noise = rng.normal(size=rows), rng.uniform(0.2, 1.5)
    table: list[dict[str, Any]] = [{"sample_id": i} for i in range(rows)]
    for k in range(1, exits + 1):
        seen = ease + 2.0 * k / exits - 1 + noise * rng.normal(size=rows)
        sure = np.round(1 / (1 + np.exp(-seen)), int(rng.integers(1, 4)))
        right = rng.random(rows) < 0.2 + 0.8 / (1 + np.exp(-1.5 * seen))
        for i, row in enumerate(table):
            row[f"conf_exit{k}"], row[f"correct_exit{k}"] = float(sure[i]), int(right[i])
    return table


def thresholds_on_offer(values: Sequence[float], levels: int | None) -> list[float]:
    """Evenly spaced order statistics of the confidences, the next one above where none fits, and one that is off.

    Without levels: every confidence.
    """
    order = sorted(values)
    if levels is None:
        return sorted({*order, OFF})
    spread = {order[math.ceil(round(step * (len(order) - 1) / (levels - 1), 9))] for step in range(levels)}
    return sorted(spread | {1.0 if order[-1] < 1 else OFF})


def every_way(document: Mapping[str, Any]) -> Ways:
    """Follow every sample through every set of thresholds."""
    rows, exits = document["tables"]["samples.csv"], len(document["exits"]["classifier_stages"])
    menus = [
        thresholds_on_offer([row[f"conf_exit{k}"] for row in rows], document["exits"].get("levels"))
        for k in range(1, exits)
    ]
    chosen = list(itertools.product(*menus))
    inside = np.zeros((exits, len(chosen)))
    right = np.zeros(len(chosen))
    sure = [[row[f"conf_exit{k}"] for k in range(1, exits)] for row in rows]
    hit = [[row[f"correct_exit{k}"] for k in range(1, exits + 1)] for row in rows]
    for n, thresholds in enumerate(chosen):
        leaving = [0] * exits
        for confidences, hits in zip(sure, hit, strict=True):
            k = 0
            while k < exits - 1 and confidences[k] < thresholds[k]:
                k += 1
            leaving[k] += 1
            right[n] += hits[k]
        inside[:, n] = [sum(leaving[k:]) for k in range(exits)]
    return Ways(chosen, inside / len(rows), right / len(rows))


def _reach(document: Mapping[str, Any], ways: Ways) -> np.ndarray:
    """R_s of every set of thresholds, (M + 1) x K."""
    stages = len(document["tables"]["stages.csv"])
    reach = np.zeros((stages + 1, len(ways.thresholds)))
    before = 0
    for k, stage in enumerate(document["exits"]["classifier_stages"]):
        reach[before:stage] = ways.inside[k]
        before = stage
    return reach


def joint_optimum(document: Mapping[str, Any], ways: Ways) -> float | None:
    """The least objective, USD per request or milliseconds; None when no plan keeps the limits."""
    problem = read({**document, "exits": None})
    reach, workload = _reach(document, ways), document["workload"]
    keeps = ways.accuracy >= workload.get("accuracy_min", 0.0) - 1e-9
    last = last_stage(problem, reach)
    best = math.inf
    for placement in placements(problem):
        # what nobody reaches needs no memory, link or payload
        done = {s: max(violations(problem, placement[:s]).values()) <= FEASIBLE for s in np.unique(last).tolist()}
        can = np.array([done[s] for s in last.tolist()])
        if not can.any():
            continue
        time = clock(problem, placement)
        seconds = latency(problem.measure, time, reach, last)
        fits = can & keeps & (seconds <= (problem.slo_s or math.inf) * (1 + 1e-9))
        value = cost(problem, placement, time, reach) if problem.minimize == "cost" else seconds * 1000
        if fits.any():
            best = min(best, float(value[fits].min()))
    return best if math.isfinite(best) else None


def counted(document: Mapping[str, Any], thresholds: Mapping[int, float]) -> tuple[list[float], float]:
    """Reach by stage and accuracy of chosen thresholds (by stage), counted."""
    rows, where = document["tables"]["samples.csv"], document["exits"]["classifier_stages"]
    stages = len(document["tables"]["stages.csv"])
    reach, right = [0] * stages, 0
    for row in rows:
        last = len(where)
        k = next((k for k, s in enumerate(where[:-1], 1) if row[f"conf_exit{k}"] >= thresholds[s]), last)
        for s in range(where[k - 1]):
            reach[s] += 1
        right += row[f"correct_exit{k}"]
    return [count / len(rows) for count in reach], right / len(rows)
