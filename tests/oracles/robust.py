"""Robust optima of small instances: every plan against everything an adversary may do, or every scenario.

Deviations are put into the numbers that `brute_force.read` makes of a document; nothing of the package is used.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from oracles.brute_force import accurate_enough, combinations, fast_enough, flows
from oracles.brute_money import cost, machines
from oracles.brute_placements import placements, violations
from oracles.brute_problem import FEASIBLE, Document, Placement, Problem
from oracles.brute_reading import read
from oracles.brute_time import clock, last_stage, latency
from oracles.random_instances import random_document


@dataclass(frozen=True)
class RobustTable:
    """All plans in all cases: objective P x K by case, what is kept, and the value over all cases."""

    values: np.ndarray  # cases, P, K
    kept: np.ndarray  # cases, P, K
    robust: np.ndarray  # P, K; inf where limits do not hold


def deviate(problem: Problem, case: Mapping[str, Any]) -> Problem:
    """The problem as factors have it: rate, times and exits by stage, prices by tier."""
    count = problem.stages
    times, exits = case.get("times", [1.0] * count), case.get("exits", [1.0] * count)
    prices = case.get("prices", [1.0] * len(problem.options))
    options = [
        [
            replace(
                option,
                seconds=tuple(t * f for t, f in zip(option.seconds, times, strict=True)),
                usd_per_s=option.usd_per_s * price,
                usd_per_busy_s=option.usd_per_busy_s * price,
                usd_per_request=option.usd_per_request * price,
            )
            for option in tier
        ]
        for tier, price in zip(problem.options, prices, strict=True)
    ]
    menus = [
        [row if row[1] >= 1 else (row[0], row[1] * f, row[2] * f) for row in menu]
        for menu, f in zip(problem.menus, exits, strict=True)
    ]
    rate = None if problem.rate is None else problem.rate * case.get("rate", 1.0)
    return replace(problem, options=options, menus=menus, rate=rate)


def adversaries(problem: Problem, asked: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Every case within the budget: whole deviations of as many parts at most."""
    shares = {
        "times": [asked.get("times", 0.0)] * problem.stages,
        "exits": [asked.get("exits", 0.0) if s + 1 in problem.classifiers else 0.0 for s in range(problem.stages)],
        "prices": [asked.get("prices", 0.0)] * len(problem.options),
        "rate": [asked.get("rate", 0.0)],
    }
    parts = [(kind, n) for kind, own in shares.items() for n, share in enumerate(own) if share > 0]
    for number in range(min(asked["budget"], len(parts)) + 1):
        for chosen in itertools.combinations(parts, number):
            case: dict[str, Any] = {}
            for kind, own in shares.items():
                sign = -1 if kind == "exits" else 1
                case[kind] = [1 + sign * share * ((kind, n) in chosen) for n, share in enumerate(own)]
            case["rate"] = case["rate"][0]
            yield case


def robust_table(document: Document) -> RobustTable:
    """Evaluate all plans in all cases."""
    problem, asked = read(document), document["uncertainty"]
    scenarios = [_read_scenario(problem, own) for own in asked.get("scenario", [])]
    cases = scenarios or list(adversaries(problem, asked))
    problems = [problem, *(deviate(problem, case) for case in cases)]
    spots = list(placements(problem))
    found = [[_case(own, spot) for spot in spots] for own in problems]
    rents = [_rents(problems, spot, [cases_[n][3] for cases_ in found[1:]]) for n, spot in enumerate(spots)]
    values, kept = [], []
    for n, (own, rows) in enumerate(zip(problems, found, strict=True)):
        usd = np.stack([row[0] for row in rows])
        if own.accounting == "reserved":
            usd = usd + np.stack([np.broadcast_to(rent[n], usd.shape[1:]) for rent in rents])
        late = np.stack([row[1] for row in rows])
        good = np.stack([row[2] for row in rows]) & accurate_enough(own, rows[0][4])[None, :] & fast_enough(own, late)
        values.append(usd if own.minimize == "cost" else late * 1000)
        kept.append(good)
    return _over(asked, np.stack(values), np.stack(kept), len(scenarios))


