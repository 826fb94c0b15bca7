"""Random small instances for the comparison with exhaustive search.

Equal seeds give equal documents. Limits on accuracy and latency are set after looking at every plan of the instance,
so that most of them cut deep and about one instance in eight has no plan at all.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from itertools import islice
from typing import Any

import numpy as np

from oracles.brute_force import plan_table
from oracles.brute_placements import allowed, placements
from oracles.brute_reading import read
from oracles.drawing import Generator, chance, log_uniform, pick, rounded
from oracles.random_parts import draw_exits, draw_links, draw_tier, draw_workload

MAX_PLACEMENTS = 2_500
MAX_PLANS = 150_000


def random_document(seed: int, thresholds: str = "menu") -> dict[str, Any]:
    """A random instance with menu, randomized or interpolated thresholds.

    Randomized and interpolated instances are smaller. Randomized ones with an even seed keep to per-request
    accounting and worst or mean latency, where one linear program a placement is the whole problem.
    """
    rng = np.random.default_rng([{"menu": 0, "randomized": 1, "interpolated": 2}[thresholds], seed])
    plain = thresholds == "randomized" and seed % 2 == 0
    for _ in range(100):
        document = draw(rng, seed, thresholds, plain)
        shrink(document, thresholds)
        if (
            allowed(read(document)) or rng.random() < 0.15
        ):  # most instances whose links or memory forbid all are redrawn
            break
    set_rate(rng, document, thresholds)
    set_limits(rng, document)
    return document


def ending_document(seed: int, thresholds: str = "menu") -> dict[str, Any]:
    """A random instance where at some classifiers everybody may leave, so that plans may end there.

    Half of the time they are nearly as right as the last stage; stages behind are at times too large for any option.
    """
    rng = np.random.default_rng([3, seed])
    while True:
        document = random_document(int(rng.integers(10**6)), thresholds)
        rows = document["tables"].get("exits.csv", [])
        stages = sorted({row["stage"] for row in rows})[:-1]
        if stages and document["objective"].get("accounting") != "as-printed":
            break
    document["name"] = f"ending-{seed}"
    for stage in stages:
        mine = [row for row in rows if row["stage"] == stage]
        if chance(rng, 0.7):
            mine[0]["exit_rate"] = 1.0
            if chance(rng, 0.5):
                mine[0]["accuracy"] = rounded(rows[-1]["accuracy"] * rng.uniform(0.9, 1.02))
                mine[0]["accuracy"] = min(1.0, mine[0]["accuracy"])
            if len(mine) > 2 and chance(rng, 0.2):
                mine[1]["exit_rate"] = 1.0
    if chance(rng, 0.3):
        document["tables"]["stages.csv"][-1]["parameter_bytes"] = int(log_uniform(rng, 1e7, 1e10))
    for key in ("accuracy_min", "latency_slo_ms"):
        document["workload"].pop(key, None)
    set_limits(rng, document)
    return document


def draw(rng: Generator, seed: int, thresholds: str, plain: bool) -> dict[str, Any]:
    """An instance without rate and limits; possibly too large."""
    menu = thresholds == "menu"
    accounting = "per-request"
    if not plain:
        shares = (0.42, 0.38, 0.20) if menu else (0.5, 0.3, 0.2)
        accounting = pick(rng, ("per-request", "reserved", "as-printed"), shares)
    stages = int(rng.integers(1, 7)) if menu else int(rng.integers(2, 6))
    tiers = 2 if accounting == "as-printed" else int(pick(rng, (1, 2, 3, 4), (0.12, 0.33, 0.33, 0.22)))
    tables: dict[str, list[dict[str, Any]]] = {}

    largest_flops = log_uniform(rng, 1e8, 1e11)
    tables["stages.csv"] = [
        {
            "stage": s,
            "flops": int(log_uniform(rng, max(1e6, largest_flops / 300), largest_flops)),
            "activation_bytes": int(log_uniform(rng, 1e2, 1e6)),
            "parameter_bytes": 0 if chance(rng, 0.1) else int(log_uniform(rng, 1e4, 1e8)),
        }
        for s in range(1, stages + 1)
    ]
    document: dict[str, Any] = {
        "schema": 1,
        "name": f"random-{thresholds}-{seed}",
        "description": "random numbers",
        "network": {"stages": "stages.csv", "input_bytes": int(log_uniform(rng, 1e2, 1e6))},
        "tables": tables,
    }
    if not menu or chance(rng, 0.96):
        document["exits"] = {"table": "exits.csv"}
        if not menu or chance(rng, 0.5):
            document["exits"]["thresholds"] = thresholds
        tables["exits.csv"] = draw_exits(rng, stages, thresholds)
    document["workload"] = draw_workload(rng, accounting, menu, plain)
    # with a level: options of like speed and like price per operation, so that the best plans are mixtures
    level = log_uniform(rng, 2e9, 3e11) if chance(rng, 0.65) else None
    cramped = tiers > 1 and chance(rng, 0.35)
    document["tier"] = [
        draw_tier(rng, t, accounting, tables, document["workload"], level, cramped) for t in range(tiers)
    ]
    names = [tier["name"] for tier in document["tier"]]
    if chance(rng, 0.3):
        document["workload"]["source"] = names[0] if chance(rng, 0.6) else pick(rng, names)
    elif chance(rng, 0.3):
        document["workload"]["source"] = "client"
    links = draw_links(rng, names)
    if links:
        document["link"] = links
    document["objective"] = {
        "minimize": "cost" if chance(rng, 0.65 if menu else 0.8) else "latency",
        "accounting": accounting,
    }
    if accounting == "per-request" and chance(rng, 0.3):
        del document["objective"]["accounting"]
    return document


def shrink(document: dict[str, Any], thresholds: str) -> None:
    """Drop options, then menu rows, until exhaustive search is quick."""
    most = {"menu": MAX_PLACEMENTS, "randomized": 120, "interpolated": 60}[thresholds]
    while True:
        problem = read(document)
        found = sum(1 for _ in islice(placements(problem), most + 1))
        choices = math.prod(len(menu) for menu in problem.menus)
        if found <= most and found * choices <= MAX_PLANS:
            return
        wide = max(document["tier"], key=lambda tier: len(tier["option"]))
        if len(wide["option"]) > 1:
            gone = wide["option"].pop()["name"]
            if "stage_times" in wide:
                rows = document["tables"][wide["stage_times"]]
                rows[:] = [row for row in rows if row["option"] != gone]
            continue
        if found > most:
            raise AssertionError("one option a tier is always few placements")
        rows = document["tables"]["exits.csv"]
        longest = max(problem.classifiers, key=lambda s: len(problem.menus[s - 1]))
        rows.remove(next(row for row in rows if row["stage"] == longest))


def set_rate(rng: Generator, document: dict[str, Any], thresholds: str) -> None:
    """A rate that keeps up to some tens of machines busy; optional where only reports per hour need it."""
    reserved = document["objective"].get("accounting") == "reserved"
    if not reserved and chance(rng, 0.5):
        return
    options = [option for tier in read(document).options for option in tier]
    path = float(np.median([sum(option.seconds) for option in options]))
    document["workload"]["rate_per_s"] = rounded(10 ** rng.uniform(-0.7, 1.9 if thresholds == "menu" else 0.3) / path)
    if thresholds == "menu" or not reserved:
        return
    while max(_most_machines(document)) > 6:  # few machines, so that all their counts can be tried
        document["workload"]["rate_per_s"] = rounded(document["workload"]["rate_per_s"] / 2)


def _most_machines(document: Mapping[str, Any]) -> list[float]:
    """Machines an option would need if every request ran all stages on it."""
    problem = read(document)
    assert problem.rate is not None
    return [problem.rate * sum(option.seconds) / problem.cap for tier in problem.options for option in tier]


def set_limits(rng: Generator, document: dict[str, Any]) -> None:
    """accuracy_min and latency_slo_ms, from the values of all plans: mostly tight, at times out of reach."""
    table = plan_table(document)
    workload = document["workload"]
    fate = pick(rng, ("plain", "accuracy", "latency", "together"), (0.88, 0.035, 0.035, 0.05))
    if not table.placements:
        workload["latency_slo_ms"] = 500.0
        return
    has_exits = "exits" in document
    accurate = np.ones_like(table.accuracy, dtype=bool)
    if has_exits and (fate in ("accuracy", "together") or chance(rng, 0.93)):
        if fate == "accuracy":
            floor = rounded(min(1.0, table.accuracy.max() + 10 ** rng.uniform(-4, -1)), 5)
        else:
            menu = document["exits"].get("thresholds", "menu") == "menu"
            quantiles = [rng.uniform(0.3, 0.95), rng.uniform(0.95, 1.0)]
            floor = float(np.quantile(table.accuracy, rng.choice(quantiles), method="lower"))
            if not menu or chance(rng, 0.7):  # otherwise exactly the accuracy of a plan
                floor = math.floor(floor * 1e4) / 1e4
        workload["accuracy_min"] = min(1.0, max(0.0, floor))
        accurate = table.accuracy >= workload["accuracy_min"] - 1e-9
    if not accurate.any():
        accurate[:] = True
    if fate in ("latency", "together") or chance(rng, 0.75):
        good = table.latency[:, accurate].ravel() * 1000.0
        good = good[np.isfinite(good)]
        if not len(good):
            return
        if fate == "latency":
            limit = rounded(table.latency.min() * 1000.0 * rng.uniform(0.5, 0.999))
        elif fate == "together":
            limit = rounded(good.min() * rng.uniform(0.8, 0.999))
        else:
            share = rng.uniform(0.0, 0.15) if chance(rng, 0.6) else rng.uniform(0.0, 1.0)
            limit = float(np.quantile(good, share, method="lower"))
            if chance(rng, 0.7):
                limit = rounded(limit * 1.0005)
        workload["latency_slo_ms"] = limit
