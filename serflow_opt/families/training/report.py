"""A plan of a training as tables: what holds for all, and what each group of clients does in a round."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from rich.text import Text

from serflow_opt.ground.sheet import Sheet

if TYPE_CHECKING:
    from rich.console import RenderableType

KNOBS = ("compression", "dropout", "noise", "selection", "secure")
TITLES = ("client", "count", "holds", "runs on", "up MB", "down MB", "computes s", "sends s", "server s", "round s")
MOST_ROWS = 40
"""Groups that are listed one by one."""
APART = 0.01
"""How far from what is promised a round must be on average for that to be said."""


def plan_parts(plan: Mapping[str, Any]) -> list[RenderableType]:
    """Return what lays a plan out: a line for all, and a row for each group.

    Parameters
    ----------
    plan
        As documents have it.
    """
    groups = plan["groups"]
    rows = [_row(plan, own) for own in groups[:MOST_ROWS]]
    parts: list[RenderableType] = [Text(_line(plan)), Sheet(TITLES, rows, left=("client", "holds", "runs on"))]
    if len(groups) > MOST_ROWS:
        parts.append(Text(f"and {len(groups) - MOST_ROWS:,} groups more"))
    parts.append(Text(held_up(plan)))
    if abs(plan["mean_round_s"] - plan["round_s"]) > APART * plan["round_s"]:
        shorter = plan["mean_round_s"] < plan["round_s"]
        why = "not all groups are drawn in each" if shorter else "the server's work varies with who is drawn"
        parts.append(Text(f"on average a round takes {plan['mean_round_s']:.6g} s: {why}"))
    return parts


def _row(plan: Mapping[str, Any], own: Mapping[str, Any]) -> tuple[str, ...]:
    if own["cut"] is None:
        return (own["client"], f"{own['count']:,}", "left out", *[""] * 7)
    last = plan["stages"]
    holds = "nothing" if not own["cut"] else f"1-{own['cut']}" if own["cut"] > 1 else "1"
    extra = [own[key] for key in ("packing", "protection") if own[key] != "none"]
    there = plan["server"] if own["cut"] < last and plan["server"] else ""
    return (
        own["client"],
        f"{own['count']:,}",
        ", ".join([holds, *extra]),
        there,
        f"{own['up_mb']:.4g}",
        f"{own['down_mb']:.4g}",
        f"{own['computes_s']:.4g}",
        f"{own['sends_s'] + own['receives_s']:.4g}",
        f"{own['server_s']:.4g}",
        f"{own['chain_s']:.4g}",
    )


def _line(plan: Mapping[str, Any]) -> str:
    epochs = plan["local_epochs"]
    parts = [
        plan["mode"],
        f"{plan['clients_per_round']:,} clients a round",
        f"{epochs} local epoch{'s' if epochs > 1 else ''}",
        f"{plan['rounds']:g} rounds",
    ]
    if plan["server"]:
        parts.append(f"{plan['workers']} x {plan['server']}")
    if plan["topology"] != "star":
        parts.append(plan["topology"])
    parts += [f"{kind} {plan[kind]}" for kind in KNOBS if plan[kind] != "none"]
    if plan["round_deadline_s"] is not None:
        parts.append(f"rounds end at {plan['round_deadline_s']:g} s")
    return ", ".join(parts)


def held_up(plan: Mapping[str, Any]) -> str:
    """Say what a round waits for.

    Parameters
    ----------
    plan
        As documents have it.
    """
    taken = [own for own in plan["groups"] if own["cut"] is not None]
    if not taken:
        return "nobody takes part"
    slowest = max(taken, key=lambda own: float(own["chain_s"]))
    chain = (
        f"{slowest['client']} computes {slowest['computes_s']:.4g}, sends {slowest['sends_s']:.4g}, "
        f"receives {slowest['receives_s']:.4g}, server {slowest['server_s']:.4g}"
    )
    if plan["mode"] == "split":
        return f"round {plan['round_s']:.6g} s: one client after another; the slowest: {chain}"
    if plan["served_s"] >= plan["chain_s"]:
        who = f"{plan['workers']} x {plan['server']}" if plan["server"] else "the server"
        return f"round {plan['round_s']:.6g} s: {who} work {plan['served_s']:.6g} s for all clients"
    return f"round {plan['round_s']:.6g} s: client {chain}"


def plan_words(plan: Mapping[str, Any]) -> str:
    """Return a plan in a line.

    Parameters
    ----------
    plan
        As documents have it.
    """
    cuts: dict[object, int] = {}
    for own in plan["groups"]:
        cuts[own["cut"]] = cuts.get(own["cut"], 0) + own["count"]
    said = ", ".join(f"{n:,} hold {cut}" for cut, n in cuts.items() if cut is not None)
    return f"{_line(plan)}; {said}"
