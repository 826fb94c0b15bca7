"""A front as a table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from serflow_opt.fronts.front import Front, verdict
from serflow_opt.plan.document import runs_on

if TYPE_CHECKING:
    from rich.console import RenderableType

SHOWN = 24
"""Plans shown in a table at most; `to_frame` has all."""

PER_MILLION = ("cost", "carbon")
"""Objectives that are shown of a million requests."""


def front_table(front: Front) -> RenderableType:
    """Lay a front out: verdict, some of its plans, what is known of the rest."""
    from rich.console import Group
    from rich.text import Text

    from serflow_opt.ground.sheet import Sheet

    words, style = verdict(front)
    size = f"{len(front.plans):,} plan{'' if len(front.plans) == 1 else 's'}"
    head = Text.assemble((front.instance, "bold"), f"  {size}  ", (words, style), f"  in {front.seconds:.2f} s")
    titles = {"cost": "USD per million", "latency": f"{front.latency_measure} ms", "accuracy": "accuracy"}
    if any(plan.robustness is not None for plan in front.plans):
        titles = {name: f"{title}, worst case" for name, title in titles.items()}
    titles |= {"privacy": "privacy loss", "energy": "J", "carbon": "g CO2e per million"}
    rows = []
    for i in _some(len(front.plans)):
        point = zip(front.objectives, front.points[i], strict=True)
        shown = [f"{value * 1e6:.6g}" if name in PER_MILLION else f"{value:.6g}" for name, value in point]
        rows.append((*shown, runs_on(front.plans[i])))
    runs = ("runs on",)
    table = Sheet([*(titles[name] for name in front.objectives), *runs], rows, left=runs, folds=runs)
    parts: list[Any] = [head, table] if front.plans else [head]
    if len(front.plans) > SHOWN:
        parts.append(Text(f"{SHOWN} of {len(front.plans):,} plans shown"))
    parts.append(Text(_proof(front)))
    if front.scope:
        parts.append(Text(f"proof of    {front.scope}"))
    return Group(*parts)


def _some(count: int) -> Sequence[int]:
    """Positions spread evenly, the ends among them."""
    return range(count) if count <= SHOWN else [round(i * (count - 1) / (SHOWN - 1)) for i in range(SHOWN)]


def _proof(front: Front) -> str:
    counts = ", ".join(f"{count:,} {name}" for name, count in front.counts.items())
    text = f"{front.method} ({counts})"
    if front.hypervolume is None or front.hypervolume_bound is None:
        return text
    if front.complete:
        return f"hypervolume {front.hypervolume:.2%} of the box; {text}"
    return f"hypervolume {front.hypervolume:.2%} of the box, {front.hypervolume_bound:.2%} at most; {text}"
