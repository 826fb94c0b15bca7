"""Pools as a table, and in a line."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from rich.text import Text

from serflow_opt.ground.sheet import Sheet

if TYPE_CHECKING:
    from rich.console import RenderableType


def plan_parts(plan: Mapping[str, Any]) -> list[RenderableType]:
    """Return what lays a pool out: a row an offer that is rented, with how long it is up and what it costs.

    Parameters
    ----------
    plan
        As documents have it.
    """
    rows = [
        (
            own["offer"],
            own["term"],
            own.get("zone", ""),
            str(own["machines"]),
            f"{own['up']:.4%}",
            f"{own['usd_per_hour']:.4g}",
        )
        for own in plan["pool"]
        if own["machines"]
    ]
    header = ("rent", "term", "zone", "machines", "up", "USD/hour")
    return [Text(plan_words(plan)), Sheet(header, rows, left=("rent", "term", "zone"))]


def plan_words(plan: Mapping[str, Any]) -> str:
    """Return a pool in a line.

    Parameters
    ----------
    plan
        As documents have it.
    """
    made = " + ".join(f"{own['machines']} x {own['offer']}" for own in plan["pool"] if own["machines"])
    enough = plan["workers_enough"]
    needed = f" for {enough}" if enough is not None else ""
    return f"{made or 'nothing'}: {plan['workers_mean']:.4g} workers up on average{needed}"
