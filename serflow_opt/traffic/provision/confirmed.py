"""What a simulation makes of a deployment whose promise rests on a formula for waits.

The formula takes departures for Poisson, waits of blocks for independent, and service times for two moments. So the
counts it finds are put under simulated traffic: they have to keep the limit, and one machine less in any block without
a function has to break it. Where formula and simulation disagree the simulation decides: of deployments with more slack
the cheapest that it confirms is handed out (`trials.py`).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from serflow_opt.ground.deadline import Deadline
from serflow_opt.traffic.confirm.confirm import confirm
from serflow_opt.traffic.confirm.result import Confirmation, LatencyTarget
from serflow_opt.traffic.provision.lateness import TAIL
from serflow_opt.traffic.provision.pools import Apart, BlockPool, pools_of
from serflow_opt.traffic.provision.slack import SlackLadder, Valuation
from serflow_opt.traffic.provision.trials import Trials
from serflow_opt.traffic.simulate.service_times import Law

if TYPE_CHECKING:
    from serflow_opt.traffic.demand.rates import Rates
    from serflow_opt.traffic.provision.promise import Promise
    from serflow_opt.traffic.provision.structures import Structure
    from serflow_opt.traffic.provision.waits import Size
    from serflow_opt.traffic.service import Block, Service

REQUESTS, REQUESTS_LESS = 6_400_000, 1_600_000
"""Requests that a simulation of a deployment may take, and one with a machine less: about 2 and 0.5 s. In the worst
case, where one in 10,000 may be late, both may take the first."""


@dataclass(frozen=True, slots=True)
class Less:
    """What came of one machine less in a block.

    Attributes
    ----------
    block
        Its position.
    found
        What the simulation says.
    pool
        Position of the pool in the block, where that has two.
    """

    block: int
    found: Confirmation
    pool: int = 0


@dataclass(frozen=True, slots=True)
class Simulated:
    """What simulations say of a deployment.

    Attributes
    ----------
    kept
        Of the deployment.
    less
        Of one machine less, for each pool of a block that has machines alone.
    changed
        What the simulation changed of the formula's answer, in words; empty: nothing.
    """

    kept: Confirmation
    less: tuple[Less, ...] = ()
    changed: str = ""

    @property
    def agrees(self) -> bool:
        """Whether simulation and formula come to the same counts."""
        return not self.changed and self.kept.verdict != "broken"

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON has it."""
        return {
            "kept": self.kept.to_dict(),
            "one_less": [{"block": own.block + 1, "pool": own.pool + 1, **own.found.to_dict()} for own in self.less],
            "changed": self.changed,
        }


def target_of(promise: Promise) -> LatencyTarget | None:
    """Return what a simulation is to confirm; None where there is no latency limit."""
    bound, quantile = promise.instance.latency_slo_s, promise.instance.quantile
    if bound is None:
        return None
    if promise.measure == "mean":
        return LatencyTarget("mean", bound)
    return LatencyTarget("share", bound, TAIL if quantile is None else 1 - quantile)


def _law(promise: Promise) -> Law:
    """Return how service times scatter in simulations; lognormal with the deviations that the service states."""
    law = promise.structures.law
    if promise.measure == "worst":
        return Law()
    return Law("lognormal", 0.0) if law.name in ("fixed", "lognormal") else law


