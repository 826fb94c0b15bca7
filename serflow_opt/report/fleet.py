"""Several services that share something, as a table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from serflow_opt.fleets.result import WORDS, Fleet, row
from serflow_opt.report.plan import VERDICT, usd

if TYPE_CHECKING:
    from rich.console import RenderableType


def fleet_table(fleet: Fleet) -> RenderableType:
    """Lay a fleet out: verdict, a row a service, what is shared, what is proven."""
    from rich.console import Group
    from rich.text import Text

    from serflow_opt.ground.sheet import Sheet

    verdict, style = VERDICT[fleet.status]
    head = Text.assemble((f"{len(fleet.services) or 'no'} services", "bold"), "  ", (verdict, style))
    head.append(f"  in {fleet.seconds:.2f} s")
    if fleet.value is None:
        return Group(head, *(Text(f"  {line}") for line in fleet.because))
    titles = ("service", "per s", "USD an hour", "latency ms", "accuracy", "machines", "runs on")
    left = ("service", "machines", "runs on")
    rows = []
    for own in fleet.services:
        cells = row(own)
        shown = (
            own.instance,
            f"{own.rate_per_s:g}",
            f"{own.usd_per_hour:.4g}",
            f"{cells['latency_ms']:.4g} ({cells['latency_measure']})",
            "" if cells["accuracy"] is None else f"{cells['accuracy']:.4f}",
            cells["machines"],
            cells["runs_on"],
        )
        rows.append(shown)
    table = Sheet(titles, rows, left=left, folds=left)
    assert fleet.usd_per_hour is not None
    lines = [
        f"{WORDS[fleet.minimize]} {fleet.value:.6g} {fleet.unit}; all services cost {usd(fleet.usd_per_hour)} an hour"
    ]
    if fleet.budget_usd_per_hour is not None:
        lines[0] += f" of {usd(fleet.budget_usd_per_hour)}"
    lines += [f"{pool.used} of {pool.most} {pool.type} rented" for pool in fleet.machines]
    lines += fleet.words()
    bound = "no bound" if fleet.bound is None else f"no plans are below {fleet.bound:.6g} (gap {fleet.gap:.2g})"
    proof = fleet.certificate
    lines.append(f"{bound}; {proof.method}; {proof.searches} searches, {proof.plans} plans")
    if proof.scope:
        lines.append(f"proof of    {proof.scope}")
    return Group(head, table, *(Text(line) for line in lines))
