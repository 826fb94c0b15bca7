"""Random small services for provisioning: machines and functions of like price, a demand, limits that cut.

A case is a document of `random_instances` and what `provision` is asked about it. Equal seeds give equal cases.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from oracles.provisioned import Block, Setting, choices, cuts, done, onward, setting, work
from oracles.provisioned_waits import path_s

MEASURES = ("worst", "mean", "p50", "p90", "p95", "p99", "p99.9")


@dataclass(frozen=True)
class Case:
    """An instance and the question."""

    document: dict[str, Any]
    rates: list[tuple[float, float]]  # (share of the time, requests per second), rates rising
    blocks: int
    arrivals: str
    wait_max: float | None


def digits(number: float, count: int = 4) -> float:
    """A number as people write it."""
    return float(f"{number:.{count}g}")


def draw(seed: int) -> Case:
    """A random case; about one in ten has no deployment."""
    rng = np.random.default_rng([77, seed])

    def chance(share: float) -> bool:
        return bool(rng.random() < share)

    pressed = chance(0.45)
    """Whether machines are a good choice, but too small for all stages, or too dear for all of the peak."""
    stages = int(rng.integers(3 if pressed else 2, 5))
    work = [10 ** rng.uniform(8.0, 10.0) for _ in range(stages)]
    kinds = (["vm" if chance(0.8) else "edge"] if chance(0.95) else []) + (["function"] if chance(0.85) else [])
    kinds = kinds or ["function"]
    if chance(0.2):
        kinds.reverse()
    tables: dict[str, list[dict[str, Any]]] = {
        "stages.csv": [
            {
                "stage": s + 1,
                "flops": int(digits(work[s])),
                "activation_bytes": int(10 ** rng.uniform(3.0, 6.3)),
                "parameter_bytes": int(10 ** rng.uniform(5.0, 8.5)),
            }
            for s in range(stages)
        ]
    }
    document: dict[str, Any] = {
        "schema": 1,
        "name": f"provisioned-{seed}",
        "network": {"stages": "stages.csv", "input_bytes": int(10 ** rng.uniform(4.0, 6.3))},
        "workload": {},
        "objective": {"minimize": "cost"},
        "tables": tables,
    }
    if chance(0.93):
        document["exits"] = {"table": "exits.csv"}
        tables["exits.csv"] = _exits(rng, stages)
    if chance(0.7):
        document["workload"]["utilisation_cap"] = digits(rng.uniform(0.4, 1.0), 3) if chance(0.85) else 1.0
    speed = 10 ** rng.uniform(9.5, 10.7)
    price = 10 ** rng.uniform(-5.5, -3.5)  # USD of a second of one worker
    document["tier"] = [_tier(rng, kind, speed, price, tables, work, pressed) for kind in kinds]
    names = [tier["name"] for tier in document["tier"]]
    if chance(0.15):
        document["workload"]["source"] = names[0]
    pairs = [("client", name) for name in names] + list(itertools.combinations(names, 2))
    whole = sum(work) / speed
    links = [_link(rng, pair, whole, price) for pair in pairs if chance(0.6)]
    if links:
        document["link"] = links

    busy = 10 ** rng.uniform(-0.3, 1.3)  # workers of one request a time that the whole network needs
    groups = 1 if chance(0.4) else int(rng.integers(2, 7))
    drawn = sorted({digits(busy / whole * x) for x in rng.lognormal(0.0, 0.6, groups)})
    weights = rng.dirichlet(np.ones(len(drawn)))
    case = Case(
        document=document,
        rates=list(zip(weights.tolist(), drawn, strict=True)),
        blocks=int(rng.integers(2 if pressed else 1, 4)),
        arrivals="smooth" if not pressed and chance(0.4) else "random",
        wait_max=float(rng.choice([1e-3, 1e-2, 0.05])) if chance(0.15) else None,
    )
    _limit(rng, case, pressed)
    return case


def _exits(rng: np.random.Generator, stages: int) -> list[dict[str, Any]]:
    rows = []
    for s in range(1, stages):
        if rng.random() < 0.15:
            continue
        count = int(rng.integers(1, 4))
        levels = sorted({digits(a, 3) for a in rng.uniform(0.05, 0.99, count)})
        leave = sorted((digits(e) for e in rng.uniform(0.02, 0.95, len(levels))), reverse=True)
        right = sorted(digits(r) for r in rng.uniform(0.5, 0.95, len(levels)))
        if rng.random() < 0.06:
            leave[0] = 1.0
        if rng.random() < 0.06:
            leave[-1] = 0.0
        rows += [
            {"stage": s, "threshold": level, "exit_rate": e, "accuracy": r}
            for level, e, r in zip(levels, leave, right, strict=True)
        ]
    return [*rows, {"stage": stages, "threshold": 0, "exit_rate": 1, "accuracy": digits(rng.uniform(0.7, 0.99))}]


def _tier(
    rng: np.random.Generator,
    kind: str,
    speed: float,
    price: float,
    tables: dict[str, list[dict[str, Any]]],
    work: list[float],
    pressed: bool,
) -> dict[str, Any]:
    tier: dict[str, Any] = {"name": f"the-{kind}", "kind": kind}
    if kind == "function":
        if rng.random() < 0.6:
            tier["cold_start_ms"] = digits(10 ** rng.uniform(0.0, 3.0))
            if rng.random() < 0.7:
                tier["cold_share"] = float(rng.choice([0.0, 0.01, 0.1, 1.0]))
        if rng.random() < 0.45:
            tier["billing_step_ms"] = float(rng.choice([1.0, 10.0, 100.0]))
        if rng.random() < 0.3:
            tier["keep_alive_s"] = 60.0
    else:
        if rng.random() < 0.5:
            tier["workers"] = int(rng.integers(1, 5))
        if rng.random() < 0.25:
            tier["machines_max"] = int(rng.integers(1, 9))
    if rng.random() < 0.15:
        tier["payload_max_bytes"] = int(10 ** rng.uniform(4.5, 6.3))
    whole = sum(stage["parameter_bytes"] for stage in tables["stages.csv"]) / 2**20
    options = []
    for o in range(int(rng.integers(1, 3 if kind == "function" else 4))):
        option: dict[str, Any] = {"name": f"{kind[0]}-{o + 1}", "flops_per_s": digits(speed * rng.lognormal(0.0, 0.7))}
        faster = (option["flops_per_s"] / speed) ** rng.uniform(0.3, 1.2)
        some = max(1, int(whole * rng.uniform(0.3, 1.5)))
        if kind == "function":
            option["memory_mb"] = some if rng.random() < 0.4 else int(rng.integers(512, 4096))
            dear = price * faster * rng.uniform(*((2.0, 6.0) if pressed else (0.7, 3.0)))
            option["usd_per_gb_s"] = digits(dear / (option["memory_mb"] / 1024.0))
            if rng.random() < 0.5:
                option["usd_per_request"] = digits(price * sum(work) / speed * 10 ** rng.uniform(-2.0, 0.0))
        else:
            if rng.random() < 0.4:
                option["workers"] = int(rng.integers(1, 7))
            at_once = option.get("workers", tier.get("workers", 1))
            option["usd_per_hour"] = digits(3600.0 * price * faster * at_once * rng.uniform(0.6, 1.5))
            if rng.random() < (0.7 if pressed else 0.3):
                option["memory_mb"] = max(1, int(whole * rng.uniform(0.4, 0.8))) if pressed else some
        options.append(option)
    tier["option"] = options
    if rng.random() < 0.6:
        tier["stage_times"] = f"{kind}-times.csv"
        tables[tier["stage_times"]] = [
            {
                "stage": s + 1,
                "option": option["name"],
                "mean_ms": digits(work[s] / option["flops_per_s"] * 1000.0 * rng.lognormal(0.0, 0.9)),
            }
            for option in options
            for s in range(len(work))
        ]
        for option in options:
            del option["flops_per_s"]
    return tier


def _link(rng: np.random.Generator, pair: tuple[str, str], whole: float, price: float) -> dict[str, Any]:
    link: dict[str, Any] = {
        "from": pair[0],
        "to": pair[1],
        "bandwidth_mbit_s": digits(8.0 / whole * 10 ** rng.uniform(0.0, 2.0)),
        "round_trip_ms": digits(1000.0 * whole * rng.uniform(0.0, 0.05)),
    }
    if rng.random() < 0.6:
        link["usd_per_gb"] = digits(price * whole * 10 ** rng.uniform(0.3, 2.3))
    return link


def _limit(rng: np.random.Generator, case: Case, pressed: bool) -> None:
    """Limits on accuracy and latency from what some deployments have."""
    document = case.document
    at = setting(document, case.rates, case.arrivals, case.wait_max)
    levels = list(itertools.product(*(range(len(menu)) for menu in at.problem.menus)))
    accuracies = sorted(at.accuracy(one) for one in levels)
    workload = document["workload"]
    fate = rng.random()
    if "exits" in document and rng.random() < 0.85:
        quantile = accuracies[int(rng.uniform(0.2, 1.0) * (len(accuracies) - 1))]
        floor = quantile if rng.random() < 0.3 else math.floor(quantile * 1e4) / 1e4
        workload["accuracy_min"] = min(1.0, accuracies[-1] * 1.002) if fate < 0.04 else floor
    if rng.random() < (0.05 if pressed else 0.25):
        return
    workload["latency_measure"] = str(rng.choice(MEASURES, p=(0.25, 0.2, 0.1, 0.1, 0.15, 0.1, 0.1)))
    at.problem.measure = workload["latency_measure"]
    good = [one for one in levels if at.accuracy(one) >= workload.get("accuracy_min", 0.0)] or levels
    found = _latencies(rng, at, good, case.blocks)
    if found:
        place = rng.uniform(0.0, 0.35) if rng.random() < 0.7 else rng.uniform(0.0, 1.0)
        limit, held = found[int(place * (len(found) - 1))]
        slack = held * (rng.choice([0.0, 10 ** rng.uniform(-1.5, 1.0)], p=(0.15, 0.85)))
        low = fate > 0.95
        workload["latency_slo_ms"] = 1000.0 * digits(
            limit * rng.uniform(0.3, 0.99) if low else limit * 1.0005 + slack, 6
        )


def _latencies(
    rng: np.random.Generator, at: Setting, levels: list[tuple[int, ...]], blocks: int
) -> list[tuple[float, float]]:
    """What random deployments take without waiting, and the longest that one of their blocks holds a worker."""
    found = []
    ways = list(cuts(at.problem.stages, blocks))
    for _ in range(80):
        cut = ways[int(rng.integers(len(ways)))]
        offers = [choices(at, first, last) for first, last in cut]
        if not all(offers):
            continue
        picked = [offer[int(rng.integers(len(offer)))] for offer in offers]
        spans = [Block(first, last, pools) for (first, last), pools in zip(cut, picked, strict=True)]
        chosen = levels[int(rng.integers(len(levels)))]
        reach, moves = at.reach(chosen), at.moves(spans)
        if moves is None or reach[-2] <= 0.0:
            continue
        held = [
            work(at, block, reach, onward(moves, b)) / reach[block.first]
            for b, block in enumerate(spans)
            if block.pools.machine is not None
        ]
        found.append((_path(at, spans, chosen), max(held, default=0.0)))
    return sorted(found)


def _path(at: Setting, blocks: list[Block], levels: tuple[int, ...]) -> float:
    """Seconds by the measure of those who wait nowhere; percentiles with all cold starts that anybody meets."""
    if at.problem.measure == "mean":
        return path_s(at, blocks, levels)
    reach, times, passed = at.reach(levels), done(at, blocks, [1.0] * len(blocks)), 0.0
    share = 1.0 if at.problem.measure == "worst" else float(at.problem.measure[1:]) / 100.0
    ways = sorted((time, reach[s] - reach[s + 1]) for s, time in enumerate(times) if reach[s] > reach[s + 1])
    for time, leaving in ways:
        passed += leaving
        if passed >= share:
            return time
    return ways[-1][0]