def confirmed(
    promise: Promise,
    structure: Structure,
    service: Service,
    sizes: Sequence[Size],
    fewest: Sequence[int],
    demand: Rates,
    deadline: Deadline,
    *,
    valuation: Valuation | None = None,
    keep_rooms: bool = False,
) -> tuple[tuple[Size, ...], Simulated | None]:
    """Put a deployment under simulated traffic, and change its sizes until it keeps the limit with no machine too many.

    Parameters
    ----------
    promise
        The latency limit.
    structure, service, sizes
        What runs each block, the same at its thresholds, and machines by pool.
    fewest
        By pool, the fewest machines that other limits leave, such as the utilisation cap.
    demand
        Rates of arrival.
    deadline
        When to stop.
    valuation
        What sizes cost and take of the limit; None: not known but for what machines cost.
    keep_rooms
        Whether nobody is late for waiting beside a function, so that as many may wait there, whatever is simulated.

    Returns
    -------
    tuple
        The sizes, of which counts and room may be new, and what was simulated; None where nobody waits.
    """
    target = target_of(promise)
    waits = [size.room is None if keep_rooms else size.room != 0 for size in sizes]
    waiting = [n for n, size in enumerate(sizes) if size.count and waits[n]]
    if target is None or not promise.random or not waiting:
        return tuple(sizes), None
    asked, pools = target, pools_of(promise.structures, structure)
    blocks = Apart.of(service, pools).blocks
    cold = [0.0 if c.function is None else promise.structures.option(c.function).cold_share for c in structure]

    known = dict[tuple[tuple[int, ...], tuple[int | None, ...]], tuple[int, Confirmation]]()

    def simulated(own: Sequence[Size], deadline: Deadline = deadline, most: int = REQUESTS) -> Confirmation:
        counts, rooms = tuple(size.count for size in own), tuple(size.room for size in own)
        before, found = known.get((counts, rooms), (0, None))
        if found is not None and before >= most:  # with a machine less it may be one that was tried before
            return found
        found = confirm(
            service,
            counts,
            demand,
            target=asked,
            queue_max=rooms,
            cold_shares=cold,
            law=_law(promise),
            most_requests=most,
            deadline=deadline,
        )
        if found.requests:
            known[counts, rooms] = most, found
        return found

    ladder = SlackLadder(sizes, blocks, valuation or _rent(blocks), keep_rooms=keep_rooms)
    chosen = Trials(ladder, lambda own, until, times: simulated(own, until, times * REQUESTS), deadline).run()
    alone = [n for n in waiting if pools[n].choice.function is None]
    most_less = REQUESTS if promise.measure == "worst" else REQUESTS_LESS
    now, found, less = _fewer(
        lambda own, **more: simulated(own, most=most_less, **more), list(chosen.sizes), chosen.found, alone, fewest
    )
    told = [Less(pools[n].block, own, int(n > 0 and pools[n - 1].block == pools[n].block)) for n, own in less.items()]
    changed = _changed(promise, pools, now, sizes)
    if changed and chosen.first.verdict != "kept":
        changed += f" ({'refuted' if chosen.first.verdict == 'broken' else 'not confirmed'})"
    return tuple(now), Simulated(found, tuple(told), changed)


def _rent(blocks: Sequence[Block]) -> Valuation:
    """Return what machines cost, where nothing is known of how much they take of the limit."""
    rents = [block.machines[0].usd_per_s if block.machines else 0.0 for block in blocks]
    return lambda sizes: (math.fsum(rent * own.count for rent, own in zip(rents, sizes, strict=True)), math.nan)


def _fewer(
    simulated: Callable[..., Confirmation],
    sizes: list[Size],
    found: Confirmation,
    alone: Sequence[int],
    fewest: Sequence[int],
) -> tuple[list[Size], Confirmation, dict[int, Confirmation]]:
    """Take away machines that simulations say are too many.

    Parameters
    ----------
    simulated
        Simulates sizes, until a deadline.
    sizes, found
        Machines and places by pool, and what was found of them.
    alone
        Pools without a function that requests wait for.
    fewest
        By pool, the fewest machines that other limits leave.

    Returns
    -------
    tuple
        The sizes that are left, what was found of these, and by pool of one machine less.
    """
    less, open_ = dict[int, Confirmation](), list(alone)
    while found.verdict != "broken":
        n = next((n for n in open_ if n not in less and sizes[n].count > 1), None)
        if n is None:
            break
        fewer = [replace(size, count=size.count - (m == n)) for m, size in enumerate(sizes)]
        held = sizes[n].count <= fewest[n]  # then nothing is to be simulated: it is too much work, or another limit
        own = simulated(fewer, deadline=Deadline(0.0)) if held else simulated(fewer)
        if held and own.verdict != "broken":
            open_.remove(n)
        elif own.verdict == "kept":
            sizes, found, less = fewer, own, {}
        else:
            less[n] = own
    return sizes, found, less


def _changed(promise: Promise, pools: Sequence[BlockPool], now: Sequence[Size], sizes: Sequence[Size]) -> str:
    """Say which sizes are others now."""
    return "; ".join(
        f"stages {pool.choice.first + 1}-{pool.choice.last + 1}{_which(pool, promise)}: {_said(new)}, not {_said(old)}"
        for pool, new, old in zip(pools, now, sizes, strict=True)
        if (new.count, new.room) != (old.count, old.room)
    )


def _which(pool: BlockPool, promise: Promise) -> str:
    """Name one of two pools."""
    p = pool.choice.machine
    return "" if pool.share == 1 or p is None else f" on {promise.structures.option(p).name}"


def _said(size: Size) -> str:
    waits = "" if size.room is None else f" and {size.room} that may wait"
    return f"{size.count} machine{'s' * (size.count != 1)}{waits}"
