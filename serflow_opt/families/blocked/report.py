"""A plan of a task graph as a table, and in a line."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from rich.text import Text

from serflow_opt.ground.sheet import Sheet

if TYPE_CHECKING:
    from rich.console import RenderableType

TITLES = ("block", "tasks", "path s", "workers", "busy", "bound s", "read TB", "written TB")


def plan_parts(plan: Mapping[str, Any]) -> list[RenderableType]:
    """Return what lays a plan out: the graph and its workers, what kinds of tasks there are, and what is paid for.

    Parameters
    ----------
    plan
        As documents have it.
    """
    row = (
        "" if plan["block"] is None else f"{plan['block']:,}",
        f"{plan['tasks']:,}",
        f"{plan['path_s']:.5g}",
        f"{plan['workers']:,} x {plan['option']}",
        f"{plan['busy']:.0%}",
        f"{plan['bound_s']:.6g}",
        f"{plan['read_tb']:.4g}",
        f"{plan['written_tb']:.4g}",
    )
    kinds = ", ".join(f"{own:,} {name}" for name, own in plan["tasks_by_kind"].items())
    money = ", ".join(f"{name} {own:.4g}" for name, own in plan["usd"].items() if own)
    said = [Text(f"{plan['algorithm']}: {kinds}")] if kinds else []
    return [Sheet(TITLES, [row], left=("workers",)), *said, Text(f"USD: {money}")]


def plan_words(plan: Mapping[str, Any]) -> str:
    """Return a plan in a line.

    Parameters
    ----------
    plan
        As documents have it.
    """
    block = "" if plan["block"] is None else f", blocks of {plan['block']:,}"
    return f"{plan['workers']:,} x {plan['option']}{block}, {plan['tasks']:,} tasks"