def _read_scenario(problem: Problem, own: Mapping[str, Any]) -> dict[str, Any]:
    case: dict[str, Any] = {"rate": own.get("rate", 1.0)}
    for kind, count in (("times", problem.stages), ("exits", problem.stages), ("prices", len(problem.options))):
        value = own.get(kind, 1.0)
        case[kind] = value if isinstance(value, list) else [value] * count
    return case


def _case(problem: Problem, placement: Placement) -> tuple[Any, ...]:
    """Cost without rents, latency, whether it can be done, machines, and accuracy, of all thresholds."""
    _, rates, right = combinations(problem.menus)
    reach, accuracy = flows(problem, rates, right)
    last = last_stage(problem, reach)
    time = clock(problem, placement)
    fits = np.zeros(problem.stages + 1, dtype=bool)
    for s in np.unique(last):
        fits[s] = all(amount <= FEASIBLE for amount in violations(problem, placement[:s]).values())
    usd, counts = cost(problem, placement, time, reach), {}
    if problem.accounting == "reserved":
        counts = machines(problem, placement, time, reach)
        assert problem.rate is not None
        for spot, number in counts.items():
            usd = usd - number * problem.option(spot).usd_per_s / problem.rate
    return usd, latency(problem.measure, time, reach, last), fits[last], counts, accuracy


def _rents(problems: list[Problem], placement: Placement, counts: list[dict[Any, np.ndarray]]) -> list[Any]:
    """Rents a request in each problem, with as many machines as the case takes that takes most."""
    if problems[0].accounting != "reserved":
        return []
    held = {spot: np.max([case[spot] for case in counts], axis=0) for spot in counts[0]}
    return [
        sum((n * own.option(spot).usd_per_s / (own.rate or 1.0) for spot, n in held.items()), np.zeros(1))
        for own in problems
    ]


def _over(asked: Mapping[str, Any], values: np.ndarray, kept: np.ndarray, scenarios: int) -> RobustTable:
    believed, values, kept = values[0], values[1:], kept[1:]
    goal = asked.get("objective", "expected" if scenarios else "worst")
    if not scenarios:
        value = believed if goal == "believed" else values.max(axis=0)
        return RobustTable(values, kept, np.where(kept.all(axis=0), value, math.inf))
    shares = np.array([own.get("probability", 1 / scenarios) for own in asked["scenario"]])
    holds = np.tensordot(shares, kept, axes=1) >= asked.get("hold", 1.0) - 1e-9
    if goal == "worst":
        value = values.max(axis=0)
    elif goal == "expected":
        value = np.tensordot(shares, values, axes=1)
    else:  # the least over the levels there are, each a value of the plan
        part = 1 - asked["beta"]
        value = np.min(
            [level + np.tensordot(shares, np.maximum(values - level, 0), axes=1) / part for level in values], axis=0
        )
    return RobustTable(values, kept, np.where(holds, value, math.inf))


def robust_optimum(document: Document) -> float | None:
    """The best value over all cases, USD a request or ms; None: no plan keeps its limits."""
    best = float(robust_table(document).robust.min())
    return best if math.isfinite(best) else None


def robust_document(seed: int) -> dict[str, Any]:
    """A random small instance in which things may turn out otherwise."""
    rng = np.random.default_rng([11, seed])
    while True:
        document = random_document(int(rng.integers(10**6)))
        plans = math.prod(len(menu) for menu in read(document).menus) * len(list(placements(read(document))))
        if document["objective"].get("accounting") != "as-printed" and plans < 3000:
            break
    document["name"] = f"robust-{seed}"
    document["workload"].setdefault("rate_per_s", 5.0)
    budget = seed % 2 == 0
    if budget and document["workload"].get("latency_measure", "worst") not in ("worst", "mean"):
        document["workload"]["latency_measure"] = "mean"
    document["uncertainty"] = _budget(rng) if budget else _scenarios(rng, document)
    if rng.random() < 0.7:
        _loosen(rng, document)
    return document


