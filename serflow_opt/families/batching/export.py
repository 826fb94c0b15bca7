"""A plan of groups as what serving systems are told: one batcher a group."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from serflow_opt.export.serving import Batcher
from serflow_opt.families.serving import apart

ONE_DELAY = (
    "the plan lets requests of {} wait for up to {} ms; a queue has one delay, and takes the least: promises hold, "
    "batches get less full than planned"
)
COPIES = (
    "{:.3g} calls run at once on average, and copies are that, rounded up; the plan counts on as many as calls come: "
    "let them scale out"
)


def batchers(plan: Mapping[str, Any]) -> list[Batcher]:
    """Return the batcher of each group.

    Parameters
    ----------
    plan
        As documents have it.
    """
    groups = plan["groups"]
    names = apart(["-".join(own["applications"]) for own in groups])
    return [_batcher(name, own) for name, own in zip(names, groups, strict=True)]


def _batcher(name: str, own: Mapping[str, Any]) -> Batcher:
    on_gpu = own["unit"] != "vCPU"
    waits = list(own["timeouts_ms"].values())
    why = [f"on {own['function']} of {own['size']:g} {own['unit']}", COPIES.format(own["calls"])]
    if own["batch"] > 1 and max(waits) > min(waits):
        why.append(ONE_DELAY.format(", ".join(own["applications"]), ", ".join(f"{ms:.1f}" for ms in waits)))
    return Batcher(
        name=name,
        batch=own["batch"],
        wait_s=min(waits) / 1000,
        replicas=max(math.ceil(own["calls"]), 1),
        cores=0.0 if on_gpu else own["size"],
        gpus=1.0 if on_gpu else 0.0,
        slice="",
        timeout_s=max(own["target_ms"].values()) / 1000,
        why=tuple(why),
    )
