"""The best choice of one plan for each of a few services that share money or machines, by trying all of them.

No code is shared with the package. Units: USD an hour; latencies in seconds.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from oracles.brute_force import accurate_enough, combinations, fast_enough, flows
from oracles.brute_money import cost, machines
from oracles.brute_placements import allowed
from oracles.brute_problem import Document
from oracles.brute_reading import read
from oracles.brute_time import clock, latency

ROUNDING = 1e-9


def points(document: Document, types: Sequence[str]) -> np.ndarray:
    """Every plan within the service's own limits: latency, USD an hour, machines of each type; undominated ones."""
    problem = read(document)
    assert problem.rate is not None
    _, rates, right = combinations(problem.menus)
    reach, accuracy = flows(problem, rates, right)
    found = []
    for placement in allowed(problem):
        time = clock(problem, placement)
        seconds = np.broadcast_to(latency(problem.measure, time, reach), accuracy.shape)
        keep = accurate_enough(problem, accuracy) & fast_enough(problem, seconds)
        counts = {name: np.zeros(accuracy.shape) for name in types}
        if problem.accounting == "reserved":
            for spot, rented in machines(problem, placement, time, reach).items():
                name = problem.option(spot).name
                if name in counts and problem.option(spot).kind != "function":
                    counts[name] = counts[name] + rented
        usd = cost(problem, placement, time, reach) * problem.rate * 3600
        rows = np.stack([seconds, np.broadcast_to(usd, accuracy.shape), *counts.values()])
        found.append(rows[:, keep])
    return undominated(np.concatenate(found, axis=1).T if found else np.empty((0, 2 + len(types))))


def undominated(rows: np.ndarray) -> np.ndarray:
    """Rows that no other row is at most as large as in everything."""
    rows = np.unique(rows, axis=0)
    kept: list[np.ndarray] = []
    for row in rows:  # sorted by the first column
        if not any((other <= row).all() for other in kept):
            kept.append(row)
    return np.array(kept).reshape(len(kept), rows.shape[1])


def best_fleet(
    documents: Sequence[Document], minimize: str, budget: float | None, most: Mapping[str, int]
) -> float | None:
    """The least USD an hour, or the least mean latency over all requests in ms; None: nothing fits."""
    types = list(most)
    rates = [float(document["workload"]["rate_per_s"]) for document in documents]
    limits = np.array([math.inf if budget is None else budget * (1 + ROUNDING), *most.values()])
    totals = np.zeros((1, 2 + len(types)))
    for document, rate in zip(documents, rates, strict=True):
        own = points(document, types)
        own[:, 0] *= rate / sum(rates)
        totals = (totals[:, None, :] + own[None, :, :]).reshape(-1, totals.shape[1])
        totals = totals[(totals[:, 1:] <= limits).all(axis=1)]
        if len(totals) > 3000:
            totals = undominated(totals)
    if not len(totals):
        return None
    return float(totals[:, 1].min() if minimize == "cost" else totals[:, 0].min() * 1000)


def least_missing(documents: Sequence[Document], most: Mapping[str, int]) -> int:
    """The least number of machines by which plans of all services exceed what there is."""
    types = list(most)
    totals = np.zeros((1, len(types)))
    for document in documents:
        own = undominated(points(document, types)[:, 2:])
        totals = undominated((totals[:, None, :] + own[None, :, :]).reshape(-1, len(types)))
    return int(np.maximum(totals - np.array(list(most.values())), 0).sum(axis=1).min())


def all_points(documents: Sequence[Document], types: Sequence[str]) -> list[Any]:
    """The undominated plans of each service."""
    return [points(document, types) for document in documents]
