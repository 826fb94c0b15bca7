"""Column generation: prices of what is shared, the plans that are best at them, and the Lagrangian bound.

For any prices mu, nu >= 0 the services' best values at them, less the worth of all that is shared, are a bound:

    L(mu, nu) = sum_k min (f_k + mu c_k + sum_t nu_t m_tk) - mu B - sum_t nu_t N_t

The relaxed master gives prices, the services answer with plans and with a bound, until the two values meet.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from serflow_opt.fleets.master import FleetMaster, SharedLimits
from serflow_opt.fleets.pricing import FleetService, PricingOutcome, PricingTask, SharedPrices
from serflow_opt.fleets.workers import Searches
from serflow_opt.ground.tolerances import BOUNDS_MET

ROUNDS = 200
"""Rounds of prices at most."""


@dataclass
class LagrangianBound:
    """The best Lagrangian bound, its prices, and what no plan of each service is below at them."""

    bound: float = -math.inf
    prices: SharedPrices = field(default_factory=SharedPrices)
    values: list[float] = field(default_factory=list)
    relaxed: float = math.inf
    rounds: int = 0
    cuts: list[list[tuple[float, float]]] = field(default_factory=list)
    """By service, (price of a dollar, what no plan of the service is below at it), where only money is shared."""


def tasks_at(services: Sequence[FleetService], prices: SharedPrices) -> list[PricingTask]:
    """Return the task of each service at prices."""
    return [PricingTask(number, service, prices) for number, service in enumerate(services)]


def lagrangian(answers: Sequence[PricingOutcome], shared: SharedLimits, prices: SharedPrices) -> float:
    """Return the bound L that answers at prices give.

    Parameters
    ----------
    answers
        One a service, each at these prices.
    shared
        Of which its worth at the prices is taken off.
    prices
        mu and nu_t, in units of the fleet's objective.
    """
    return math.fsum(own.bound for own in answers) - shared.at(prices)


def generate(
    services: Sequence[FleetService],
    master: FleetMaster,
    searches: Searches,
    gap: float,
    tell: Callable[[str, float, float], None],
) -> LagrangianBound:
    """Add plans to the master until its relaxation cannot become better, or time runs out.

    Parameters
    ----------
    services, master
        The fleet, and plans that together stay within what is shared (or what is short costs).
    searches
        Answer the tasks.
    gap
        Relaxation and bound this close, relative, are enough.
    tell
        Told what is done, the value of the relaxation, and the bound.
    """
    best = LagrangianBound()
    for n in range(ROUNDS):
        if searches.deadline.expired:
            break
        relaxed = master.relaxed(searches.deadline)
        if relaxed is None:
            break
        best.relaxed, prices = relaxed
        answers = searches.ask(tasks_at(services, prices))
        new = [master.add(own.column) for own in answers]
        bound = lagrangian(answers, master.shared, prices)
        best.rounds = n + 1
        best.cuts = best.cuts or [[] for _ in services]
        for cuts, own in zip(best.cuts, answers, strict=True):
            if prices.objective and not own.task.service.types and math.isfinite(own.bound):
                cuts.append((prices.dollar, own.bound))
        if bound > best.bound:
            best.bound, best.prices, best.values = bound, prices, [own.bound for own in answers]
        tell("pricing", best.relaxed, best.bound)
        if best.relaxed - best.bound <= max(gap / 10, BOUNDS_MET) * abs(best.relaxed) or not any(new):
            break
    return best
