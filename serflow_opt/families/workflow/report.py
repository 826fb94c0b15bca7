"""A workflow's plan as a table, and in a line."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from rich.text import Text

from serflow_opt.ground.sheet import Sheet

if TYPE_CHECKING:
    from rich.console import RenderableType

COLUMNS = ("phase", "runs on", "servers", "from s", "to s", "USD")


def plan_parts(plan: Mapping[str, Any]) -> list[RenderableType]:
    """Return what lays a plan out: a row for each phase.

    Parameters
    ----------
    plan
        As documents have it.
    """
    rows = []
    for own in plan["phases"]:
        servers = f"{own['servers']} x {own['server']}" if "server" in own else ""
        servers += f", from {own['kept_from']}" if own.get("kept_from") else ""
        usd = sum(own["usd"].values())
        rows.append((own["phase"], _runs(own), servers, f"{own['begin_s']:.5g}", f"{own['end_s']:.5g}", f"{usd:.4g}"))
    return [Text(plan_words(plan)), Sheet(COLUMNS, rows, left=COLUMNS[:3])]


def _runs(own: Mapping[str, Any]) -> str:
    return own["words"] if own["kind"] == "job" else f"{own['workers']} x {own['memory_mb']:g} MB"


def plan_words(plan: Mapping[str, Any]) -> str:
    """Return a plan in a line.

    Parameters
    ----------
    plan
        As documents have it.
    """
    end = max(own["end_s"] for own in plan["phases"])
    last = max(plan["phases"], key=lambda own: own["end_s"] - own["begin_s"])
    longest = f"{last['phase']} takes longest, {last['end_s'] - last['begin_s']:.5g} s"
    return f"{len(plan['phases'])} phases, {end:.5g} s, {plan['usd']:.4g} USD; {longest}"
