"""A schedule as a table, and in a line."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from rich.text import Text

from serflow_opt.ground.sheet import Sheet

if TYPE_CHECKING:
    from rich.console import RenderableType


def plan_parts(plan: Mapping[str, Any]) -> list[RenderableType]:
    """Return what lays a schedule out: a row an hour.

    Parameters
    ----------
    plan
        As documents have it.
    """
    rows = [
        (
            f"{own['hour']}",
            f"{own['come_per_s']:.4g}",
            f"{own['served_per_s']:.4g}",
            ", ".join(f"{rented['count']} x {rented['machine']}" for rented in own["machines"]),
            f"{own['function_per_s']:.4g}",
            ", ".join(f"{later['requests_per_s']:.3g} to {later['to_hour']}" for later in own["deferred"]),
            f"{own['usd']:.4g}",
            f"{own['carbon_g']:.4g}",
        )
        for own in plan["hours"]
    ]
    header = ("hour", "come/s", "served/s", "machines", "function/s", "deferred/s", "USD", "g CO2e")
    return [Text(plan_words(plan)), Sheet(header, rows, left=("machines", "deferred/s"))]


def plan_words(plan: Mapping[str, Any]) -> str:
    """Return a schedule in a line.

    Parameters
    ----------
    plan
        As documents have it.
    """
    hours = plan["hours"]
    waits = sum(later["requests_per_s"] for own in hours for later in own["deferred"])
    come = sum(own["come_per_s"] for own in hours) or 1.0
    usd, grams = sum(own["usd"] for own in hours), sum(own["carbon_g"] for own in hours)
    return f"{waits / come:.1%} of requests wait; {usd:,.4g} USD and {grams:,.4g} g CO2e in {len(hours)} hours"
