"""A plan of a cluster as what serving systems are told: one batcher for each network and configuration."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from serflow_opt.export.serving import Batcher
from serflow_opt.families.serving import apart


def batchers(plan: Mapping[str, Any]) -> list[Batcher]:
    """Return the batcher of each configuration that is started.

    Parameters
    ----------
    plan
        As documents have it.
    """
    every = [(model, own) for model in plan["models"] for own in model["instances"]]
    names = apart([f"{own['model']}-b{own['batch']}-{_size(own)}" for _, own in every])
    return [_batcher(name, model, own) for name, (model, own) in zip(names, every, strict=True)]


def _batcher(name: str, model: Mapping[str, Any], own: Mapping[str, Any]) -> Batcher:
    piece, processes = own.get("slice", ""), own.get("processes", 1)
    why = [f"each instance is to get {own['rate_per_s']:.4g} requests/s, {own['rate_max_per_s']:g} at most"]
    if piece:
        why.append(f"on a slice {piece} of a card, with {processes} processes to an instance")
    elif own["gpu_percent"]:
        why.append(f"{own['gpu_percent']:g} % of a card, with {processes} processes to an instance")
    return Batcher(
        name=name,
        batch=own["batch"],
        wait_s=own["waits_at_most_ms"] / 1000,
        replicas=own["instances"] * processes,
        cores=own["cpu_cores"] / processes,
        gpus=0.0 if piece else own["gpu_percent"] / 100 / processes,
        slice=piece,
        timeout_s=model["slo_ms"] / 1000,
        why=tuple(why),
    )


def _size(own: Mapping[str, Any]) -> str:
    share = own.get("slice") or (f"{own['gpu_percent']:g}pct" if own.get("gpu_percent") else "")
    cores = f"{own['cpu_cores']:g}c" if own["cpu_cores"] else ""
    return "-".join(filter(None, (cores, share)))
