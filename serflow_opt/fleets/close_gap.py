"""Close the gap between the best choice and the Lagrangian bound: find all plans that a better choice could use.

At the prices of the bound each plan has a reduced cost r, what it is above its service's best value. The reduced costs
of a choice of value F add up to at most F - bound. So a better choice than the best known uses no plan with r > best -
bound; and once all plans with r <= rho are known, no choice with another plan is below bound + rho. Plans are found in
the order of a bound on their r, over parts of what a service can do:

* money alone is shared: what lies strictly between two neighbouring plans, cheaper than the one, better than the other;
* machines, too: the best plan with at most so many machines of each type (and cheaper than so much). Any other
  undominated plan has fewer of some type, or is cheaper.
"""

from __future__ import annotations

import heapq
import itertools
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from serflow_opt.fleets.column_generation import LagrangianBound
from serflow_opt.fleets.master import Chosen, FleetMaster
from serflow_opt.fleets.pricing import FleetService, PlanColumn, PricingOutcome, PricingTask, SharedPrices
from serflow_opt.fleets.workers import Searches
from serflow_opt.ground.tolerances import LEEWAY, ROUNDING

Most = tuple[tuple[str, int], ...]


@dataclass(order=True)
class PricingNode:
    """What a service can do within limits; `above`: no plan there has a smaller reduced cost."""

    above: float
    order: int
    task: PricingTask = field(compare=False)
    known: bool = field(default=False, compare=False)  # whether `above` is the answer of a search
    low: tuple[float, float] = field(default=(0.0, 0.0), compare=False)  # what plans there add and cost at least


class Closing:
    """The parts that are left, the one with the smallest reduced cost first."""

    def __init__(self, services: Sequence[FleetService], master: FleetMaster, best: LagrangianBound) -> None:
        self.services, self.master, self.best = services, master, best
        self.parts: list[PricingNode] = []
        self.exact = True
        self._order = itertools.count()
        self._seen: set[tuple[int, Most, float | None]] = set()
        for number, service in enumerate(services):
            if service.types or service.objective == "cost":
                self._push(0.0, PricingTask(number, service, best.prices))
            else:
                mine = undominated(own for own in master.columns if own.service == number)
                for better, cheaper in itertools.pairwise(mine):
                    self._between(number, better, cheaper)

    @property
    def above(self) -> float:
        """No plan that is not known yet has a smaller reduced cost."""
        return self.parts[0].above if self.parts else math.inf

    def _push(
        self, above: float, task: PricingTask, known: bool = False, low: tuple[float, float] = (0.0, 0.0)
    ) -> None:
        if task.cheaper_than is not None and task.cheaper_than <= 0:
            return  # nothing is cheaper than nothing
        if task.better_than is not None and task.better_than <= 0 and task.service.objective != "privacy":
            return
        heapq.heappush(self.parts, PricingNode(above, next(self._order), task, known, low))

    def _between(self, number: int, better: PlanColumn, cheaper: PlanColumn) -> None:
        """Note the part strictly between two neighbours: cheaper than the better one, better than the cheaper one."""
        task = PricingTask(
            number,
            self.services[number],
            self.best.prices,
            cheaper_than=better.usd_per_hour,
            better_than=cheaper.adds,
        )
        self._box(0.0, task, better.adds, cheaper.usd_per_hour)

    def _box(self, above: float, task: PricingTask, adds: float, usd_per_hour: float) -> None:
        """Note a part whose plans add and cost at least so much."""
        assert task.cheaper_than is not None
        value = least_priced(
            self.best.prices.dollar, self.best.cuts[task.number], adds, (usd_per_hour, task.cheaper_than)
        )
        self._push(max(above, value - self.best.values[task.number]), task, low=(adds, usd_per_hour))

    def round(self, searches: Searches, most: float, width: int) -> None:
        """Search the parts that come first, as many as `width`, as far as their reduced costs are at most `most`.

        Parameters
        ----------
        searches
            Answer the tasks.
        most
            In units of the fleet's objective: above it a plan is of no use.
        width
            Parts searched at once, at most.
        """
        taken: list[PricingNode] = []
        while self.parts and len(taken) < width and self.parts[0].above <= most:
            taken.append(heapq.heappop(self.parts))
        boxes = [part for part in taken if part.task.better_than is not None]
        trees = [part for part in taken if part.task.better_than is None]
        for part, own in zip(boxes, searches.ask([part.task for part in boxes]), strict=True):
            self._split(part, own)
        # machines: first what is possible at all at these prices, then, if that is good enough, what comes next
        fresh = [part for part in trees if not part.known]
        for part, own in zip(
            fresh, searches.ask([replace(part.task, cheaper_than=None) for part in fresh]), strict=True
        ):
            self._unknown(own)
            self.master.add(own.column)
            self._push(max(own.bound - self.best.values[part.task.number], part.above), part.task, known=True)
        ready = [part for part in trees if part.known]
        real = [replace(part.task, prices=SharedPrices()) for part in ready]
        for part, own in zip(ready, searches.ask(real), strict=True):
            self._branch(part, own)

    def _unknown(self, own: PricingOutcome) -> None:
        """Time ran out over a part: what is in it stays unknown."""
        if own.column is None and own.bound != math.inf:
            self.exact = False

    def _split(self, part: PricingNode, own: PricingOutcome) -> None:
        """A plan between two others makes two smaller parts."""
        self._unknown(own)
        column = own.column
        if column is None or not _strictly_within(column, part.task):
            return
        self.master.add(column)
        above = max(own.bound - self.best.values[part.task.number], part.above)
        adds, usd = part.low
        self._box(above, replace(part.task, better_than=column.adds), adds, usd)
        self._box(above, replace(part.task, cheaper_than=column.usd_per_hour), adds, usd)

    def _branch(self, part: PricingNode, own: PricingOutcome) -> None:
        """Other undominated plans than the best one of a part have fewer machines of some type, or are cheaper."""
        self._unknown(own)
        column, task = own.column, part.task
        if column is None or not _strictly_within(column, part.task):
            return
        self.master.add(column)
        self.exact &= column.adds - own.bound <= LEEWAY * abs(column.adds)
        most = dict(task.most)
        for name, count in column.machines:
            if count > most.get(name, count):  # offered by several tiers: limits hold for each of them
                self.exact = False
            elif count:
                self._later(part, replace(task, most=tuple(sorted((most | {name: count - 1}).items()))))
        if task.service.objective != "cost" and self.master.shared.budget is not None:
            self._later(part, replace(task, cheaper_than=column.usd_per_hour))

    def _later(self, part: PricingNode, task: PricingTask) -> None:
        key = (task.number, task.most, task.cheaper_than)
        if key not in self._seen:
            self._seen.add(key)
            self._push(part.above, task)


