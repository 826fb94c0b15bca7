"""Batchers of serving systems, from a cluster's plan written by hand."""

from __future__ import annotations

from typing import Any

from serflow_opt.families.cluster.export import batchers

OWN: dict[str, Any] = {
    "model": "net",
    "batch": 4,
    "cpu_cores": 2.0,
    "gpu_percent": 50.0,
    "instances": 3,
    "processes": 2,
    "waits_at_most_ms": 120.0,
    "rate_per_s": 40.0,
    "rate_max_per_s": 50,
}


def test_processes_of_an_instance_share_what_it_takes() -> None:
    """3 instances of 2 processes are 6 copies of one core and a quarter of a card each."""
    piece = OWN | {"slice": "1g", "gpu_percent": 0.0, "processes": 1}
    share, slice_ = batchers({"models": [{"slo_ms": 200.0, "instances": [OWN, piece]}]})
    assert (share.replicas, share.cores, share.gpus, share.slice) == (6, 1.0, 0.25, "")
    assert (share.wait_s, share.timeout_s) == (0.12, 0.2)
    assert (slice_.replicas, slice_.gpus, slice_.slice) == (3, 0.0, "1g")
    assert share.name != slice_.name
