"""A larger function where a smaller one would make too many late when it is cold.

`provision` takes the size of function that is cheapest among those that keep the target warm, or with the share of
calls that the instance says are cold. How many are depends on the trace. A larger function is through sooner, so that
fewer of its cold calls are late, and often costs a few hundredths more: the cheapest sizes are taken with which no more
are expected late than may be, else those with fewest. Where environments may be kept warm (`keep_warm.py`), each size
has as many as it needs: the cheapest of these pairs is taken.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from serflow_opt.ground.tolerances import TOLERANCE
from serflow_opt.traffic.control.keep_warm import KeepWarm, kept_warm
from serflow_opt.traffic.control.split import TraceRates, cheapest, cold_usd_per_s, split, too_late, usd_per_s
from serflow_opt.traffic.provision.service_of import scalable
from serflow_opt.traffic.provision.structures import Structures

if TYPE_CHECKING:
    from serflow_opt.problem.instance import Instance
    from serflow_opt.traffic.provision.structures import BlockChoice, Structure
    from serflow_opt.traffic.service import Service

MOST = 64
"""Combinations of sizes that are looked at, those with the smallest first."""


def sized(
    instance: Instance, structure: Structure, levels: Sequence[int], rates: TraceRates, how: KeepWarm = "off"
) -> Service:
    """Return the service of a deployment, its functions as large as cold starts ask for, and kept warm as pays.

    Parameters
    ----------
    instance
        The problem.
    structure, levels
        As of `scalable`.
    rates
        Of the trace. When their time is up the best that was looked at by then is taken.
    how
        How environments may be kept warm.
    """
    service = scalable(instance, structure, levels)
    if rates.deadline.expired:
        return service
    service = split(service, rates.planned)
    found = [kept_warm(service, rates, how)]
    least = math.inf if too_late(found[0], rates) > 0 else _usd(found[0], rates)
    if least < math.inf and how != "together":  # what a larger one saves of calls is less than it costs
        return found[0]
    for other in itertools.islice(_larger(Structures(instance, len(structure)), structure), MOST):
        if rates.deadline.expired:
            break
        own = split(scalable(instance, other, levels), rates.planned)
        if _no_slower(own, service) and usd_per_s(own, rates.planned, rates.seconds) < least:
            found.append(kept_warm(own, rates, how))
            least = least if too_late(found[-1], rates) > 0 else min(least, _usd(found[-1], rates))
    return cheapest(found, rates)


def _usd(service: Service, rates: TraceRates) -> float:
    """Return what a service costs a second, with what is cold and what is kept warm."""
    return usd_per_s(service, rates.planned, rates.seconds) + cold_usd_per_s(service, rates)


def _larger(structures: Structures, structure: Structure) -> Iterator[Structure]:
    """Yield the deployment with other sizes of its functions, those of the same tiers."""
    each = [_sizes(structures, choice) for choice in structure]
    for sizes in sorted(itertools.product(*(range(len(own)) for own in each)), key=sum):
        other = tuple(replace(c, function=own[k]) for c, own, k in zip(structure, each, sizes, strict=True))
        if other != tuple(structure):
            yield other


def _sizes(structures: Structures, choice: BlockChoice) -> list[int | None]:
    """Return the functions of its tier that may run a block, its own first; beside which machines does not matter."""
    own = choice.function
    if own is None or choice.batch > 1:
        return [own]
    tier = structures.tier(own)
    alike = {
        c.function
        for c in structures.choices(choice.first, choice.last)
        if c.function is not None and structures.tier(c.function) == tier
    }
    stages = range(choice.first, choice.last + 1)
    others = sorted(alike - {own}, key=lambda p: -math.fsum(structures.option(p).stage_seconds[s] for s in stages))
    return [own, *others]


def _no_slower(own: Service, than: Service) -> bool:
    """Whether no function takes longer than the one in its place."""
    pairs = [
        (a.function.seconds, b.function.seconds)
        for a, b in zip(own.blocks, than.blocks, strict=True)
        if a.function is not None and b.function is not None
    ]
    return all(s <= t * (1 + TOLERANCE) for a, b in pairs for s, t in zip(a, b, strict=True))
