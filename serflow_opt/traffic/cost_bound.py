"""The least that any autoscaler of one pool of machines pays for a trace.

Time is cut into steps at whose ends machines become ready or stop. What comes in a step but for its last `slo`
seconds has to be served within the step, or is late: that is the demand which the bound counts; what may wait into
the next step is left out. So requests may wait as long as they like below the target, and no queue is assumed.

How many machines are rented when is the recursion over levels of demand (`schedule/levels.py`), exact for one type.
Where a share may be late, each late request gets a price: the least of rent and price together, less the price of all
that may be late, is a lower bound at every price, and the highest of these is told (Lagrangian duality).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from serflow_opt.errors import InputError, Problem
from serflow_opt.ground.arguments import as_number, shown
from serflow_opt.ground.deadline import Deadline
from serflow_opt.ground.tolerances import DEFAULT_GAP, MOMENT, ROUNDING
from serflow_opt.traffic.batches.capacity import capacity_in_batches
from serflow_opt.traffic.bound_result import CostBound, ScaledPool
from serflow_opt.traffic.given import trace_of
from serflow_opt.traffic.provision.capacity import MOST_MACHINES
from serflow_opt.traffic.schedule.levels import Demand, Spell, best_levels

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from serflow_opt.traffic.demand.trace import Trace

    Floats = NDArray[np.float64]

LEAST_STEP_S, OF_SLO = 60.0, 20.0
"""A step that nobody chose: at least so many seconds, and so many times the latency target."""
PRICES, CLOSE = 30, DEFAULT_GAP
"""Prices of late requests that are tried at most, and how near to the highest bound, relative, ends that."""
MOST_STEPS = 200_000
"""Steps of a trace; a minute each are 138 days."""


def cost_bound(
    trace: Trace | str | Path,
    *,
    slo_s: float,
    capacity_per_s: float | Mapping[int, float],
    usd_per_hour: float,
    start_s: float = 0.0,
    billing_min_s: float = 0.0,
    late: float = 0.0,
    step_s: float | None = None,
    paid_usd: float | None = None,
) -> CostBound:
    """Return what no autoscaler of one pool of machines can pay less than, whatever it knows of what will come.

    Parameters
    ----------
    trace
        Requests by period, or the file of it; they come evenly within each period.
    slo_s
        Seconds from arrival within which a request must be served.
    capacity_per_s
        Requests a second that a machine serves at most; or seconds that it takes for batches, by size: then those of
        the size that serves most and ends within the target.
    usd_per_hour
        Rent of a machine, from its order on.
    start_s
        Seconds from order to first request.
    billing_min_s
        Seconds of each machine that are billed at least.
    late
        Share of the requests that may be late, 0 to 1.
    step_s
        Seconds between the moments at which machines become ready or stop; None: a minute, or as many periods of the
        trace and targets as it takes.
    paid_usd
        What somebody paid, to be told beside it; None: nothing is known.

    Raises
    ------
    InputError
        With every parameter that makes no sense.
    """
    trace, deadline = trace_of(trace), Deadline(None)
    if isinstance(capacity_per_s, Mapping):
        capacity_per_s = capacity_in_batches(capacity_per_s, as_number(slo_s))
    pool = ScaledPool(slo_s, capacity_per_s, usd_per_hour, start_s, billing_min_s, late)
    step = _checked(pool, trace, step_s, paid_usd)
    edges = np.append(np.arange(math.ceil(trace.seconds / step * (1 - ROUNDING))) * step, trace.seconds)
    allowed = late * trace.requests
    must = _demand(trace, edges, slo_s)
    billed = billing_min_s <= start_s + step + MOMENT  # else no rental is that short: it starts, and serves a step
    bound = _Levelled(must, edges, pool).least(allowed)[0]
    served = _Levelled(_demand(trace, edges, 0.0), edges, pool)
    _, spells = served.least(allowed)
    rent = math.fsum(max(billing_min_s, end - begin) for begin, end in spells) * usd_per_hour / 3600
    return CostBound(
        trace.name,
        trace.requests,
        trace.seconds,
        step,
        pool,
        min(bound, rent),
        rent,
        billed,
        tuple(served.demand.rates.tolist()),
        tuple(int(n) for n in served.ready(spells)),
        deadline.seconds,
        paid_usd,
    )


def _demand(trace: Trace, edges: Floats, slack_s: float) -> Demand:
    """Requests a second of each step, without those of its last seconds."""
    came = np.concatenate([[0.0], np.cumsum(trace.counts)])
    at = np.arange(len(trace.counts) + 1) * trace.period_s
    until = np.maximum(edges[:-1], edges[1:] - slack_s)
    amounts = np.interp(until, at, came) - np.interp(edges[:-1], at, came)
    return Demand(edges, np.asarray(amounts / np.diff(edges), dtype=float))


class _Levelled:
    """A demand by steps, and the pool that serves it."""

    def __init__(self, demand: Demand, edges: Floats, pool: ScaledPool) -> None:
        self.demand, self.edges, self.pool = demand, edges, pool
        changed = np.concatenate([[True], np.diff(demand.rates) != 0, [True]])
        marks = edges[changed]  # where demand stays, machines gain nothing by becoming ready or stopping
        at = np.unique(np.concatenate([marks, marks[:-1] - pool.start_s]))
        self.at = at[np.concatenate([[True], np.diff(at) > MOMENT])]

    def least(self, allowed: float) -> tuple[float, list[Spell]]:
        """Return a lower bound on the rent if so many requests may be left, and rentals that leave no more."""
        total = self.demand.requests
        if not total > allowed:
            return 0.0, []
        dear, found = self._at(math.inf)
        if not allowed:
            return dear, found
        bound, over, under = 0.0, (0.0, total), (dear, 0.0)  # rent, requests left: with too many left, and with few
        for _ in range(PRICES):  # as the price rises the least falls between the two lines: try where they meet
            price = (under[0] - over[0]) / (over[1] - under[1])
            usd, spells = self._at(price)
            meet = over[0] + price * (over[1] - allowed)
            bound = max(bound, usd - price * allowed)
            rent = self.pool.usd_per_s * math.fsum(end - begin for begin, end in spells)
            left = (usd - rent) / price
            if left > allowed:
                over = rent, left
            else:
                under, found = (rent, left), spells
            if bound >= meet * (1 - CLOSE) or not over[1] > under[1]:
                break
        return bound, found

    def _at(self, price: float) -> tuple[float, list[Spell]]:
        """The least of rent and the price of what is left, and its rentals."""
        pool = self.pool
        levels = best_levels(
            self.demand,
            self.at,
            rate=pool.capacity_per_s,
            usd_per_s=pool.usd_per_s,
            start_s=pool.start_s,
            usd_per_request=price,
        )
        return levels.usd + (price * self.demand.requests if math.isfinite(price) else 0.0), levels.rentals

    def ready(self, spells: list[Spell]) -> NDArray[np.int64]:
        """Return how many machines are ready throughout each step."""
        ready = np.zeros(len(self.edges), dtype=np.int64)
        for begin, end in spells:
            first = int(np.searchsorted(self.edges, begin + self.pool.start_s - MOMENT))
            last = int(np.searchsorted(self.edges, end + MOMENT, side="right")) - 1
            if last > first:
                ready[first] += 1
                ready[last] -= 1
        return np.asarray(np.cumsum(ready)[:-1])


def _checked(pool: ScaledPool, trace: Trace, step_s: float | None, paid_usd: float | None) -> float:
    """Return the step; InputError with all parameters that make no sense."""
    problems = []

    def wrong(name: str, value: object, cure: str) -> None:
        problems.append(Problem("", name, shown(value), cure))

    numbers = {name: as_number(getattr(pool, name)) for name in pool.__slots__}
    for name, unit in (("slo_s", "seconds"), ("capacity_per_s", "requests a second"), ("usd_per_hour", "USD an hour")):
        if not 0 < numbers[name] < math.inf:
            wrong(name, getattr(pool, name), f"write {unit}, more than 0")
    for name in ("start_s", "billing_min_s"):
        if not 0 <= numbers[name] < math.inf:
            wrong(name, getattr(pool, name), "write seconds, 0 or more")
    if not 0 <= numbers["late"] < 1:
        wrong("late", pool.late, "write a share, 0 or more and below 1")
    if paid_usd is not None and not 0 <= as_number(paid_usd) < math.inf:
        wrong("paid_usd", paid_usd, "write USD, 0 or more")
    peak = float(trace.counts.max(initial=0)) / trace.period_s
    if not problems and peak > MOST_MACHINES * numbers["capacity_per_s"]:
        cure = f"write at least {peak / MOST_MACHINES:.3g}: at most {MOST_MACHINES:,} machines are counted"
        wrong("capacity_per_s", pool.capacity_per_s, cure)
    if problems:
        raise InputError(problems)
    period = trace.period_s
    if step_s is None:
        return max(1, math.ceil(max(LEAST_STEP_S, OF_SLO * pool.slo_s) / period * (1 - ROUNDING))) * period
    if not pool.slo_s < as_number(step_s) < math.inf:
        wrong("step_s", step_s, f"write seconds, more than the latency target of {pool.slo_s:g}")
    elif trace.seconds > MOST_STEPS * step_s:
        wrong("step_s", step_s, f"write at least {trace.seconds / MOST_STEPS:g}, or take a part of the trace")
    if problems:
        raise InputError(problems)
    return float(step_s)
