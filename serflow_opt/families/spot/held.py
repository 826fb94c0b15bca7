"""A pool held in a market: what is lost is started again as soon as it can be, and nothing else is done."""

from __future__ import annotations

import itertools
import math
from pathlib import Path
from typing import TYPE_CHECKING

from serflow_opt.families.registry import family_of
from serflow_opt.families.simulated import beside
from serflow_opt.families.spot.evaluate import value
from serflow_opt.families.spot.market import Market, MarketMachines
from serflow_opt.families.spot.market_file import read_market
from serflow_opt.families.spot.problem import DAY_S, Counts, SpotPool
from serflow_opt.families.spot.simulated import PoolSimulated

if TYPE_CHECKING:
    from serflow_opt.families.protocol import Question


def in_market(problem: Question, counts: Counts, path: Path, step_s: float) -> PoolSimulated:
    """Hold a pool in the market of a file.

    Parameters
    ----------
    problem, counts
        Of kind spot, and its machines by offer.
    path, step_s
        As `read_market` takes them.

    Raises
    ------
    InputError
        For a file that is no market.
    """
    pool: SpotPool = problem.data
    market, family = read_market(pool, path, step_s), family_of(problem)
    planned, (found, short) = value(pool, counts).values, held(pool, market, counts)
    return PoolSimulated(
        kind=problem.kind,
        instance=problem.name,
        days=len(market) * step_s / DAY_S,
        seed=0,
        figures=[
            beside(own.word, own.unit, planned[own.name], planned[own.name], found[own.name])
            for own in family.quantities
        ],
        shortages=len(short),
        shortage_mean_s=math.fsum(short) / len(short) if short else 0.0,
        shortage_longest_s=max(short, default=0.0),
        requests=0,
        plan=family.document_of(problem, counts),
        trace=market.name,
    )


def held(pool: SpotPool, market: Market, counts: Counts) -> tuple[dict[str, float], list[float]]:
    """Return what a pool comes to in a market, by quantity, and how long each shortage lasts, seconds.

    Parameters
    ----------
    pool, market, counts
        What there is, when it can be had, and machines by offer that are held.
    """
    machines, late, lost = MarketMachines(pool, market), 0.0, 0
    enough: list[bool] = []
    for t in range(len(market)):
        machines.next_step()
        lost += sum(machines.lost)
        for j, count in enumerate(counts):
            machines.start(j, count - machines.held[j])
        machines.pay()
        workers = machines.workers()
        late += float(market.late[int(market.which[t]), workers]) * float(market.requests[t])
        enough.append(workers >= market.need[t])
    seconds = len(market) * market.step_s
    usd = math.fsum(paid * own.usd_per_s for paid, own in zip(machines.paid_s, pool.offers, strict=True))
    found = {
        "cost": usd / seconds * 3600,
        "late": late / float(market.requests.sum()),
        "availability": sum(enough) / len(market),
        "interruptions": lost / seconds * DAY_S,
    }
    short = [len(list(run)) * market.step_s for kept, run in itertools.groupby(enough) if not kept]
    return found, short
