"""Simulated graphs, jobs and workflows as tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Group
from rich.text import Text

from serflow_opt.ground.sheet import Sheet
from serflow_opt.report.training import figures_table

if TYPE_CHECKING:
    from rich.console import RenderableType

    from serflow_opt.families.events.result import EventsSimulated

STAFF = ("workers over time", "time s", "most", "worker s", "busy", "USD if paid while there", "over the bound")


def events_table(found: EventsSimulated) -> RenderableType:
    """Lay out what was simulated beside the plan, and ways to have workers beside each other."""
    runs = f"{found.runs} runs" if found.runs > 1 else "one run"
    said = f"  {runs} of {found.steps:,} steps, times {found.times}"
    parts: list[RenderableType] = [Text.assemble((found.instance, "bold"), said), figures_table(found.figures)]
    if found.runs > 1:
        parts.append(Text(f"the longest run took {found.longest_s:.6g} s"))
    if found.parts:
        title = "phases, over at s" if found.kind == "workflow" else "where time goes, s"
        rows = [(own.name, f"{own.planned:.5g}", f"{own.simulated:.5g}") for own in found.parts]
        parts += [Text(), Sheet((title, "planned", "simulated"), rows, left=(title,))]
    if found.staffs:
        staffs = [
            (
                own.name,
                f"{own.time_s:.6g}",
                f"{own.most:,}",
                f"{own.worker_s:,.0f}",
                f"{own.busy:.0%}",
                f"{own.usd:.4g}",
                f"{own.over:+.1%}",
            )
            for own in found.staffs
        ]
        parts += [Text(), Sheet(STAFF, staffs, left=STAFF[:1])]
        parts += [Text("the bound: least worker seconds, starts included, of anything that is done as soon")]
    return Group(*parts, *(Text(own) for own in found.notes))
