"""Pools of spot machines over time as tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Group
from rich.text import Text

from serflow_opt.ground.sheet import Sheet
from serflow_opt.report.training import figures_table

if TYPE_CHECKING:
    from rich.console import RenderableType

    from serflow_opt.families.spot.compare import SpotComparison
    from serflow_opt.families.spot.simulated import PoolSimulated


def pool_table(found: PoolSimulated) -> RenderableType:
    """Lay out a simulated pool beside its plan."""
    looked = f"; {found.requests:,} requests in them one by one" if found.requests else ""
    where = f" of {found.trace}, held there" if found.trace else ""
    told = f"  {found.days:,.4g} days{where}, {found.shortages:,} shortages{looked}"
    head = Text.assemble((found.instance, "bold"), told)
    parts: list[RenderableType] = [head, figures_table(found.figures)]
    if found.shortages:
        mean, longest = f"{found.shortage_mean_s:,.4g}", f"{found.shortage_longest_s:,.4g}"
        parts.append(Text(f"fewer than enough are up for {mean} s on average, {longest} s at most"))
    return Group(*parts)


def spot_comparison_table(found: SpotComparison) -> RenderableType:
    """Lay out rules side by side, each beside its bound."""
    head = Text.assemble(
        (found.instance, "bold"), f"  {found.days:,.4g} days of {found.trace}, a decision every {found.step_s:g} s"
    )
    rows = [
        (
            own.rule,
            own.words,
            f"{own.usd_per_hour:.4g}",
            f"{own.late:.3%}",
            f"{own.enough:.2%}",
            f"{own.starts:,}",
            "" if own.bound_usd_per_hour is None else f"{own.bound_usd_per_hour:.4g}",
            "" if own.bound_usd_per_hour is None else f"{own.over:+.1%}",
        )
        for own in found.rules
    ]
    parts: list[RenderableType] = [head]
    if rows:
        titles = ("rule", "decides", "USD/hour", "late", "enough", "starts", "bound", "over")
        parts.append(Sheet(titles, rows, left=titles[:2], folds=titles[1:2]))
    for usd, whom in (
        (found.enough_usd_per_hour, "with whom enough serve in every step"),
        (found.limit_usd_per_hour, f"with whom {found.late_max:.3g} of the requests are late"),
    ):
        if usd is not None:
            parts.append(Text(f"nobody pays less than {usd:.4g} USD/hour {whom}, not even who knows what comes"))
    parts += [Text(f"{name} is left out: {why}") for name, why in found.reasons.items()]
    return Group(*parts)
