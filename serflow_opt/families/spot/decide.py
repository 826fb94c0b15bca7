"""Pools as documents have them, and back; and what simpler rules come to."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from serflow_opt.errors import InputError, Problem, nearest
from serflow_opt.families.protocol import Other
from serflow_opt.families.spot.evaluate import value, workers_up
from serflow_opt.families.spot.problem import Counts, SpotOffer, SpotPool
from serflow_opt.families.spot.search import PoolSearch
from serflow_opt.ground.deadline import Deadline


def told(pool: SpotPool, counts: Counts) -> dict[str, Any]:
    """Return a pool as documents have it: machines by offer, how many are up, what they cost.

    Parameters
    ----------
    pool, counts
        What was decided of what.
    """
    chances, rows = workers_up(pool, counts), []
    for offer, count in zip(pool.offers, counts, strict=True):
        there = pool.there(offer)
        row: dict[str, Any] = {"offer": offer.name, "term": offer.term}
        if offer.zone is not None:
            row["zone"] = pool.zones[offer.zone].name
        up = there * offer.availability
        usd = count * there * offer.paid * offer.usd_per_s * 3600
        rows.append(row | {"machines": count, "up": up, "usd_per_hour": usd})
    return {
        "pool": rows,
        "workers_enough": pool.enough if pool.enough <= pool.most else None,
        "workers_mean": sum(c * own for c, own in enumerate(chances)),
        "all_gone": chances[0],
    }


def decided(pool: SpotPool, document: Mapping[str, Any]) -> Counts:
    """Return the machines of a document by offer, 0 of those that it leaves out.

    Raises
    ------
    InputError
        For offers that there are not, and for numbers that cannot be rented.
    """
    listed, names, problems = document.get("pool"), [own.name for own in pool.offers], []
    if not isinstance(listed, Sequence) or isinstance(listed, str):
        raise InputError([Problem("plan", "pool", repr(listed), "list offer and machines of each")])
    counts = [0] * len(names)
    for n, own in enumerate(listed, start=1):
        given = own if isinstance(own, Mapping) else {}
        name, count = given.get("offer"), given.get("machines")
        if name not in names:
            problems.append(Problem("plan", f"pool[{n}].offer", repr(name), nearest(str(name), names)))
            continue
        j = names.index(str(name))
        most = pool.offers[j].most
        if isinstance(count, bool) or not isinstance(count, int) or not 0 <= count <= most:
            cure = f"a whole number from 0 to {most}"
            problems.append(Problem("plan", f"pool[{n}].machines", repr(count), cure))
            continue
        counts[j] = count
    if problems:
        raise InputError(problems)
    return tuple(counts)


def obstacles(pool: SpotPool, limits: Mapping[str, float]) -> list[str]:
    """Say where all machines there may be are not enough."""
    if pool.enough > pool.most:
        return [
            f"all {pool.most} workers that there may be leave {pool.late[-1]:.3g} of the requests late, even if they "
            f"are all up; {pool.target:.3g} may be: raise machines_max or latency_slo_ms"
        ]
    return []


def others(pool: SpotPool, limits: Mapping[str, float]) -> list[Other]:
    """Return what other ways of renting come to: on demand alone, spot alone, one zone, as many as are needed.

    Parameters
    ----------
    pool, limits
        The first three keep the limits at least cost.
    """
    found = []
    ways: list[tuple[str, str, Callable[[SpotOffer], bool]]] = [
        ("on demand", "machines that are never taken away, alone", lambda own: own.availability == 1),
        ("spot alone", "machines that may be taken away, alone", lambda own: own.availability < 1),
    ]
    for name, words, keep in ways:
        only = replace(pool, offers=tuple(own if keep(own) else replace(own, most=0) for own in pool.offers))
        if sum(own.most for own in only.offers) not in (0, sum(own.most for own in pool.offers)):
            best = PoolSearch(only, {"cost": 1.0}, limits, 0.0, Deadline()).run()
            if best.counts is not None:
                found.append(Other(name, words, value(pool, best.counts).values))
    cheapest = min(range(len(pool.offers)), key=lambda j: pool.offers[j].usd_per_s / pool.offers[j].workers)
    offer = pool.offers[cheapest]
    for name, words, up in (
        ("cheapest, no spare", "as many of the cheapest as are enough if none is taken away", 1.0),
        ("cheapest, on average", "as many of the cheapest as are enough on average", offer.availability),
    ):
        count = -(-min(pool.enough, pool.most) // offer.workers)
        count = min(offer.most, int(-(-count // up)))
        counts = tuple(count if j == cheapest else 0 for j in range(len(pool.offers)))
        found.append(Other(name, words, value(pool, counts).values))
    return found
