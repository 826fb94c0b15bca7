"""A document whose thresholds are chosen on its samples."""

from __future__ import annotations

from typing import Any

import numpy as np
from oracles.joint import draw_samples


def document(**exits: Any) -> dict[str, Any]:
    """Four stages, a machine and a function, exits after stages 1, 2 and 4, sixty samples."""
    rng = np.random.default_rng(11)
    return {
        "schema": 1,
        "name": "joint",
        "network": {"stages": "stages.csv", "input_bytes": 1000},
        "exits": {"samples": "samples.csv", "classifier_stages": [1, 2, 4], "joint": True, "levels": 4, **exits},
        "workload": {"accuracy_min": 0.6, "rate_per_s": 10.0},
        "tier": [
            {
                "name": "vm",
                "kind": "vm",
                "option": [{"name": "small", "flops_per_s": 1e10, "usd_per_hour": 0.1, "memory_mb": 4096}],
            },
            {
                "name": "function",
                "kind": "function",
                "option": [{"name": "f", "flops_per_s": 2e10, "memory_mb": 2048, "usd_per_gb_s": 1.7e-5}],
            },
        ],
        "link": [{"from": "vm", "to": "function", "bandwidth_mbit_s": 500.0}],
        "objective": {"minimize": "cost", "accounting": "reserved"},
        "tables": {
            "stages.csv": [
                {"stage": s, "flops": 10**9, "activation_bytes": 10**4, "parameter_bytes": 10**6} for s in range(1, 5)
            ],
            "samples.csv": draw_samples(rng, 60, 3),
        },
    }
