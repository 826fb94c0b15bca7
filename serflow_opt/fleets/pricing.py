"""One service of a fleet: its best plan at given prices of what the fleet shares, found by an exact search.

Units inside: seconds, USD an hour. With what is minimised f (weighted by the service's share), the cost c in USD an
hour and the machines m_t of the types that are limited, a price mu of a dollar and prices nu_t of a machine make

    min  f + mu c + sum_t nu_t m_t        over the service's own plans

Prices of machines are added to their rents, so that the search sees an ordinary instance.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from serflow_opt.ground.tolerances import EQUAL, STRICTLY
from serflow_opt.plan.decision import Decision
from serflow_opt.plan.document import Metrics
from serflow_opt.plan.evaluator import evaluate
from serflow_opt.problem.instance import Instance
from serflow_opt.problem.kinds import Objective
from serflow_opt.problem.limits import at_most
from serflow_opt.problem.offers import Option
from serflow_opt.search.best import search
from serflow_opt.search.outcome import SearchSettings

HOUR = 3600.0


@dataclass(frozen=True)
class FleetService:
    """A service and how it counts.

    Attributes
    ----------
    instance
        The problem, with its rate.
    objective
        What the fleet minimises.
    share
        Times the objective's value (s, loss, J; USD an hour for the cost) is what the service adds to the fleet's.
    types
        Types of machines that are limited and that it could rent.
    """

    instance: Instance
    objective: Objective
    share: float
    types: tuple[str, ...]

    @property
    def per_hour(self) -> float:
        """Requests an hour."""
        assert self.instance.rate_per_s is not None
        return self.instance.rate_per_s * HOUR


@dataclass(frozen=True)
class PlanColumn:
    """A plan of a service: what it adds to the objective, what it costs (USD an hour), and machines by limited type."""

    service: int
    adds: float
    usd_per_hour: float
    machines: tuple[tuple[str, int], ...]
    decision: Decision = field(compare=False)

    def count(self, name: str) -> int:
        """Return how many machines of a type it rents."""
        return dict(self.machines).get(name, 0)

    def priced(self, prices: SharedPrices) -> float:
        """Return its value at prices."""
        rents = math.fsum(prices.machine.get(name, 0.0) * count for name, count in self.machines)
        return prices.objective * self.adds + prices.dollar * self.usd_per_hour + rents


@dataclass(frozen=True)
class SharedPrices:
    """Prices of what is shared, in units of the fleet's objective: of a dollar an hour, of a machine by type.

    `objective` is 1, or 0 where only what is shared counts.
    """

    dollar: float = 0.0
    machine: Mapping[str, float] = field(default_factory=dict)
    objective: float = 1.0


@dataclass(frozen=True)
class PricingTask:
    """What to find: a plan of a service at prices; below a cost (USD an hour), below what it adds, on few machines.

    `as_good_as` is what it may add at most, other than `better_than`, which it stays below.
    """

    number: int
    service: FleetService
    prices: SharedPrices
    most: tuple[tuple[str, int], ...] = ()
    cheaper_than: float | None = None
    better_than: float | None = None
    as_good_as: float | None = None


@dataclass(frozen=True)
class PricingOutcome:
    """The best plan found, and what no plan is below at these prices; infinite: there is none."""

    task: PricingTask
    column: PlanColumn | None
    bound: float


def answer(task: PricingTask, settings: SearchSettings) -> PricingOutcome:
    """Find the plan that a task asks for.

    Limits on the cost go with the prices of dollars alone: prices of machines change what the instance calls cost.
    """
    service, prices = task.service, task.prices
    shared = {name: prices.machine.get(name, 0.0) for name in service.types}
    share = 0.0 if service.objective == "cost" else prices.objective * service.share
    dollar = prices.dollar + (prices.objective * service.share if service.objective == "cost" else 0.0)
    instance = _few(service.instance, dict(task.most))
    goal: dict[Objective, float] = {}
    if share > 0:
        goal[service.objective] = share
    if any(shared.values()):
        assert task.cheaper_than is None
        instance = _raised(instance, dollar, shared)
        goal["cost"] = service.per_hour
    elif dollar > 0:
        goal["cost"] = service.per_hour * dollar
    if task.cheaper_than is not None:
        most = allowed_usd_per_hour(task) / service.per_hour
        instance = at_most(instance, "cost", min(most, _limit(instance, "cost")))
    if task.better_than is not None or task.as_good_as is not None:
        most = most_added(task) / service.share
        instance = at_most(instance, service.objective, min(most, _limit(instance, service.objective)))
    weightless = not goal
    found = search(instance, settings, _balanced(goal) or {"cost": 1.0})
    if found.decision is None:
        return PricingOutcome(task, None, math.inf if found.infeasible else 0.0 if weightless else -math.inf)
    scale = next(iter(goal.values())) / next(iter(_balanced(goal).values())) if len(goal) > 1 else sum(goal.values())
    bound = 0.0 if weightless else found.bound * scale
    return PricingOutcome(task, column_of(task.number, service, found.decision), bound)


def allowed_usd_per_hour(task: PricingTask) -> float:
    """Return what a plan may cost at most by a task, USD an hour."""
    return math.inf if task.cheaper_than is None else _below(task.cheaper_than)


def most_added(task: PricingTask) -> float:
    """Return what a plan may add to the fleet's objective at most by a task."""
    most = math.inf if task.better_than is None else _below(task.better_than)
    if task.as_good_as is not None:
        most = min(most, task.as_good_as + EQUAL * abs(task.as_good_as))
    return most


