"""Fleets of services that each have a plan alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from oracles.fleets import points
from support.helpers import load, two_tiers

import serflow_opt as so

GAP = 1e-6


def mixed_service(rng: np.random.Generator, name: str) -> dict[str, Any]:
    """Three stages on two types of VMs that services share, or on functions, which cost more and are slower."""
    document = two_tiers()
    stages = int(rng.integers(2, 4))
    flops = rng.uniform(0.5e9, 3e9, stages)
    document["tables"]["stages.csv"] = [
        {"stage": s + 1, "flops": int(f), "activation_bytes": int(rng.integers(1e4, 5e5)), "parameter_bytes": 10**6}
        for s, f in enumerate(flops)
    ]
    exits = []
    for s in range(1, stages):
        low, high = sorted(rng.uniform(0.1, 0.8, 2))
        exits.append({"stage": s, "threshold": 0.5, "exit_rate": round(high, 3), "accuracy": round(0.7 + 0.04 * s, 3)})
        exits.append({"stage": s, "threshold": 0.9, "exit_rate": round(low, 3), "accuracy": round(0.85 + 0.02 * s, 3)})
    document["tables"]["exits.csv"] = [*exits, {"stage": stages, "threshold": 0, "exit_rate": 1, "accuracy": 0.93}]
    vm, fn = document["tier"]
    vm["option"] = [
        {
            "name": "small",
            "flops_per_s": float(rng.uniform(1e10, 2e10)),
            "usd_per_hour": round(rng.uniform(0.05, 0.2), 3),
        },
        {"name": "big", "flops_per_s": float(rng.uniform(3e10, 6e10)), "usd_per_hour": round(rng.uniform(0.2, 0.5), 3)},
    ]
    base = {"flops_per_s": float(rng.uniform(1e10, 3e10)), "memory_mb": 1024, "usd_per_request": 2e-7}
    fn["option"] = [
        base | {"name": "lean", "usd_per_gb_s": float(rng.uniform(1e-5, 4e-5))},
        base | {"name": "wide", "flops_per_s": base["flops_per_s"] * 2, "memory_mb": 2048, "usd_per_gb_s": 3e-5},
    ]
    document["workload"] = {
        "rate_per_s": round(float(rng.uniform(3.0, 40.0)), 1),
        "latency_measure": str(rng.choice(["worst", "mean"])),
        "accuracy_min": float(rng.choice([0.7, 0.8, 0.85, 0.9])),
    }
    document["objective"]["accounting"] = "reserved"
    document["name"] = name
    return document


def mixed_fleet(n: int, size: tuple[int, int]) -> tuple[list[dict[str, Any]], np.random.Generator]:
    """Some services of `mixed_service`, each with a plan alone."""
    rng = np.random.default_rng([13, n])
    documents: list[dict[str, Any]] = []
    count = int(rng.integers(size[0], size[1] + 1))
    while len(documents) < count:
        own = mixed_service(rng, f"mixed-{len(documents)}")
        if len(points(own, ())):
            documents.append(own)
    return documents, rng


def loaded(documents: list[dict[str, Any]], folder: Path) -> list[so.Instance]:
    return [load(document, folder / str(k)) for k, document in enumerate(documents)]
