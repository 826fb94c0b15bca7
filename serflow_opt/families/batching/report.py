"""A plan of groups as a table, and the two numbers that serving systems ask for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from serflow_opt.ground.sheet import Sheet

if TYPE_CHECKING:
    from rich.console import RenderableType

TITLES = ("applications", "function", "batch", "mean", "waits ms", "then ms", "promised ms", "1/s", "USD/request")


def plan_parts(plan: Mapping[str, Any]) -> list[RenderableType]:
    """Return what lays a plan out: a row for each group.

    Parameters
    ----------
    plan
        As documents have it.
    """
    rows = [
        (
            ", ".join(own["applications"]),
            f"{own['function']} {own['size']:g} {own['unit']}",
            f"{own['batch']}",
            f"{own['mean_batch']:.2f}",
            _each(own["timeouts_ms"]) if own["batch"] > 1 else "0",
            f"{own['longest_ms']:.1f}",
            _each(own["promised_ms"]),
            f"{own['rate_per_s']:g}",
            f"{own['cost_usd_per_request']:.5g}",
        )
        for own in plan["groups"]
    ]
    words = TITLES[:2]
    return [Sheet(TITLES, rows, left=words, folds=words)]


def _each(by: Mapping[str, float]) -> str:
    return " / ".join(f"{ms:.1f}" for ms in by.values())


def plan_words(plan: Mapping[str, Any]) -> str:
    """Return a plan in a line.

    Parameters
    ----------
    plan
        As documents have it.
    """
    return "; ".join(
        f"{' + '.join(own['applications'])} on {own['function']} {own['size']:g} x {own['batch']}"
        for own in plan["groups"]
    )
