"""Exhaustive optima of small instances, by formulas that share no code with the package.

What leaves (``Optimum``, ``value``) carries milliseconds for latencies, as the documents of the package do, and says so
in its name.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from oracles.brute_money import cost, cut_of, machines
from oracles.brute_placements import placements, violations
from oracles.brute_problem import FEASIBLE, TIE, Document, Placement, Problem, Row
from oracles.brute_reading import read
from oracles.brute_time import clock, last_stage, latency


def flows(problem: Problem, rates: np.ndarray, right: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Reach (M + 1, K) and accuracy (K) from e and e x r, both (M, K)."""
    reach = np.ones((problem.stages + 1, rates.shape[1]))
    for s in range(problem.stages):
        reach[s + 1] = reach[s] * (1.0 - rates[s])
    return reach, (reach[:-1] * right).sum(axis=0)


def combinations(menus: Sequence[Sequence[Row]]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """All choices of one row per stage: index of the row, e and e x r, each (M, K)."""
    grids = np.meshgrid(*[np.arange(len(menu)) for menu in menus], indexing="ij")
    picked = np.stack([grid.ravel() for grid in grids])
    rates = np.stack([np.array([row[1] for row in menu])[pick] for menu, pick in zip(menus, picked, strict=True)])
    right = np.stack([np.array([row[2] for row in menu])[pick] for menu, pick in zip(menus, picked, strict=True)])
    return picked, rates, right


def interpolate(menu: Sequence[Row], threshold: float) -> tuple[float, float]:
    """e and e x r at a threshold between rows, both linear in the threshold."""
    at = [row[0] for row in menu]
    if not at[0] - 1e-12 <= threshold <= at[-1] + 1e-12:
        raise ValueError(f"threshold {threshold} outside {at[0]}..{at[-1]}")
    return (
        float(np.interp(threshold, at, [row[1] for row in menu])),
        float(np.interp(threshold, at, [row[2] for row in menu])),
    )


@dataclass(frozen=True)
class Optimum:
    """A proven optimum."""

    objective: float  # USD per request, or milliseconds
    tie_break: float | None  # the other one of the two, least among the plans that tie; None where not computed
    placement: list[dict[str, Any]]  # as in a plan document
    thresholds: list[dict[str, Any]]
    plans: int  # plans or linear programs looked at


@dataclass
class PlanTable:
    """Every plan: placements x threshold choices. Latency: seconds in the instance's measure; cost: USD."""

    problem: Problem
    placements: list[Placement]
    picked: np.ndarray  # (M, K) index of the menu row
    reach: np.ndarray  # (M + 1, K)
    accuracy: np.ndarray  # (K)
    latency: np.ndarray  # (P, K); inf where memory, a link or a payload forbids it
    cost: np.ndarray  # (P, K); likewise


def plan_table(document: Document, ignore: Collection[str] = ()) -> PlanTable:
    """Evaluate all plans that can be done, whatever their accuracy and latency."""
    problem = read(document)
    picked, rates, right = combinations(problem.menus)
    reach, accuracy = flows(problem, rates, right)
    last = last_stage(problem, reach)
    spots, latencies, costs = [], [], []
    for placement in placements(problem):
        fits = np.zeros(problem.stages + 1, dtype=bool)  # by the last stage reached: what comes behind needs nothing
        for s in np.unique(last):
            broken = violations(problem, placement[:s])
            fits[s] = all(amount <= FEASIBLE or kind in ignore for kind, amount in broken.items())
        can = fits[last]
        if can.any():
            time = clock(problem, placement)
            spots.append(placement)
            latencies.append(np.where(can, latency(problem.measure, time, reach, last), math.inf))
            costs.append(np.where(can, cost(problem, placement, time, reach), math.inf))
    shape = len(spots), reach.shape[1]
    return PlanTable(problem, spots, picked, reach, accuracy, np.reshape(latencies, shape), np.reshape(costs, shape))


def accurate_enough(problem: Problem, accuracy: np.ndarray | float) -> Any:
    """Is the accuracy floor kept?"""
    return accuracy >= (-math.inf if problem.accuracy_min is None else problem.accuracy_min - FEASIBLE)


def fast_enough(problem: Problem, seconds: np.ndarray | float) -> Any:
    """Is the latency limit kept?"""
    return seconds <= (math.inf if problem.slo_s is None else problem.slo_s * (1.0 + FEASIBLE))


def enumerate_optimum(
    document: Document, ignore: Collection[str] = (), table: PlanTable | None = None
) -> Optimum | None:
    """Best plan with thresholds from the menus, None when there is none.

    `ignore` drops limits: any of link, payload, memory, accuracy, latency (to see which bind). `table`: the
    document's plan table, where it is at hand.
    """
    table = table or plan_table(document, ignore)
    problem = table.problem
    keep = np.isfinite(table.cost)
    if "accuracy" not in ignore:
        keep &= accurate_enough(problem, table.accuracy)[None, :]
    if "latency" not in ignore:
        keep &= fast_enough(problem, table.latency)
    if not keep.any():
        return None
    milliseconds = table.latency * 1000.0
    first, second = (table.cost, milliseconds) if problem.minimize == "cost" else (milliseconds, table.cost)
    best = first[keep].min()
    ties = keep & (first <= best * (1.0 + TIE))
    where = np.where(ties, second, math.inf)
    i, k = np.unravel_index(int(np.argmin(where)), where.shape)
    thresholds = [
        {"stage": s, "threshold": problem.menus[s - 1][table.picked[s - 1, k]][0]} for s in problem.classifiers
    ]
    return Optimum(
        float(best),
        float(where[i, k]),
        _spell(problem, table.placements[i]),
        thresholds,
        int(table.cost.size),
    )


def _spell(problem: Problem, placement: Placement) -> list[dict[str, Any]]:
    return [
        {"stage": s, "tier": problem.option(spot).tier, "option": problem.option(spot).name}
        for s, spot in enumerate(placement, start=1)
    ]


def value(document: Document, plan_document: Mapping[str, Any]) -> dict[str, Any]:
    """Metrics of one plan, in the names and units of a plan document's `metrics`.

    `plan_document` has `placement` and `thresholds`, or holds a mapping that has them under `plan`. Besides
    the metrics: objective (USD per request or ms, as the instance minimises), tie_break (the other one), cut,
    and violation, the largest relative violation of any limit (0: all kept; inf: cannot be done, e.g. no
    link for a hand-over).
    """
    problem = read(document)
    plan = plan_document.get("plan", plan_document)
    spots = {
        (option.tier, option.name): (t, o) for t, tier in enumerate(problem.options) for o, option in enumerate(tier)
    }
    entries = sorted(plan["placement"], key=lambda entry: entry["stage"])
    if [entry["stage"] for entry in entries] != list(range(1, len(entries) + 1)) or not entries:
        raise ValueError(f"placement does not name each stage once: {entries}")
    placement: Placement = tuple(spots[entry["tier"], entry["option"]] for entry in entries)

    asked = {entry["stage"]: entry for entry in plan["thresholds"]}
    if len(asked) != len(plan["thresholds"]) or not set(asked) <= {*problem.classifiers, problem.stages}:
        raise ValueError(f"thresholds name a stage twice or one without a classifier: {plan['thresholds']}")
    rates, right = np.zeros((problem.stages, 1)), np.zeros((problem.stages, 1))
    for s, menu in enumerate(problem.menus[: len(placement)], start=1):
        if s not in problem.classifiers:
            rates[s - 1], right[s - 1] = menu[0][1:]
            continue
        if s not in asked:
            raise ValueError(f"no threshold for the classifier of stage {s}")
        rates[s - 1], right[s - 1] = _exit_point(problem.thresholds, menu, asked[s])
    stages = problem.stages
    if problem.accounting != "as-printed":  # what is said of stages that nobody reaches does not count
        end = next((s for s in range(1, len(placement)) if rates[s - 1] > 1.0 - 1e-12), len(placement))
        if end < stages:
            rates[end - 1] = np.round(rates[end - 1], 12)
            problem = replace(problem, stages=end)
            placement, rates, right = placement[:end], rates[:end], right[:end]
    if len(placement) != problem.stages or rates[-1] != 1:
        raise ValueError(f"stages are missing where not everybody has left: {entries}")

    reach, accuracy = flows(problem, rates, right)
    time = clock(problem, placement)
    seconds = {
        name: float(latency(name, time, reach)[0]) for name in {"worst", "mean", "p50", "p95", "p99", problem.measure}
    }
    usd = float(cost(problem, placement, time, reach)[0])
    broken = max(0.0, *violations(problem, placement).values())
    if problem.accuracy_min:
        broken = max(broken, (problem.accuracy_min - float(accuracy[0])) / problem.accuracy_min)
    if problem.slo_s is not None:
        broken = max(broken, (seconds[problem.measure] - problem.slo_s) / problem.slo_s)
    out: dict[str, Any] = {
        "accuracy": float(accuracy[0]) if problem.has_exits else None,
        "cost_usd_per_request": usd,
        "cost_usd_per_hour": None if problem.rate is None else usd * problem.rate * 3600.0,
        "reach": [float(r) for r in reach[:-1, 0]] + [0.0] * (stages - problem.stages),
        "exit_share": [float(b) for b in (reach[:-1] - reach[1:])[:, 0]] + [0.0] * (stages - problem.stages),
        "objective": usd if problem.minimize == "cost" else seconds[problem.measure] * 1000.0,
        "tie_break": seconds[problem.measure] * 1000.0 if problem.minimize == "cost" else usd,
        "cut": cut_of(problem, placement),
        "violation": broken,
    }
    out.update({f"latency_{name}_ms": s * 1000.0 for name, s in seconds.items()})
    if problem.accounting == "reserved":
        rented = machines(problem, placement, time, reach)
        out["machines"] = [
            {"tier": problem.option(spot).tier, "option": problem.option(spot).name, "count": int(count[0])}
            for spot, count in rented.items()
        ]
    return out


def _exit_point(kind: str, menu: Sequence[Row], entry: Mapping[str, Any]) -> tuple[float, float]:
    """e and e x r of one entry of a plan's thresholds."""
    if kind == "interpolated":
        return interpolate(menu, entry["threshold"])
    by_threshold = {row[0]: row[1:] for row in menu}
    if kind == "randomized":
        mix = entry["mix"] if "mix" in entry else [{"threshold": entry["threshold"], "probability": 1.0}]
        total = sum(part["probability"] for part in mix)
        if abs(total - 1.0) > 1e-9 or any(part["probability"] < -1e-12 for part in mix):
            raise ValueError(f"not a probability distribution: {mix}")
        return (
            sum(part["probability"] * by_threshold[part["threshold"]][0] for part in mix),
            sum(part["probability"] * by_threshold[part["threshold"]][1] for part in mix),
        )
    return by_threshold[entry["threshold"]]
