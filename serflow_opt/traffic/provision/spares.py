"""How many spot machines it takes so that as many as are planned are up, though some are taken away.

One that runs for 1/δ on average and is replaced after ρ is up for a share A = (1/δ) / (1/δ + ρ) of the time; of n, each
by itself, binomial numbers are. Mixes with other offers and zones are for `kind = "spot"`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from serflow_opt.problem.offers import DAY_S, Scaling

if TYPE_CHECKING:
    from serflow_opt.problem.instance import Instance
    from serflow_opt.traffic.provision.result import Part

AVAILABILITY = 0.999
"""Share of the time that as many as are planned are to be up."""


def share_up(scaling: Scaling) -> float:
    """Return the share of the time that a machine of a tier is up."""
    rate, replace_s = scaling.interruptions_per_day, scaling.replace_s
    return 1.0 if not rate else 1 / (1 + rate * (replace_s or 0.0) / DAY_S)


def with_spares(count: int, up: float, availability: float = AVAILABILITY) -> int:
    """Return the fewest machines of which `count` are up for a share `availability` of the time.

    Parameters
    ----------
    count
        Machines that are planned.
    up
        Share of the time that one is.
    availability
        Below 1, unless all are always up.
    """
    machines, missing = count, up**count  # of so many machines, all are up
    enough = missing
    while enough < availability and up > 0:
        # the count-th to be up is the last of one machine more: negative binomial
        missing *= (1 - up) * machines / (machines - count + 1)
        machines += 1
        enough += missing
    return machines


def spares_of(instance: Instance, parts: Sequence[Part]) -> list[str]:
    """Return, for each pool of machines that are taken away, how many it takes with spares."""
    tiers, said = {own.name: own for own in instance.tiers}, []
    for part in (pool for block in parts for pool in (block.pools or (block,))):
        tier = tiers.get(part.machine_tier or "")
        up = 1.0 if tier is None else share_up(tier.scaling)
        if part.count and up < 1:
            most = with_spares(part.count, up)
            share = math.floor(up * 1e4) / 100
            said.append(
                f"{part.machine} never taken away: up for {share:g} % of the time, {most} keep {part.count} up for "
                f"{AVAILABILITY:.1%} of it"
            )
    return said
