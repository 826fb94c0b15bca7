"""Instances whose functions come in any size, and the arithmetic of their prices."""

from __future__ import annotations

from typing import Any

import numpy as np

USD_PER_GB_S, FEE, MB_PER_VCPU = 0.0000166667, 2e-7, 1769.0
"""AWS Lambda in us-east-1 on x86_64."""


def document(seed: int) -> dict[str, Any]:
    """Three stages, a VM, then functions of any size; no early exits."""
    rng = np.random.default_rng([41, seed])
    stages = [
        {
            "stage": s,
            "flops": int(rng.uniform(5e8, 5e9)),
            "activation_bytes": int(rng.uniform(1e4, 1e6)),
            "parameter_bytes": int(rng.uniform(1e6, 1e8)),
        }
        for s in (1, 2, 3)
    ]
    return {
        "schema": 1,
        "name": f"sizes-{seed}",
        "network": {"stages": "stages.csv", "input_bytes": 100_000},
        "workload": {"latency_measure": "worst"},
        "tier": [
            {
                "name": "vm",
                "kind": "vm",
                "option": [{"name": "v", "flops_per_s": 2e10, "usd_per_hour": float(rng.uniform(0.2, 3.0))}],
            },
            {
                "name": "fn",
                "kind": "function",
                "memory_mb_range": [128, 10240],
                "flops_per_s_per_vcpu": 2e10,
                "parallel_fraction": float(rng.choice([0.5, 0.9, 1.0])),
                "cold_start_ms": 100.0,
                "cold_share": float(rng.choice([0.0, 0.2, 1.0])),
            },
        ],
        "link": [{"from": "vm", "to": "fn", "bandwidth_mbit_s": 500.0, "round_trip_ms": 2.0, "usd_per_gb": 0.01}],
        "objective": {"minimize": "cost"},
        "tables": {"stages.csv": stages},
    }
