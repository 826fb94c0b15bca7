"""Batchers of serving systems, from a plan written by hand."""

from __future__ import annotations

from typing import Any

from serflow_opt.families.batching.export import batchers

GROUP: dict[str, Any] = {
    "applications": ["a", "b"],
    "function": "f",
    "size": 2.0,
    "unit": "vCPU",
    "batch": 4,
    "timeouts_ms": {"a": 20.0, "b": 50.0},
    "target_ms": {"a": 400.0, "b": 800.0},
    "calls": 2.3,
}


def test_a_queue_waits_as_long_as_the_least_patient_may() -> None:
    """One delay for two applications keeps both promises only if it is the shorter one, and this is said."""
    on_gpu = GROUP | {
        "applications": ["c"],
        "unit": "GB",
        "timeouts_ms": {"c": 0.0},
        "target_ms": {"c": 90.0},
        "calls": 0,
    }
    shared, alone = batchers({"groups": [GROUP, on_gpu]})
    assert (shared.wait_s, shared.replicas, shared.cores, shared.gpus) == (0.02, 3, 2.0, 0.0)
    assert shared.timeout_s == 0.8
    assert "a queue has one delay" in " ".join(shared.why)
    assert (alone.replicas, alone.cores, alone.gpus) == (1, 0.0, 1.0)
    assert "one delay" not in " ".join(alone.why)
