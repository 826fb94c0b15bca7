"""A job's plan as a table, and in a line."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from rich.text import Text

from serflow_opt.ground.sheet import Sheet

if TYPE_CHECKING:
    from rich.console import RenderableType

LABELS = {"restart": "restarts", "handover": "hand-over", "calls": "calls", "workers": "workers"}


def plan_parts(plan: Mapping[str, Any]) -> list[RenderableType]:
    """Return what lays a plan out: what is decided, and where time and money go.

    Parameters
    ----------
    plan
        As documents have it.
    """
    tables: list[RenderableType] = [Text(plan_words(plan))]
    for title, unit, parts in (("where time goes", "s", plan["seconds"]), ("where money goes", "USD", plan["usd"])):
        whole = sum(parts.values())
        rows = [
            (LABELS.get(name, name), f"{own:.4g}", f"{own / whole:.0%}" if whole else "")
            for name, own in parts.items()
            if own
        ]
        tables.append(Sheet((title, unit, "share"), rows, left=(title,)))
    return tables


def plan_words(plan: Mapping[str, Any]) -> str:
    """Return a plan in a line.

    Parameters
    ----------
    plan
        As documents have it.
    """
    how = f"{plan['rounds']} rounds of {plan['algorithm']}"
    if plan["workers"] > 1:
        how += " in a ring" if plan["pattern"] == "ring" else f", {plan['pattern']} through {plan['channel']}"
    whose = " then ".join(own for own in (plan["function"], plan["machine"]) if own)
    again = f", {plan['restarts']} restarts" if plan["restarts"] else ""
    turn = f" ({plan['rounds_on_functions']} on functions)" if plan["platform"] == "in turn" else ""
    return f"{plan['platform']}: {plan['workers']} x {whose}, {how}{turn}{again}"
