"""Commitments as a table, and in a line."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from rich.text import Text

from serflow_opt.ground.sheet import Sheet

if TYPE_CHECKING:
    from rich.console import RenderableType


def plan_parts(plan: Mapping[str, Any]) -> list[RenderableType]:
    """Return what lays commitments out: a row each, with what it costs, how far it is used and what it saves.

    Parameters
    ----------
    plan
        As documents have it.
    """
    rows = [
        (
            own["plan"],
            f"{own['machines']:.4g}" if "machines" in own else "",
            f"{own['usd_per_hour']:.4g}",
            f"{own['usd']:,.0f}",
            f"{own['usd_upfront']:,.0f}",
            f"{own['used']:.1%}",
            f"{own['usd_saved']:,.0f}",
        )
        for own in plan["commitments"]
        if own["usd_per_hour"]
    ]
    rows.append(("on demand", "", "", f"{plan['usd_on_demand']:,.0f}", "", "", ""))
    header = ("commit to", "machines", "USD/hour", "USD a year", "at the start", "used", "saves a year")
    return [Text(plan_words(plan)), Sheet(header, rows, left=("commit to",))]


def plan_words(plan: Mapping[str, Any]) -> str:
    """Return commitments in a line.

    Parameters
    ----------
    plan
        As documents have it.
    """
    made = [own for own in plan["commitments"] if own["usd_per_hour"]]
    saved = sum(own["usd_saved"] for own in made)
    less = f"{saved / (plan['usd'] + saved):.1%} less than on demand" if made else "nothing pays"
    said = ", ".join(f"{own['usd_per_hour']:.4g} USD/hour of {own['plan']}" for own in made) or "no commitment"
    return f"{said}: {less}"
