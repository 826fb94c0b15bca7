"""The least that an autoscaler can pay, as people want to read it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.text import Text

from serflow_opt.ground.sheet import facts_table
from serflow_opt.report.plan import usd

if TYPE_CHECKING:
    from serflow_opt.traffic.bound_result import CostBound


def bound_table(bound: CostBound) -> RenderableType:
    """What nobody pays less than, what comes near it, what it costs not to scale, and whom it bounds."""
    head = Text.assemble(
        (bound.trace, "bold"),
        f"  {bound.requests:,} requests in {bound.trace_s / 3600:.4g} h  ",
        ("no autoscaler pays less than ", "bold green"),
        (usd(bound.usd), "bold green"),
        f"  in {bound.seconds:.2f} s",
    )
    per = f", {usd(bound.usd / bound.requests * 1e6)} per million requests" if bound.requests else ""
    most = max(bound.machines, default=0)
    facts = {
        "least": f"{usd(bound.usd)}, {usd(bound.usd / bound.trace_s * 3600)} an hour{per}" if bound.trace_s else "",
        "reached": f"{usd(bound.reached_usd)} by a schedule with foresight that lets nothing wait, of up to {most:,} "
        f"machines (gap {bound.gap:.2g})",
        "not scaled": f"{usd(bound.static_usd)}: machines for the peak, all the time",
        "paid": ""
        if bound.paid_usd is None
        else f"{usd(bound.paid_usd)}" + ("" if bound.above is None else f", {bound.above:+.1%} against the least"),
        "proof of": bound.scope,
    }
    cheaper = bound.paid_usd is not None and bound.paid_usd < bound.usd
    said = "note: less was paid than anybody can who keeps these terms: more came late, or a figure is not as stated"
    return Group(head, facts_table(facts.items()), *([Text(said, style="yellow")] if cheaper else []))
