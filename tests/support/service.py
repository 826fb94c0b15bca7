"""A small service under traffic: its instance, a trace, and the prices that the tests reckon with."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

COUNTS = tuple(round(40 + 20 * math.sin(second / 20)) for second in range(180))
"""Requests by second, 20 to 60."""
LIBRA_CALL_USD = 0.5 * 0.00001667 + 0.0000002
"""A request on the function of `libra`: a second of 512 MB, and the fee."""
M4_USD_PER_S = 0.1 / 3600
"""A machine of `libra`; it serves 16 requests/s."""


def write_trace(path: Path, counts: Sequence[int] = COUNTS) -> Path:
    """Write requests by second."""
    rows = "".join(f"{second},{count}\n" for second, count in enumerate(counts))
    path.write_text(f"second,requests\n{rows}", encoding="utf-8")
    return path


def service_document(*, large: bool = False, split: bool = False, device: bool = False) -> dict[str, Any]:
    """Two stages of 400 and 600 ms; seven of ten requests leave after the first. VMs with four workers, and a function.

    Parameters
    ----------
    large
        A second type, four times as fast, for 3.3 times the rent.
    split
        The second stage does not fit a VM.
    device
        Phones before the VMs.
    """
    vm = [{"name": "m", "flops_per_s": 1e9, "usd_per_hour": 0.1, "memory_mb": 1024}]
    if large:
        vm.append({"name": "big", "flops_per_s": 4e9, "usd_per_hour": 0.33, "memory_mb": 1024})
    function = {
        "name": "f",
        "flops_per_s": 1e9,
        "usd_per_gb_s": 1.667e-5,
        "usd_per_request": 2e-7,
        "memory_mb": 4096,
    }
    tiers: list[dict[str, Any]] = [
        {"name": "vm", "kind": "vm", "workers": 4, "start_s": 30.0, "option": vm},
        {"name": "fn", "kind": "function", "keep_alive_s": 300.0, "billing_step_ms": 1.0, "option": [function]},
    ]
    links = [{"from": "vm", "to": "fn", "bandwidth_mbit_s": 1000.0}]
    if device:
        tiers.insert(0, {"name": "phone", "kind": "device", "option": [{"name": "p", "flops_per_s": 1e8}]})
        links.append({"from": "phone", "to": "vm", "bandwidth_mbit_s": 10.0})
    return {
        "schema": 1,
        "name": "made",
        "network": {"stages": "stages.csv", "input_bytes": 0},
        "exits": {"table": "exits.csv"},
        "workload": {"rate_per_s": 40.0, "latency_slo_ms": 2000.0, "utilisation_cap": 1.0},
        "tier": tiers,
        "link": links,
        "objective": {"minimize": "cost", "accounting": "reserved"},
        "tables": {
            "stages.csv": [
                {"stage": 1, "flops": 4 * 10**8, "activation_bytes": 1000, "parameter_bytes": 0},
                {"stage": 2, "flops": 6 * 10**8, "activation_bytes": 0, "parameter_bytes": 2 * 10**9 * split},
            ],
            "exits.csv": [
                {"stage": 1, "threshold": 0.8, "exit_rate": 0.7, "accuracy": 0.95},
                {"stage": 2, "threshold": 0, "exit_rate": 1, "accuracy": 0.97},
            ],
        },
    }