def _budget(rng: np.random.Generator) -> dict[str, Any]:
    kinds = [kind for kind in ("times", "exits", "prices", "rate") if rng.random() < 0.55] or ["times"]
    asked: dict[str, Any] = {kind: round(float(rng.uniform(0.05, 0.6)), 3) for kind in kinds}
    asked["budget"] = int(rng.integers(0, 4))
    if rng.random() < 0.3:
        asked["objective"] = "believed"
    return asked


def _scenarios(rng: np.random.Generator, document: Document) -> dict[str, Any]:
    stages, count = len(document["tables"]["stages.csv"]), int(rng.integers(2, 5))
    shares = rng.dirichlet([2.0] * count).round(3).tolist()
    shares[-1] = round(1 - sum(shares[:-1]), 3)
    found = []
    for n in range(count):
        own: dict[str, Any] = {"name": f"s{n}", "probability": shares[n]}
        if rng.random() < 0.6:
            own["times"] = rng.uniform(0.7, 1.6, stages).round(3).tolist()
        if rng.random() < 0.5:
            own["exits"] = round(float(rng.uniform(0.5, 1.0)), 3)
        if rng.random() < 0.4:
            own["prices"] = round(float(rng.uniform(0.5, 2.0)), 3)
        if rng.random() < 0.4:
            own["rate"] = round(float(rng.uniform(0.5, 2.0)), 3)
        found.append(own)
    asked: dict[str, Any] = {"objective": str(rng.choice(["worst", "expected", "cvar"])), "scenario": found}
    if asked["objective"] == "cvar":
        asked["beta"] = round(float(rng.uniform(0.3, 0.95)), 2)
    if rng.random() < 0.3 and document["workload"].get("latency_measure", "worst") in ("worst", "mean"):
        asked["hold"] = round(float(rng.uniform(0.5, 0.95)), 2)
    return asked


def _loosen(rng: np.random.Generator, document: dict[str, Any]) -> None:
    """Limits that cut deep into what is believed mostly leave no plan beyond it."""
    workload = document["workload"]
    if "latency_slo_ms" in workload:
        workload["latency_slo_ms"] = float(f"{workload['latency_slo_ms'] * rng.uniform(1.0, 1.8):.5g}")
    if "accuracy_min" in workload:
        workload["accuracy_min"] = round(max(0.0, workload["accuracy_min"] - rng.uniform(0, 0.03)), 4)


def robust_front(document: Document, objectives: Sequence[str]) -> list[tuple[float, ...]]:
    """Points that no other plan beats in the worst cases of all objectives: USD a request and ms, each once."""
    problem, asked = read(document), document["uncertainty"]
    cases = [_read_scenario(problem, own) for own in asked.get("scenario", [])] or list(adversaries(problem, asked))
    problems, spots = [problem, *(deviate(problem, case) for case in cases)], list(placements(problem))
    found = [[_case(own, spot) for spot in spots] for own in problems]
    rents = [_rents(problems, spot, [case[n][3] for case in found[1:]]) for n, spot in enumerate(spots)]
    worst = dict.fromkeys(objectives, -math.inf)
    keeps: Any = True
    for n, (own, rows) in enumerate(zip(problems[1:], found[1:], strict=True), start=1):
        usd, late = (np.stack([row[k] for row in rows]) for k in (0, 1))
        if own.accounting == "reserved":
            usd = usd + np.stack([np.broadcast_to(rent[n], usd.shape[1:]) for rent in rents])
        values = {"cost": usd, "latency": late * 1000}
        worst = {name: np.maximum(worst[name], values[name]) for name in objectives}
        fits = np.stack([row[2] for row in rows]) & accurate_enough(own, rows[0][4])[None, :]
        keeps = keeps & fits & fast_enough(own, late)
    points = np.unique(np.stack([worst[name][keeps] for name in objectives], axis=1), axis=0)
    kept: list[tuple[float, ...]] = []
    for point in points.tolist():  # sorted by the first: a point is beaten by one that is there, or by none
        if not any(all(a <= b * (1 + 1e-8) for a, b in zip(other, point, strict=True)) for other in kept):
            kept.append(tuple(point))
    return kept
