"""One block on its way to a schedule."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from serflow_opt.ground.deadline import NEVER, Deadline
from serflow_opt.ground.gaps import relative_gap
from serflow_opt.ground.tolerances import MOMENT
from serflow_opt.traffic.demand.trace import Trace
from serflow_opt.traffic.schedule.evaluate import Rental, evaluate_block, rentals_of
from serflow_opt.traffic.schedule.levels import Demand, Levels, Spell, best_levels
from serflow_opt.traffic.service import Machine, Service

if TYPE_CHECKING:
    from numpy.typing import NDArray


Plan = tuple[tuple[Spell, ...], ...]
"""By type, when its machines are rented."""
PASSES = 3
"""How often the types of a mix are improved in turn."""


@dataclass(slots=True)
class BlockTask:
    """One block on its way to a schedule.

    Attributes
    ----------
    machines, rates
        The types that are left, and the requests a second that each serves.
    bound, checked
        No schedule is below, and whatever a solver says.
    """

    service: Service
    b: int
    trace: Trace
    cap: float
    demand: Demand
    at: NDArray[np.float64]
    usd_per_request: float
    machines: tuple[Machine, ...]
    rates: tuple[float, ...]
    dropped: dict[str, str]
    plan: Plan = ()
    usd: float = math.inf
    bound: float = 0.0
    checked: float = 0.0
    how: list[str] = field(default_factory=list)

    @property
    def must(self) -> bool:
        """Whether machines have to serve all there is."""
        return not math.isfinite(self.usd_per_request)

    @property
    def gap(self) -> float:
        """How far the bound is below, relative."""
        return relative_gap(self.usd, self.bound)

    def rentals(self, plan: Plan) -> tuple[Rental, ...]:
        """Return the machines of a plan, in the order of their orders."""
        return rentals_of(self.machines, plan)

    def offer(self, plan: Plan) -> bool:
        """Take a plan if it is the best so far; say whether it is."""
        usd = evaluate_block(self.service, self.b, self.trace, self.rentals(plan), utilisation_cap=self.cap).usd
        if usd >= self.usd:
            return False
        self.plan, self.usd = plan, usd
        return True

    def raise_bound(self, bound: float, checked: float | None = None) -> None:
        """Note that no schedule is below; what lies above the value of a schedule does so by rounding.

        Parameters
        ----------
        checked
            The same whatever a solver says; None: no solver has said anything.
        """
        self.bound = min(max(self.bound, bound), self.usd)
        self.checked = min(max(self.checked, bound if checked is None else checked), self.bound)

    def levels(self, p: int, demand: Demand, *, billing: bool = True, deadline: Deadline = NEVER) -> Levels:
        """Return the best rentals of one type for a demand.

        Parameters
        ----------
        p
            Position of the type in `machines`.
        demand
            What it may serve: all of the block's, or what other types leave.
        billing
            Whether least billing counts; without it the sum is a lower bound.
        deadline
            When to stop.

        Raises
        ------
        OutOfTime
            At the deadline.
        """
        machine = self.machines[p]
        early = self.at >= -machine.start_s - MOMENT
        return best_levels(
            demand,
            self.at[early],
            rate=self.rates[p],
            usd_per_s=machine.usd_per_s,
            start_s=machine.start_s,
            billing_min_s=machine.billing_min_s if billing else 0.0,
            usd_per_request=self.usd_per_request,
            machines_max=machine.machines_max,
            deadline=deadline,
        )

    def left_by(self, plan: Plan, but: int = -1) -> Demand:
        """Return the demand that is left by the machines of a plan, those of one type not counted."""
        served = []
        for p, spells in enumerate(plan):
            if p != but:
                usable = [(begin + self.machines[p].start_s, end) for begin, end in spells]
                served.append((self.rates[p], usable))
        return self.demand.less(served)


def improve(task: BlockTask, plan: Plan, order: Iterable[int], deadline: Deadline) -> None:
    """Fit types in turn to what the others leave, as long as that helps.

    Parameters
    ----------
    task
        Is offered what comes of it.
    plan
        Rentals to begin with.
    order
        Positions of the types that are fitted first, in this order; after that all of them are, as listed.
    deadline
        When to stop.

    Raises
    ------
    OutOfTime
        At the deadline; what `task` has taken by then stays.
    """
    order = list(order)
    best = math.inf
    for _ in range(PASSES):
        for q in order:
            fitted = task.levels(q, task.left_by(plan, but=q), deadline=deadline)
            plan = (*plan[:q], tuple(fitted.rentals), *plan[q + 1 :])
        usd = evaluate_block(task.service, task.b, task.trace, task.rentals(plan), utilisation_cap=task.cap).usd
        task.offer(plan)
        if not usd < best:
            return
        best = usd
        order = list(range(len(task.machines)))