def column_of(number: int, service: FleetService, decision: Decision) -> PlanColumn:
    """Value a plan by the instance's own prices, without those of what is shared.

    Parameters
    ----------
    number
        Position of the service in the fleet.
    service
        Whose plan it is.
    decision
        The plan, one of `service.instance`.
    """
    metrics = evaluate(service.instance, decision)
    usd_per_hour = metrics.cost_usd_per_request * service.per_hour
    return PlanColumn(number, adds(service, metrics), usd_per_hour, _machines(service, metrics), decision)


def adds(service: FleetService, metrics: Metrics) -> float:
    """Return what a plan adds to the fleet's objective."""
    if service.objective == "cost":
        return service.share * metrics.cost_usd_per_request * service.per_hour
    return service.share * metrics.objective(service.objective, service.instance.latency_measure)


def _machines(service: FleetService, metrics: Metrics) -> tuple[tuple[str, int], ...]:
    counts = dict.fromkeys(service.types, 0)
    for own in metrics.machines:
        if own.option in counts:
            counts[own.option] += own.count
    return tuple(counts.items())


def _balanced(goal: Mapping[Objective, float]) -> dict[Objective, float]:
    """Coefficients around 1, which solvers like: money is counted in millionths of a dollar."""
    largest = max((weight * (1 / 1e6 if name == "cost" else 1.0) for name, weight in goal.items()), default=1.0)
    return {name: weight / largest for name, weight in goal.items()}


def _below(value: float) -> float:
    return value - STRICTLY * abs(value)


def _limit(instance: Instance, name: Objective) -> float:
    value = instance.limit(name)
    return math.inf if value is None else value


def _few(instance: Instance, most: Mapping[str, int]) -> Instance:
    """Return a copy with at most so many machines of some types, and no more than there were."""
    if not most:
        return instance

    def fewer(option: Option) -> Option:
        limits = [own for own in (most.get(option.name), option.machines_max) if own is not None]
        return replace(option, machines_max=min(limits, default=None))

    return replace(instance, options=tuple(fewer(option) for option in instance.options))


def _raised(instance: Instance, dollar: float, shared: Mapping[str, float]) -> Instance:
    """Return a copy whose costs are in units of the fleet's objective, with the prices of machines in their rents."""

    def priced(option: Option) -> Option:
        rented = instance.tiers[option.tier].kind != "function"
        more = shared.get(option.name, 0.0) / HOUR / option.workers if rented else 0.0
        return replace(
            option, usd_per_s=option.usd_per_s * dollar + more, usd_per_request=option.usd_per_request * dollar
        )

    links = {pair: replace(link, usd_per_byte=link.usd_per_byte * dollar) for pair, link in instance.links.items()}
    return replace(instance, options=tuple(map(priced, instance.options)), links=links)
