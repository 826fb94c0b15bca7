"""A service of two stages that takes one or two requests together on cards."""

from __future__ import annotations

from typing import Any


def document(**keys: Any) -> dict[str, Any]:
    """Half leave at the first stage; a stage takes 2 ms and 1 for each request. `keys` go into the tier."""
    return {
        "schema": 1,
        "name": "two",
        "network": {"stages": "stages.csv", "input_bytes": 10},
        "exits": {"table": "exits.csv"},
        "workload": {"rate_per_s": 1000.0, "utilisation_cap": 0.5, "latency_slo_ms": 20.0},
        "objective": {"minimize": "cost", "accounting": "reserved"},
        "tier": [
            {
                "name": "gpu",
                "kind": "vm",
                "batch": [1, 2],
                "batch_wait_ms": [1.0],
                "stage_times": "times.csv",
                "option": [{"name": "card", "usd_per_hour": 3.6}],
                **keys,
            }
        ],
        "tables": {
            "stages.csv": [{"stage": s, "flops": 1.0, "activation_bytes": 10, "parameter_bytes": 10} for s in (1, 2)],
            "exits.csv": [
                {"stage": 1, "threshold": 0.5, "exit_rate": 0.5, "accuracy": 1.0},
                {"stage": 2, "threshold": 0, "exit_rate": 1.0, "accuracy": 1.0},
            ],
            "times.csv": [
                {"stage": s, "option": "card", "batch": n, "mean_ms": 2.0 + n} for s in (1, 2) for n in (1, 2)
            ],
        },
    }
