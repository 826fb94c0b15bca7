"""The best schedule where carbon counts: at a price, and by prices within a limit.

At given weights of money and carbon a block with one type is done level by level, exactly (`levels.py`): rent and what
a request spares change by the hour, and nothing in the argument needs them not to. Several types, and requests that may
wait, are the model of `formulations/dispatch.py`, started from the best that single types reach.

Within a limit on carbon the least money is bounded by every price w of a gram: no schedule that keeps the limit G costs
less than min(money + w grams) - w G. The price is searched until what keeps the limit is as cheap, or as near as prices
come; what lies between two neighbouring schedules of the front's lower hull is a gap that is told.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from serflow_opt.ground.deadline import Deadline
from serflow_opt.ground.tolerances import MOMENT, ROUNDING
from serflow_opt.traffic.demand.trace import Trace
from serflow_opt.traffic.schedule.dominance import dominated
from serflow_opt.traffic.schedule.emitted import CarbonPrice, Emitted, evaluate_emitted, hours_of, request_grams
from serflow_opt.traffic.schedule.evaluate import Rental, rentals_of, served_per_s
from serflow_opt.traffic.schedule.levels import Demand, Spell, best_levels, moments
from serflow_opt.traffic.service import Machine, Service

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class MayWait:
    """Requests that may wait.

    Attributes
    ----------
    share
        Of all.
    most_s
        How long each, seconds: whole periods of the trace.
    """

    share: float
    most_s: float


@dataclass
class PricedBlock:
    """A block on its way to a schedule at a price.

    Attributes
    ----------
    machines, rates, dropped
        Types that are left, requests a second of each, and the others with one that is never worse.
    rentals, worth, bound
        The best so far, what it is worth at the price, and what no schedule is below.
    """

    service: Service
    b: int
    demand: Demand
    at: Floats
    cap: float
    machines: tuple[Machine, ...]
    rates: tuple[float, ...]
    dropped: dict[str, str]
    rentals: tuple[Rental, ...] = ()
    worth: float = math.inf
    bound: float = 0.0
    checked: float = 0.0
    how: list[str] = field(default_factory=list)

    @property
    def must(self) -> bool:
        """Whether machines have to serve all there is."""
        return self.service.blocks[self.b].function is None

    def offer(self, plan: Sequence[Sequence[Spell]], price: CarbonPrice) -> None:
        """Take rentals by type if they are the best so far."""
        rentals = self.rented(plan)
        worth = self.emitted(rentals, price).value(price)
        if worth < self.worth:
            self.rentals, self.worth = rentals, worth

    def rented(self, plan: Sequence[Sequence[Spell]]) -> tuple[Rental, ...]:
        """Return the machines of a plan, in the order of their orders."""
        return rentals_of(self.machines, plan)

    def emitted(self, rentals: Sequence[Rental], price: CarbonPrice, demand: Demand | None = None) -> Emitted:
        """Return what rentals cost and emit.

        Parameters
        ----------
        rentals
            Of the block.
        price
            By which it is decided who serves.
        demand
            None: as it comes.
        """
        served = self.demand if demand is None else demand
        return evaluate_emitted(self.service, self.b, served, rentals, utilisation_cap=self.cap, price=price)


def block_of(
    service: Service, b: int, trace: Trace, step_s: float, cap: float, waiting: MayWait | None = None
) -> PricedBlock:
    """Return what there is to do for a block.

    Parameters
    ----------
    service, b
        The service, and the position of the block.
    trace
        Requests a period.
    step_s, cap
        Seconds between decisions, and the share of a machine's rate that is used.
    waiting
        None: no request waits.
    """
    edges = np.arange(len(trace.counts) + 1) * trace.period_s
    rates = trace.counts * (service.reach(b) / trace.period_s)
    demand = Demand(np.asarray(edges, dtype=float), np.asarray(rates, dtype=float))
    block = service.blocks[b]
    most = max(demand.peak, 1.0) if waiting is None else max(demand.requests / trace.period_s, 1.0)
    served = {own.name: min(served_per_s(service, b, own, cap), most) for own in block.machines}
    dropped = _dominated(service, b, served)
    kept = tuple(own for own in block.machines if own.name not in dropped)
    early = [own.start_s for own in kept] if block.function is None else []
    at = moments(trace.seconds, step_s, early)
    return PricedBlock(service, b, demand, at, cap, kept, tuple(served[own.name] for own in kept), dropped)


def _dominated(service: Service, b: int, rates: dict[str, float]) -> dict[str, str]:
    """Types that need not be looked at, each with one that is never dearer, nor emits more: see `solve.dominated`."""
    types = {own.name: own for own in service.blocks[b].machines}

    def cleaner(name: str, other: str) -> bool:
        own, worse = types[other], types[name]
        number = math.ceil(rates[name] / rates[other] * (1 - ROUNDING))
        if own.on_carbon is None or worse.on_carbon is None or own.busy_carbon is None or worse.busy_carbon is None:
            return False
        works = own.busy_carbon.times(service.busy_s(b, own)), worse.busy_carbon.times(service.busy_s(b, worse))
        return own.on_carbon.times(number).never_above(worse.on_carbon) and works[0].never_above(works[1])

    return dominated(service.blocks[b].machines, rates, beside=cleaner)


def by_levels(task: PricedBlock, price: CarbonPrice, deadline: Deadline) -> None:
    """Offer the best of each type alone; of a single one that is proven.

    Parameters
    ----------
    task
        A block.
    price
        Of money and carbon.
    deadline
        When to stop.

    Raises
    ------
    OutOfTime
        At the deadline.
    """
    service, b = task.service, task.b
    end = float(task.demand.edges[-1])
    edges = np.unique(np.concatenate([task.demand.edges, hours_of(service, b, 0.0, end)]))
    middle = (edges[1:] + edges[:-1]) / 2
    rates = task.demand.rates[np.searchsorted(task.demand.edges, middle, side="right") - 1]
    cut = Demand(edges, rates)
    requests = rates * np.diff(edges)
    called = price.gram * request_grams(service, b, None, middle)
    if not task.must:
        called = called + price.usd * service.function_usd(b)
    nothing: list[tuple[Spell, ...]] = [() for _ in task.machines]
    if not task.must or not task.demand.peak:
        task.offer(nothing, price)
    for p, own in enumerate(task.machines):
        works = price.gram * request_grams(service, b, own, middle)
        early = task.at >= -own.start_s - MOMENT
        at = task.at[early]
        rent = price.usd * own.usd_per_s * (at - at[0])
        if own.on_carbon is not None and price.gram:
            rent = rent + price.gram * own.on_carbon.grams(np.full(len(at), at[0]), at)
        found = best_levels(
            cut,
            at,
            rate=task.rates[p],
            usd_per_s=0.0,
            rent=rent,
            start_s=own.start_s,
            usd_per_request=math.inf if task.must else np.maximum(called - works, 0.0),
            machines_max=own.machines_max,
            deadline=deadline,
        )
        if found.covered or not task.must:
            task.offer([tuple(found.rentals) if q == p else () for q in range(len(task.machines))], price)
        if len(task.machines) == 1:
            base = works if task.must else called
            least = found.usd + float(base @ requests) if found.covered or not task.must else 0.0
            task.bound = task.checked = min(max(least, 0.0), task.worth)
            task.how.append("slices by the hour")
    if not task.machines:
        task.bound = task.checked = task.worth
        task.how.append("functions alone")


def fluid_bound(task: PricedBlock, price: CarbonPrice) -> float:
    """Return what the requests of a block are worth if machines came in any size, at once and by the second.

    Parameters
    ----------
    task
        A block.
    price
        Of money and carbon.
    """
    service, b = task.service, task.b
    edges = np.unique(np.concatenate([task.demand.edges, hours_of(service, b, 0.0, float(task.demand.edges[-1]))]))
    middle = (edges[1:] + edges[:-1]) / 2
    rates = task.demand.rates[np.searchsorted(task.demand.edges, middle, side="right") - 1]
    ways = []
    for own, rate in zip(task.machines, task.rates, strict=True):
        on = price.usd * own.usd_per_s + (0.0 if own.on_carbon is None else price.gram * own.on_carbon.at(middle))
        ways.append(on / rate + price.gram * request_grams(service, b, own, middle))
    if not task.must:
        ways.append(price.usd * service.function_usd(b) + price.gram * request_grams(service, b, None, middle))
    if not ways:
        return 0.0
    return float((np.min(ways, axis=0) * rates) @ np.diff(edges))
