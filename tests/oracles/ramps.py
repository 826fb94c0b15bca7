"""Optima of small instances whose classifiers may be on or off, and whose inputs may run on, by listing all plans.

For each set of classifiers that may be on the network is written down anew: those that are off lose their rows, those
that are on bring their operations and parameters. What is left is an instance without such choices, whose plans are
listed and valued as `brute_force` does; where inputs run on, money is counted for all of them at every stage.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from oracles.brute_force import accurate_enough, combinations, fast_enough, flows
from oracles.brute_money import cost
from oracles.brute_placements import allowed, ending_at, placements
from oracles.brute_reading import read
from oracles.brute_time import clock, last_stage, latency
from oracles.random_instances import random_document

Document = Mapping[str, Any]
MOST = 2_000
"""Plans that are listed."""


def ramp_document(seed: int) -> dict[str, Any]:
    """A random instance with ramps of up to the operations of their stages; a third of them run on."""
    rng = np.random.default_rng([7, seed])
    while True:
        document = random_document(int(rng.integers(10**6)))
        classifiers = {row["stage"] for row in document["tables"].get("exits.csv", [])}
        stages = len(document["tables"]["stages.csv"])
        if len(classifiers) > 1 and document["objective"].get("accounting") != "as-printed" and _is_small(document):
            break
    for row in document["tables"]["stages.csv"]:
        on = row["stage"] in classifiers and row["stage"] < stages
        row["ramp_flops"] = row["flops"] * float(rng.uniform(0, 1)) * on
        row["ramp_parameter_bytes"] = row["parameter_bytes"] * float(rng.uniform(0, 0.5)) * on
    if rng.random() < 0.6:
        document["exits"]["ramps_max"] = int(rng.integers(0, len(classifiers)))
    if rng.random() < 0.4:
        document["exits"]["run_on"] = True
    return document


def _is_small(document: Document) -> bool:
    """Whether there are few plans to list, with any classifiers on."""
    problem = read(document)
    levels = math.prod(len(menu) + 1 for menu in problem.menus[:-1])
    return levels * sum(1 for _ in itertools.islice(placements(problem), MOST + 1)) <= MOST


def best_with_ramps(document: Document) -> float | None:
    """The least objective, USD a request or ms; None: no plan keeps the limits."""
    values = plans_with_ramps(document)[:, 0 if document["objective"]["minimize"] == "cost" else 1]
    return float(values.min()) if len(values) else None


def plans_with_ramps(document: Document) -> np.ndarray:
    """Cost, USD a request, and latency, ms, of all plans that keep the limits, N x 2."""
    run_on = document["exits"].get("run_on", False)
    values = [own for network in networks(document) for own in _values(network, run_on)]
    return np.concatenate(values) if values else np.empty((0, 2))


def networks(document: Document) -> Iterator[dict[str, Any]]:
    """The instance with each set of classifiers on that may be."""
    exits, tables = document["exits"], document["tables"]
    last = len(tables["stages.csv"])
    costs = {row["stage"] for row in tables["stages.csv"] if row["ramp_flops"] or row["ramp_parameter_bytes"]}
    ramps = sorted({row["stage"] for row in tables["exits.csv"] if row["stage"] < last})
    free = set(ramps) if "ramps_max" in exits else costs & set(ramps)
    for count in range(min(len(free), exits.get("ramps_max", len(free))) + 1):
        for on in itertools.combinations(sorted(free), count):
            yield _written(document, set(on), free - set(on))


def _written(document: Document, on: set[int], off: set[int]) -> dict[str, Any]:
    tables = dict(document["tables"])
    plain = {"stage", "flops", "activation_bytes", "parameter_bytes"}
    whole = math.fsum(row["flops"] for row in tables["stages.csv"])
    added = {row["stage"]: row["ramp_flops"] for row in tables["stages.csv"] if row["stage"] in on}
    size = {row["stage"]: row["ramp_parameter_bytes"] for row in tables["stages.csv"] if row["stage"] in on}
    tables["stages.csv"] = [
        {
            **{key: row[key] for key in plain},
            "flops": row["flops"] + added.get(row["stage"], 0.0),
            "parameter_bytes": row["parameter_bytes"] + size.get(row["stage"], 0.0),
        }
        for row in tables["stages.csv"]
    ]
    tables["exits.csv"] = [row for row in tables["exits.csv"] if row["stage"] not in off]
    for name in {tier["stage_times"] for tier in document["tier"] if "stage_times" in tier}:
        rows = tables[name]
        paces = {row["option"]: 0.0 for row in rows}
        for row in rows:
            paces[row["option"]] += row["mean_ms"] / whole  # of an operation, as the whole network has it
        tables[name] = [
            {**row, "mean_ms": row["mean_ms"] + added.get(row["stage"], 0.0) * paces[row["option"]]} for row in rows
        ]
    return {**document, "tables": tables, "exits": {"table": "exits.csv"}}


def _values(document: Document, run_on: bool) -> Iterator[np.ndarray]:
    whole = read(document)
    for problem in [whole] if run_on else ending_at(whole):
        _, rates, right = combinations(problem.menus)
        reach, accuracy = flows(problem, rates, right)
        worked = np.ones_like(reach) if run_on else reach
        for placement in allowed(problem):
            time = clock(problem, placement)
            took = latency(problem.measure, time, reach, None if run_on else last_stage(problem, reach))
            kept = accurate_enough(problem, accuracy) & fast_enough(problem, took)
            yield np.column_stack([cost(problem, placement, time, worked), took * 1000])[kept]
