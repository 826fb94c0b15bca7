"""The parts of a random document: its workload, exits, tiers with their options, and links."""

from __future__ import annotations

import math
from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import numpy as np

from oracles.drawing import Generator, chance, log_uniform, pick, rounded

MEASURES = ("worst", "mean", "p50", "p90", "p95", "p99", "p99.9")
KINDS = ("device", "edge", "vm", "function")


def draw_workload(rng: Generator, accounting: str, menu: bool, plain: bool) -> dict[str, Any]:
    workload: dict[str, Any] = {}
    measure = (
        pick(rng, MEASURES)
        if menu
        else pick(rng, ("worst", "mean") if plain else ("worst", "mean", "mean", "p50", "p95"))
    )
    if measure != "worst" or chance(rng, 0.5):
        workload["latency_measure"] = measure
    if accounting == "reserved" and chance(rng, 0.7):
        workload["utilisation_cap"] = float(pick(rng, (0.5, 0.65, 0.7, 0.9, 1.0)))
    return workload


def draw_exits(rng: Generator, stages: int, thresholds: str) -> list[dict[str, Any]]:
    rows = []
    share = rng.uniform(0.3 if thresholds == "menu" else 0.8, 1.0)
    calibrated = chance(rng, 0.75)  # later answers are better than earlier ones, but for noise
    most = 5 if thresholds == "menu" else 4
    classifiers = 0
    base = rng.uniform(0.45, 0.7)
    for s in range(1, stages):
        if not chance(rng, share) or (thresholds == "interpolated" and classifiers == 3):
            continue
        classifiers += 1
        count = int(rng.integers(1, most + 1))
        if thresholds != "menu":
            count = max(2, count)
        levels = sorted({rounded(a, 3) for a in rng.uniform(0.05, 0.99, count)})
        rates = sorted((rounded(e, 4) for e in rng.beta(1.2, 1.2, len(levels))), reverse=True)
        centre, spread = (base + 0.02 * s, 0.06) if calibrated else (base + 0.05 * s, 0.12)
        drawn = np.clip(rng.normal(centre, spread, len(levels)), 0.05, 1.0)
        accuracies = sorted(rounded(r, 4) for r in drawn)
        if chance(rng, 0.1):
            rng.shuffle(accuracies)  # real classifiers are not always calibrated
        if chance(rng, 0.08):
            rates[0] = 1.0
        if chance(rng, 0.15):
            rates[-1] = 0.0
        if len(rates) > 1 and chance(rng, 0.08):
            rates[1] = rates[0]
        if len(rates) > 1 and chance(rng, 0.08):
            rates[-1] = min(rates[-2], 0.5)  # half, so that reaches sit exactly on a percentile
        rows += [
            {"stage": s, "threshold": level, "exit_rate": rate, "accuracy": float(accuracy)}
            for level, rate, accuracy in zip(levels, rates, accuracies, strict=True)
        ]
    final = rounded(min(1.0, base + (rng.uniform(0.12, 0.3) if calibrated else rng.uniform(0.0, 0.3))), 4)
    return [*rows, {"stage": stages, "threshold": 0, "exit_rate": 1, "accuracy": final}]


