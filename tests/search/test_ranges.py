"""Sizes and noise from ranges against every size, and a fine grid of noise, by arithmetic."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.helpers import load
from support.sizes import FEE, MB_PER_VCPU, USD_PER_GB_S, document

import serflow_opt as so


def every_plan(document: dict[str, Any]) -> tuple[np.ndarray, np.ndarray]:
    """Cost (USD) and worst-case latency (s) of the VM alone and of each cut with each of 10,113 sizes."""
    vm, fn = document["tier"]
    stages = document["tables"]["stages.csv"]
    seconds = np.array([row["flops"] for row in stages]) / 2e10
    per_s = vm["option"][0]["usd_per_hour"] / 3600
    size = np.arange(128, 10241)
    vcpus = size / MB_PER_VCPU
    p = fn["parallel_fraction"]
    factor = np.where(vcpus < 1, 1 / vcpus, (1 - p) + p / vcpus)  # times the seconds on one vCPU
    cold = 0.1 if fn["cold_share"] > 0 else 0.0
    price = USD_PER_GB_S * size / 1024
    cost, latency = [np.array([seconds.sum() * per_s])], [np.array([seconds.sum()])]
    for cut in range(3):
        sent = stages[cut - 1]["activation_bytes"] if cut else 0
        wait = sent * 8 / 5e8 + 0.002 if cut else 0.0
        before, after = seconds[:cut].sum(), seconds[cut:].sum() * factor
        memory = sum(row["parameter_bytes"] for row in stages[cut:])
        activations = [100_000, *(row["activation_bytes"] for row in stages)]
        fits = size * 2**20 >= memory + max(activations[cut:])
        use = FEE + price * (after + fn["cold_share"] * cold)
        cost.append(((before + wait) * per_s + sent * 1e-11 + use)[fits])
        latency.append((before + wait + after + cold)[fits])
    return np.concatenate(cost), np.concatenate(latency)


@pytest.mark.parametrize("seed", range(24))
def test_every_size(seed: int, tmp_path: Path) -> None:
    """A range of memory sizes is solved as if every size stood in a list."""
    doc = document(seed)
    cost, latency = every_plan(doc)
    limit = float(np.quantile(latency, (seed % 6) / 10 + 0.01))
    doc["workload"]["latency_slo_ms"] = limit * 1000
    instance = load(doc, tmp_path)
    plan = so.solve(instance)
    best = float(cost[latency <= limit * (1 + 1e-9)].min())
    assert plan.status == "optimal"
    assert plan.gap is not None
    assert plan.gap <= 1e-4
    assert plan.objective.value is not None
    assert plan.bound is not None
    assert plan.bound <= best * (1 + 1e-9)
    assert best * (1 - 1e-9) <= plan.objective.value <= best * (1 + 1.01e-4)
    assert so.evaluate(instance, plan).cost_usd_per_request == pytest.approx(plan.objective.value, rel=1e-12)  # type: ignore[arg-type]
    assert plan.certificate.refinements is not None
    exact = so.solve(instance, gap=0.0)
    assert exact.objective.value == pytest.approx(best, rel=2e-9)


def test_fastest_and_impossible(tmp_path: Path) -> None:
    """Ranges can be solved for speed, and a limit below the fastest size is infeasible."""
    doc = document(3)
    _, latency = every_plan(doc)
    doc["objective"]["minimize"] = "latency"
    plan = so.solve(load(doc, tmp_path / "fast"))
    assert plan.objective.value == pytest.approx(latency.min() * 1000, rel=1e-4)
    doc["workload"]["latency_slo_ms"] = float(latency.min()) * 999
    plan = so.solve(load(doc, tmp_path / "none"))
    assert plan.status == "infeasible"
    assert plan.infeasible_because


def noisy(tmp_path: Path, **workload: float) -> so.Instance:
    """Two stages, a device and a fast server behind a link that leaks, with noise from a curve at the cut."""
    rows = [
        {
            "cut": 1,
            "protection": row[0],
            "scale": row[1],
            "mse": row[2],
            "cross_entropy": row[3],
            "accuracy": row[4],
            "added_flops": 0,
            "seeds": 1,
        }
        for row in (
            ("none", 0, 0.002, 0.1, 0.95),
            ("laplace", 0.1, 0.004, 0.12, 0.949),
            ("laplace", 0.5, 0.02, 0.3, 0.93),
            ("laplace", 2.0, 0.07, 2.0, 0.65),
        )
    ]
    doc = {
        "schema": 1,
        "name": "noisy",
        "network": {"stages": "stages.csv", "input_bytes": 1e5},
        "exits": {"table": "exits.csv"},
        "workload": {"source": "device", "latency_measure": "worst", **workload},
        "privacy": {"table": "privacy.csv", "baseline_mse": 0.05, "noise": "curve"},
        "tier": [
            {"name": "device", "kind": "device", "option": [{"name": "d", "flops_per_s": 1e9}]},
            {"name": "server", "kind": "vm", "option": [{"name": "s", "flops_per_s": 1e11, "usd_per_hour": 1.0}]},
        ],
        "link": [{"from": "device", "to": "server", "bandwidth_mbit_s": 100.0, "trusted": False}],
        "objective": {"minimize": "privacy"},
        "tables": {
            "stages.csv": [
                {"stage": s, "flops": 10**9, "activation_bytes": 10_000, "parameter_bytes": 1_000} for s in (1, 2)
            ],
            "exits.csv": [{"stage": 2, "threshold": 0, "exit_rate": 1, "accuracy": 0.95}],
            "privacy.csv": rows,
        },
    }
    return load(doc, tmp_path)


def test_noise_between_rows_uses_the_accuracy_there_is(tmp_path: Path) -> None:
    """The strength between rows spends exactly the accuracy that is allowed, and none beyond the table is taken."""
    # the second stage must leave the device: 2 s are too slow; the raw input leaks everything
    plan = so.solve(noisy(tmp_path, accuracy_min=0.9, latency_slo_ms=1500.0), gap=1e-6)
    # accuracy lost 0.05 lies between the rows 0.02 and 0.3: b = 0.5 + 1.5 x 3 / 28; mse there 0.02 + 0.05 x 3 / 28
    scale, mse = 0.5 + 1.5 * 3 / 28, 0.02 + 0.05 * 3 / 28
    assert plan.status == "optimal"
    assert plan.objective.value == pytest.approx(1 - mse / 0.05, rel=1e-6)
    assert plan.plan is not None
    (handover,) = plan.plan.handovers
    assert handover.scale == pytest.approx(scale, rel=1e-5)
    assert so.evaluate(noisy(tmp_path / "again", accuracy_min=0.9), plan).accuracy == pytest.approx(0.9, abs=1e-6)
    document = plan.to_dict()
    document["plan"]["handovers"][0]["scale"] = 3.0  # beyond the table
    with pytest.raises(so.InputError, match="handovers"):
        so.evaluate(noisy(tmp_path / "beyond"), document)


def test_a_floor_on_the_error_picks_the_noise_that_just_meets_it(tmp_path: Path) -> None:
    """A floor on the attacker's error is kept by the noise chosen between rows."""
    instance = noisy(tmp_path, mse_min=0.03, latency_slo_ms=1500.0).with_limits(minimize="cost")
    plan = so.solve(instance, gap=0.0)
    assert plan.status == "optimal"
    assert plan.metrics is not None
    assert min(crossing.mse or math.inf for crossing in plan.metrics.crossings) >= 0.03 * (1 - 1e-9)


def test_fronts_ask_for_lists(tmp_path: Path) -> None:
    """Fronts of ranges are refused with the key that takes a list."""
    with pytest.raises(so.InputError, match="memory_mb"):
        so.pareto(load(document(0), tmp_path))