def least_priced(dollar: float, cuts: Sequence[tuple[float, float]], adds: float, costs: tuple[float, float]) -> float:
    """Return the least f + dollar c with f at least `adds`, c between two costs, and f + price c >= value for all cuts.

    The least f is convex and piecewise linear in c, so the least value is where two pieces meet, or at an end.

    Parameters
    ----------
    dollar
        Price of a dollar an hour, in units of the objective.
    cuts
        Pairs (price, value): at this price of a dollar no plan of the service has a smaller f + price c.
    adds
        In units of the objective.
    costs
        The smaller and the larger one, USD an hour.
    """
    slopes = np.array([0.0, *(-price for price, _ in cuts)])
    heights = np.array([adds, *(value for _, value in cuts)])
    with np.errstate(divide="ignore", invalid="ignore"):
        meet = ((heights[None, :] - heights[:, None]) / (slopes[:, None] - slopes[None, :])).ravel()
    low, high = costs
    tried = np.array([low, high, *meet[(meet > low) & (meet < high)]])
    return float(np.min(np.max(heights[:, None] + slopes[:, None] * tried, axis=0) + dollar * tried))


def _strictly_within(column: PlanColumn, task: PricingTask) -> bool:
    """Whether a plan is cheaper and better than it had to be; another one is equal to one that is known."""
    cheaper = task.cheaper_than is None or column.usd_per_hour < task.cheaper_than
    return cheaper and (task.better_than is None or column.adds < task.better_than)


def undominated(columns: Iterator[PlanColumn]) -> list[PlanColumn]:
    """Return plans from the dearest to the cheapest, none worse and dearer than another."""
    kept: list[PlanColumn] = []
    for own in sorted(columns, key=lambda own: (own.usd_per_hour, own.adds)):
        if not kept or own.adds < kept[-1].adds:
            kept.append(own)
    return kept[::-1]


def close(
    services: Sequence[FleetService],
    master: FleetMaster,
    best: LagrangianBound,
    chosen: Chosen,
    searches: Searches,
    gap: float,
    tell: Callable[[str, float, float], None],
) -> tuple[Chosen, float]:
    """Find plans until the best choice is proven within the gap, or time runs out; return it and the bound.

    Parameters
    ----------
    services, master
        The fleet, and the plans known, to which those found here are added.
    best
        The best Lagrangian bound, with its prices.
    chosen
        The best choice of the plans known.
    searches
        Answer the tasks, until their deadline.
    gap
        Relative distance of choice and bound that is enough.
    tell
        Told what is done, the value of the choice, and the bound.
    """
    bound = min(best.bound, chosen.value)
    if _proven(chosen.value, bound, gap) or not best.values:
        return chosen, bound
    closing = Closing(services, master, best)
    known = chosen.bound
    width = max(len(services), 2 * searches.jobs)
    while not searches.deadline.expired:
        before = len(master.columns)
        closing.round(searches, chosen.value - best.bound, width)
        if (
            len(master.columns) > before
            or not math.isfinite(closing.above)
            or closing.above > chosen.value - best.bound
        ):
            again = master.choose(searches.deadline, gap / 10)
            if again.value < chosen.value:
                chosen = again
            known = again.bound
        if closing.exact:
            bound = max(bound, min(known, best.bound + max(closing.above, 0.0), chosen.value))
        tell("closing", chosen.value, bound)
        if _proven(chosen.value, bound, gap) or not closing.parts or closing.above > chosen.value - best.bound:
            break
    return chosen, bound


def _proven(value: float, bound: float, gap: float) -> bool:
    return value - bound <= gap * abs(value) + ROUNDING