def draw_tier(
    rng: Generator,
    t: int,
    accounting: str,
    tables: dict[str, list[dict[str, Any]]],
    workload: Mapping[str, Any],
    level: float | None,
    cramped: bool,
) -> dict[str, Any]:
    """A tier with its options; `level`, if any, is the speed in FLOP/s that all options are near.

    `cramped`: few options have the memory for the whole network.
    """
    kind = pick(rng, KINDS, (0.18, 0.18, 0.27, 0.37))
    tier: dict[str, Any] = {"name": f"{kind}{t + 1}", "kind": kind}
    if kind == "function":
        form = int(rng.integers(5))
        if form > 0:
            tier["cold_start_ms"] = 0 if form == 1 else log_uniform(rng, 5.0, 2000.0)
        if form == 3:
            tier["cold_share"] = float(pick(rng, (0.0, 1.0)))
        if form == 4:
            tier["cold_share"] = rounded(rng.uniform(0.01, 0.6), 3)
    if chance(rng, 0.2):
        tier["payload_max_bytes"] = int(log_uniform(rng, 5e3, 1e6))
    if accounting != "as-printed" and chance(rng, 0.25):
        tier["stage_specific"] = True
    elif chance(rng, 0.1):
        tier["stage_specific"] = False

    total_bytes = sum(stage["parameter_bytes"] for stage in tables["stages.csv"])
    options = [draw_option(rng, kind, o, level, cramped, total_bytes) for o in range(int(rng.integers(1, 5)))]
    for before, after in pairwise(options):
        if chance(rng, 0.15):  # the same speed at another price, or the same price at another speed
            same = (
                ("flops_per_s",)
                if chance(rng, 0.5)
                else ("usd_per_hour", "usd_per_gb_s", "usd_per_request", "memory_mb")
            )
            after.update({key: before[key] for key in same if key in before})
    if chance(rng, 0.2 if level is None else 0.5):
        tier["stage_times"] = f"times{t + 1}.csv"
        spread = workload.get("latency_measure", "worst") in ("worst", "mean") and chance(rng, 0.3)
        rows = []
        unlike = 0.4 if level is None else 1.0  # how differently the options take to the stages
        for option in options:
            for stage in tables["stages.csv"]:
                mean = stage["flops"] / option["flops_per_s"] * 1000 * math.exp(rng.normal(0.0, unlike))
                row = {"stage": stage["stage"], "option": option["name"], "mean_ms": rounded(mean, 5)}
                if spread:
                    row |= {
                        "sd_ms": rounded(mean / 5, 3),
                        "p95_ms": rounded(mean * 1.4, 3),
                        "p99_ms": rounded(mean * 2, 3),
                    }
                rows.append(row)
        if chance(rng, 0.5):
            rows.sort(key=lambda row: (row["stage"], row["option"]))
        tables[tier["stage_times"]] = rows
        for option in options:
            del option["flops_per_s"]
    tier["option"] = options
    return tier


def draw_option(
    rng: Generator, kind: str, o: int, level: float | None, cramped: bool, total_bytes: int
) -> dict[str, Any]:
    span = {"device": (3e8, 2e10), "edge": (2e9, 1e11), "vm": (5e9, 1e12), "function": (2e9, 1e11)}[kind]
    speed = log_uniform(rng, *span) if level is None else rounded(level * math.exp(rng.normal(0.0, 0.8)))
    option: dict[str, Any] = {"name": f"{kind[0]}-{o + 1}", "flops_per_s": speed}
    # faster costs more, loosely; USD per hour
    price = speed * (1e-12 if level is None else 5e-12) * math.exp(rng.normal(0.0, 1.0 if level is None else 0.5))
    price = rounded(min(5.0, max(1e-6, price)))
    some_megabytes = max(1, int(total_bytes / 2**20 * (rng.uniform(0.25, 0.85) if cramped else rng.uniform(0.4, 1.3))))
    if kind == "function":
        option["memory_mb"] = some_megabytes if cramped and chance(rng, 0.8) else int(log_uniform(rng, 128, 10240))
        option["usd_per_gb_s"] = log_uniform(rng, 1e-6, 5e-5)
        if level is not None:
            option["usd_per_gb_s"] = rounded(price * rng.uniform(0.8, 2.5) / 3600.0 / (option["memory_mb"] / 1024.0))
        if chance(rng, 0.7):
            option["usd_per_request"] = log_uniform(rng, 5e-8, 1e-5) if level is None else log_uniform(rng, 1e-9, 1e-6)
        return option
    if kind == "vm" or chance(rng, 0.7):
        option["usd_per_hour"] = price
    if chance(rng, 0.9 if cramped else 0.4):
        option["memory_mb"] = some_megabytes if cramped or chance(rng, 0.6) else int(log_uniform(rng, 8, 512))
    return option


def draw_links(rng: Generator, names: list[str]) -> list[dict[str, Any]]:
    links = []
    near = chance(rng, 0.5)  # moving costs little
    for i, sender in enumerate(["client", *names]):
        for j, receiver in enumerate(names, start=1):
            if j <= i or not chance(rng, 0.5 if i == 0 else (0.9 if j == i + 1 else 0.6)):
                continue
            link: dict[str, Any] = {
                "from": sender,
                "to": receiver,
                "bandwidth_mbit_s": log_uniform(rng, 1000.0 if near else 5.0, 10_000.0),
                "round_trip_ms": 0.0 if chance(rng, 0.1) else log_uniform(rng, 0.05, 1.0 if near else 50.0),
            }
            if chance(rng, 0.6):
                link["usd_per_gb"] = log_uniform(rng, 1e-4, 0.002 if near else 0.2)
            if chance(rng, 0.2):
                link["trusted"] = chance(rng, 0.5)
            links.append(link)
    rng.shuffle(links)
    return links
