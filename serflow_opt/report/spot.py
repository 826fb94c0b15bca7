"""Pools of spot machines over time as tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Group
from rich.text import Text

from serflow_opt.report.training import figures_table

if TYPE_CHECKING:
    from rich.console import RenderableType

    from serflow_opt.families.spot.simulate import PoolSimulated


def pool_table(found: PoolSimulated) -> RenderableType:
    """Lay out a simulated pool beside its plan."""
    looked = f"; {found.requests:,} requests in them one by one" if found.requests else ""
    head = Text.assemble((found.instance, "bold"), f"  {found.days:,.4g} days, {found.shortages:,} shortages{looked}")
    parts: list[RenderableType] = [head, figures_table(found.figures)]
    if found.shortages:
        mean, longest = f"{found.shortage_mean_s:,.4g}", f"{found.shortage_longest_s:,.4g}"
        parts.append(Text(f"fewer than enough are up for {mean} s on average, {longest} s at most"))
    return Group(*parts)
