"""A pipeline as a table, and in a line."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from rich.text import Text

from serflow_opt.ground.sheet import Sheet

if TYPE_CHECKING:
    from rich.console import RenderableType

TITLES = ("stage", "layers", "workers", "computes ms", "syncs ms", "in ms", "out ms", "busy", "in flight", "memory MB")


def plan_parts(plan: Mapping[str, Any]) -> list[RenderableType]:
    """Return what lays a plan out: a row for each stage, and what holds it up.

    Parameters
    ----------
    plan
        As documents have it.
    """
    rows = [
        (
            f"{n}",
            f"{own['first']}-{own['last']}",
            f"{own['replicas']} x {own['worker']}",
            *(f"{own[key]:.4g}" for key in ("computing_ms", "synchronising_ms", "receiving_ms", "sending_ms")),
            f"{own['busy']:.0%}",
            f"{own['in_flight']}",
            f"{own['memory_mb']:,.0f}",
        )
        for n, own in enumerate(plan["stages"], start=1)
    ]
    epoch = "" if plan["epoch_h"] is None else f", an epoch in {plan['epoch_h']:.4g} h"
    said = (
        f"configuration {plan['configuration']}, held up by {plan['holds_up']}; {plan['samples_per_s']:.5g} samples/s"
    )
    return [Sheet(TITLES, rows, left=("layers", "workers")), Text(said + epoch)]


def plan_words(plan: Mapping[str, Any]) -> str:
    """Return a plan in a line.

    Parameters
    ----------
    plan
        As documents have it.
    """
    return ", ".join(f"{own['first']}-{own['last']} on {own['replicas']} x {own['worker']}" for own in plan["stages"])
