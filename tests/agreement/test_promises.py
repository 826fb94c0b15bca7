"""What provisioning promises, seen by the simulator: steady Poisson traffic on what was provisioned."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from oracles.writing import write

import serflow_opt as so
from serflow_opt.traffic.demand.trace import Trace
from serflow_opt.traffic.provision.result import Deployment
from serflow_opt.traffic.provision.solve import provision
from serflow_opt.traffic.scaling_policy import Orders, Seen
from serflow_opt.traffic.simulate.result import Simulation
from serflow_opt.traffic.simulate.simulate import simulate

TAIL = 1e-4
"""Share that may wait longer than a worst-case limit allows."""
WARM_S = 200
"""Machines are ordered at second 0; requests come once all have started."""


def document(seed: int) -> dict[str, Any]:
    """A random network of two to four stages, with machines alone (each fourth) or beside functions."""
    rng = np.random.default_rng(seed)
    stages = int(rng.integers(2, 5))
    exits = []
    for s in range(1, stages):
        rate = float(rng.uniform(0.2, 0.8))
        for threshold, factor in ((0.5, 1.0), (0.8, 0.6), (0.95, 0.2)):
            accuracy = 0.75 + 0.2 * threshold
            exits.append({"stage": s, "threshold": threshold, "exit_rate": rate * factor, "accuracy": accuracy})
    exits.append({"stage": stages, "threshold": 0.0, "exit_rate": 1.0, "accuracy": 0.93})
    flops = rng.uniform(5e8, 3e9, stages)
    work = float(flops.sum())
    vms = [
        {"name": f"vm{k}", "flops_per_s": 1e10 * k, "usd_per_hour": 0.09 * k**1.2, "workers": int(rng.integers(1, 4))}
        for k in (1, 2, 4)
    ]
    tiers: list[dict[str, Any]] = [{"name": "vm", "kind": "vm", "start_s": 60.0, "option": vms}]
    links = []
    if seed % 4:
        sizes = [
            {"name": f"f{k}", "flops_per_s": 1.2e10 * k, "usd_per_gb_s": 1.7e-5, "memory_mb": 1769 * k**1.1}
            for k in (1, 2, 4)
        ]
        tiers.append({"name": "function", "kind": "function", "keep_alive_s": 300.0, "option": sizes})
        links = [{"from": "vm", "to": "function", "bandwidth_mbit_s": 1000.0, "round_trip_ms": 1.0}]
    rows = [
        {"stage": s, "flops": float(f), "activation_bytes": 20_000, "parameter_bytes": 1_000_000}
        for s, f in enumerate(flops, start=1)
    ]
    return {
        "tables": {"stages.csv": rows, "exits.csv": exits},
        "schema": 1,
        "name": f"promise-{seed}",
        "network": {
            "stages": "stages.csv",
            "input_bytes": 10_000,
        },
        "exits": {"table": "exits.csv"},
        "workload": {
            "rate_per_s": float(rng.uniform(20, 120)),
            "accuracy_min": 0.88,
            "latency_slo_ms": float(work / 1e10 * rng.uniform(0.45, 1.1) * 1000 + 5),
            "latency_measure": ["worst", "p90", "p95", "p99"][int(rng.integers(4))],
        },
        "tier": tiers,
        "link": links,
        "objective": {"minimize": "cost"},
    }


class AsProvisioned:
    """The machines of a deployment all the time, and who waits for them beside a function."""

    name, every_s = "as provisioned", 300.0

    def __init__(self, deployment: Deployment) -> None:
        assert deployment.service is not None
        blocks, counts = deployment.service.blocks, deployment.counts
        self.orders = Orders(
            tuple(
                {block.machines[0].name: n} if block.machines else {} for block, n in zip(blocks, counts, strict=True)
            ),
            queue_max=tuple(part.queue_max or 0 for part in deployment.parts),
        )

    def decide(self, seen: Seen) -> Orders:
        """Keep them."""
        return self.orders


def provisioned(seed: int, folder: Path) -> Deployment:
    """The deployment of a random instance."""
    return provision(so.load(write(document(seed), folder)), gap=1e-2, confirm=False)


def served(deployment: Deployment, seconds: int, seed: int) -> Simulation:
    """Poisson traffic at the mean rate on the machines that were provisioned."""
    assert deployment.service is not None
    counts = np.random.default_rng(seed).poisson(deployment.demand.mean, WARM_S + seconds)
    counts[:WARM_S] = 0
    trace = Trace(counts.astype(np.int64), 1.0, np.ones(len(counts)))
    return simulate(deployment.service, trace, AsProvisioned(deployment), seed=seed)


SEEDS = (1, 3, 4, 6, 9)
"""Machines alone and beside functions, one block and two, worst cases and percentiles."""
SHOWN = (3, 6)
SECONDS = 600
"""Of traffic."""


@pytest.mark.parametrize("seed", SEEDS)
def test_percentile_and_cost_come_out(seed: int, tmp_path: Path) -> None:
    """As many are in time as has to be; machines cost their rent, and what spills hardly more than was computed."""
    deployment = provisioned(seed, tmp_path)
    run = served(deployment, SECONDS, seed)
    service = deployment.service
    assert service is not None
    promised = 1 - TAIL if service.quantile == 1 else service.quantile
    # requests that wait come in runs: a standard error of independent ones, five times over
    error = 5 * math.sqrt(promised * (1 - promised) / run.arrivals)
    assert deployment.on_time >= promised
    assert run.kept >= promised - error, (run.kept, promised)
    rent = sum(part.usd_machines for part in deployment.parts)
    assert run.usd["machines"] == pytest.approx(rent * (WARM_S + SECONDS), rel=1e-3)
    others = sum(part.usd_functions + part.usd_links for part in deployment.parts) * SECONDS
    assert run.usd["functions"] + run.usd["links"] <= others + 0.05 * deployment.usd_per_s * SECONDS


def test_these_instances_promise_all_kinds_of_things(tmp_path: Path) -> None:
    """Waiting, spilling and percentiles all occur among the simulated promises."""
    found = []
    for seed in SHOWN:
        folder = tmp_path / str(seed)
        folder.mkdir()
        found.append(provisioned(seed, folder))
    kept = [deployment for deployment in found if deployment.status == "optimal"]
    assert len(kept) == len(SHOWN)
    assert any(part.machine and part.queue_max for deployment in kept for part in deployment.parts)
    assert any(part.machine and not part.function for deployment in kept for part in deployment.parts)
    assert any(deployment.service and deployment.service.quantile < 1 for deployment in kept)


def test_a_mean_comes_out_with_its_waits(tmp_path: Path) -> None:
    """Machines alone near their limit: the simulated mean is what was promised, to half of the wait."""
    asked = document(0)
    asked["workload"] |= {"latency_measure": "mean", "latency_slo_ms": 1e4, "utilisation_cap": 0.95}
    deployment = provision(so.load(write(asked, tmp_path)), blocks=1, confirm=False)
    assert deployment.latency_wait_ms > 1
    run = served(deployment, SECONDS, 0)
    assert run.latency_mean_s * 1000 == pytest.approx(deployment.latency_mean_ms, abs=0.5 * deployment.latency_wait_ms)
