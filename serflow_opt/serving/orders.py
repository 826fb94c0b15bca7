"""Orders as a document: what whoever carries them out has to know, and nothing else."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from serflow_opt.traffic.scaling_policy import Orders, Seen
    from serflow_opt.traffic.service import Block, Service

ORDERS_SCHEMA = 1


def document_of(
    service: Service,
    orders: Orders,
    seen: Seen,
    *,
    number: int,
    decided_at_s: float,
    reported: tuple[dict[str, bool], ...],
) -> dict[str, Any]:
    """Return orders as they are given out.

    Parameters
    ----------
    service
        What they are for.
    orders, seen
        What the controller said, and what it was told.
    number
        Of the decision.
    decided_at_s
        When, seconds since 1970.
    reported
        By block and type, whether counts of machines are reports, and not what orders should have come to.

    Returns
    -------
    dict
        Counted from 1 as people do: blocks and stages.
    """
    menu = service.degraded if orders.degraded and service.degraded is not None else service
    blocks = []
    for b, block in enumerate(service.blocks):
        counts = np.asarray(seen.counts[b], dtype=float)
        known = counts[np.isfinite(counts)]
        blocks.append(
            {
                "block": b + 1,
                "stages": [block.first + 1, block.last + 1],
                "machines": [
                    {
                        "type": machine.name,
                        "count": orders.machines[b].get(machine.name, 0),
                        "ready": seen.ready[b].get(machine.name, 0),
                        "starting": seen.starting[b].get(machine.name, 0),
                        "reported": reported[b][machine.name],
                    }
                    for machine in block.machines
                ],
                "function": None if block.function is None else block.function.name,
                **_kept_warm(block, orders.keep_warm[b] if orders.keep_warm else 0),
                **({} if block.batch == 1 else {"batch": block.batch, "batch_wait_ms": 1000 * block.batch_wait_s}),
                "queue_max": orders.queue_max[b] if orders.queue_max else 0,
                "requests_per_s": float(known.mean()) if len(known) else None,
                "seconds": len(known),
            }
        )
    return {
        "schema": ORDERS_SCHEMA,
        "service": service.name,
        "number": number,
        "decided_at": stamp(decided_at_s),
        "degraded": orders.degraded,
        "thresholds": [{"stage": stage, "threshold": threshold} for stage, threshold in menu.thresholds],
        "blocks": blocks,
    }


def _kept_warm(block: Block, count: int) -> dict[str, Any]:
    """Return how many environments of a function are to be called, how often, and how long each is held; or nothing."""
    if block.function is None or not count:
        return {}
    every_s, held_s = block.function.warm_every_s, block.function.warm_call_s(count)
    kept = {"count": count, "every_s": every_s, "held_ms": 1000 * held_s, "named": block.function.named}
    return {"keep_warm": kept}


def stamp(epoch_s: float) -> str:
    """Return a moment as RFC 3339 has it, in UTC, to the millisecond."""
    return datetime.fromtimestamp(epoch_s, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def wanted(document: dict[str, Any] | None, b: int, name: str | None = None) -> int | None:
    """Return how many machines orders ask for.

    Parameters
    ----------
    document
        The orders; None: there are none.
    b
        Position of the block.
    name
        Type of machines; None: all types.

    Returns
    -------
    int or None
        None: there are no orders.
    """
    if document is None:
        return None
    rows = document["blocks"][b]["machines"]
    return sum(int(row["count"]) for row in rows if name is None or row["type"] == name)
