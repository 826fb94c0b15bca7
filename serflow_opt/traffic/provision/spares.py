"""How many spot machines it takes so that as many as are planned are up, though some are taken away.

One that runs for 1/δ on average and is replaced after ρ is up for a share A = (1/δ) / (1/δ + ρ) of the time; of n, each
by itself, binomial numbers are. With m of the same type on demand beside them c - m of the others have to be up: every
m up to c is looked at, with the fewest spot machines that do, so that the best of these is the cheapest mix of all.
Mixes of several types and zones are for `kind = "spot"`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from serflow_opt.problem.offers import DAY_S, Scaling

if TYPE_CHECKING:
    from serflow_opt.problem.instance import Instance
    from serflow_opt.traffic.provision.result import Part

AVAILABILITY = 0.999
"""Share of the time that as many as are planned are to be up, where nothing else is asked."""
ADDED = "blocks, types and counts chosen as if nothing were taken away, spares and mixes added afterwards"


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


@dataclass(frozen=True, slots=True)
class SpotMix:
    """Machines on spot and on demand of one type, and what they cost while they are there, USD per second."""

    spot: int
    steady: int
    usd_per_s: float


def cheapest_mix(
    count: int, up: float, spot_usd: float, steady_usd: float, availability: float = AVAILABILITY
) -> SpotMix:
    """Return the cheapest machines of a type of which `count` are up for a share `availability` of the time.

    Parameters
    ----------
    count
        Machines that are planned.
    up
        Share of the time that one on spot is.
    spot_usd, steady_usd
        USD per second of one on spot, in the long run, and of one on demand; infinite: there is none.
    availability
        Below 1, unless all are always up.
    """
    mixes = []
    for steady in range(count + 1):
        spot = with_spares(count - steady, up, availability) if steady < count else 0
        usd = (spot * spot_usd if spot else 0.0) + (steady * steady_usd if steady else 0.0)
        mixes.append(SpotMix(spot, steady, usd))
    return min(mixes, key=lambda own: (own.usd_per_s, own.steady))


def paid_share(scaling: Scaling) -> float:
    """Return the share of the time that a machine of a tier is paid: while it is up, and while it starts."""
    rate, replace_s = scaling.interruptions_per_day, scaling.replace_s or 0.0
    return 1.0 if not rate else share_up(scaling) * (1 + rate * min(scaling.start_s or 0.0, replace_s) / DAY_S)


def spares_of(instance: Instance, parts: Sequence[Part], availability: float = AVAILABILITY) -> list[str]:
    """Return, for each pool of machines that are taken away, how many it takes with spares; then how those came about.

    Parameters
    ----------
    instance
        The problem.
    parts
        Blocks of a deployment.
    availability
        Share of the time that as many as are planned are to be up.
    """
    tiers, said = {own.name: own for own in instance.tiers}, []
    for part in (pool for block in parts for pool in (block.pools or (block,))):
        tier = tiers.get(part.machine_tier or "")
        up = 1.0 if tier is None else share_up(tier.scaling)
        if part.count and up < 1:
            most = with_spares(part.count, up, availability)
            share = math.floor(up * 1e4) / 100
            own = (
                f"{part.machine} never taken away: up for {share:g} % of the time, {most} keep {part.count} up for "
                f"{100 * availability:g} % of it"
            )
            said.append(own + _beside(instance, part, up, availability))
    return [*said, ADDED] if said else []


def _beside(instance: Instance, part: Part, up: float, availability: float) -> str:
    """Say the cheapest mix with the same type where it is not taken away, if there is one; empty: there is none."""
    tiers = {tier.name: n for n, tier in enumerate(instance.tiers)}
    here = tiers[part.machine_tier or ""]
    own = next(o for o in instance.options if (o.tier, o.name) == (here, part.machine))
    steady = [
        option.rent_per_s
        for option in instance.options
        if option.name == part.machine and share_up(instance.tiers[option.tier].scaling) == 1
    ]
    if not steady:
        return ""
    paid = own.rent_per_s * paid_share(instance.tiers[here].scaling)
    mix = cheapest_mix(part.count, up, paid, min(steady), availability)
    return f", at least cost {mix.spot} of them and {mix.steady} on demand, {mix.usd_per_s * 3600:.4g} USD/h"
