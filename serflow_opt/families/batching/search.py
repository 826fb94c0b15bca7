"""The best groups, proven, without a model: the cheapest configuration of each group, then the cheapest partition.

Cost adds up over groups, so the best plan within a promise takes each group's cheapest configuration. A limit on groups
is a layer of the dynamic programme. The smallest promise, and the fewest groups, that a limit on cost allows are found
by going through what there is. Where calls at once are limited or optimised, groups hang together otherwise: then the
model is solved.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import TYPE_CHECKING

from serflow_opt.families.batching.configured import cheapest_of
from serflow_opt.families.batching.menu import BatchingMenu, GroupConfiguration
from serflow_opt.families.batching.partitions import Members, cheapest, groups_of
from serflow_opt.families.batching.problem import Batching, Plan
from serflow_opt.families.found import Found
from serflow_opt.ground.tolerances import EQUAL, TOLERANCE
from serflow_opt.search.outcome import OUT_OF_TIME

if TYPE_CHECKING:
    from collections.abc import Mapping

    from serflow_opt.ground.deadline import Deadline

LONGEST_TIMERS = "timers as long as the promise allows, of the promises offered: shorter ones are not proven dearer"
"""What is narrower than the question where a call costs otherwise than straight by its requests."""
NOT_WITH_LONGEST = "no plan with timers as long as the promise allows; whether shorter ones are within the cost is open"
"""Why it is not known whether there is a plan."""
ASKED = {"cost", "cost_per_hour", "latency", "functions"}
"""Quantities that can be optimised and limited here."""


@lru_cache(maxsize=8)
def menu_of(problem: Batching) -> BatchingMenu:
    """Return the configurations of a problem, made once."""
    return BatchingMenu(problem)


class Partitions:
    """The cheapest partitions of a problem within a promise."""

    def __init__(self, problem: Batching, promise: float, deadline: Deadline) -> None:
        self.problem, self.whole = problem, True
        menu, count, any_ = menu_of(problem), len(problem.applications), problem.groups == "any"
        self.choices: dict[Members, GroupConfiguration] = {}
        for n, group in enumerate(groups_of(count, any_)):
            if n >= count and deadline.expired:
                self.whole = False  # those alone are always looked at
                break
            choice = cheapest_of(menu, group, promise)
            if choice is not None:
                self.choices[group] = choice
        self.by_number = cheapest(count, any_, lambda group: self._price(group, "cost"))
        self._any, self._count = any_, count

    def _price(self, group: Members, name: str) -> float:
        choice = self.choices.get(group)
        if choice is None:
            return math.inf
        share = sum(self.problem.applications[w].rate for w in group) / self.problem.rate
        return share * float(getattr(choice, name))

    def best(self, most: int) -> tuple[float, Plan]:
        """Return the cheapest of at most so many groups, USD a request; infinite: there is none."""
        cost, groups = min(self.by_number[:most], key=lambda own: own[0], default=(math.inf, []))
        return cost, tuple(self.choices[group].group for group in groups)

    def bound(self, most: int) -> float:
        """Return what no partition into at most so many groups is below, whatever its timers within the promise."""
        bounds = cheapest(self._count, self._any, lambda group: self._price(group, "bound"))
        return min((own for own, _ in bounds[:most]), default=math.inf)


@lru_cache(maxsize=64)
def _partitions(problem: Batching, promise: float) -> Partitions:
    from serflow_opt.ground.deadline import Deadline

    return Partitions(problem, promise, Deadline())


def search(
    problem: Batching, goal: Mapping[str, float], limits: Mapping[str, float], deadline: Deadline
) -> tuple[Plan | None, Found] | None:
    """Return the best plan and what is proven of it; None: the question is one for the model.

    Parameters
    ----------
    problem
        The problem.
    goal
        Coefficients of quantities; one alone is minimised as it is.
    limits
        By quantity.
    deadline
        When it passes, applications alone are grouped no further.
    """
    costs = {"cost": 1.0, "cost_per_hour": problem.rate * 3600}
    if not {*goal, *limits} <= ASKED or any(by < 0 for by in goal.values()):
        return None
    if len(goal) > 1 and not set(goal) <= set(costs):
        return None
    name = next(iter(goal))
    by = sum(own * costs[key] for key, own in goal.items()) if len(goal) > 1 else costs.get(name, 1.0)
    most_cost = min((limits[key] / own for key, own in costs.items() if key in limits), default=math.inf)
    most = limits.get("functions", len(problem.applications))
    groups = max(min(math.floor(most + TOLERANCE), len(problem.applications)), 0)
    ceiling = limits.get("latency", 1.0)
    offered = [own for own in problem.promises if own <= ceiling * (1 + TOLERANCE)]
    asked = _Asked(problem, most_cost, groups, deadline)
    if name in costs:
        return asked.cheapest(offered[-1:], by)
    if name == "functions":
        return asked.fewest(offered[-1:])
    return asked.soonest(offered)


class _Asked:
    """Answers within a limit on cost and on groups."""

    def __init__(self, problem: Batching, most_cost: float, groups: int, deadline: Deadline) -> None:
        self.problem, self.most_cost, self.groups, self.deadline = problem, most_cost, groups, deadline
        self.stopped = False

    def partitions(self, promise: float) -> Partitions:
        """Return the partitions of a promise, remembered where they are whole."""
        if self.deadline.limited:
            found = Partitions(self.problem, promise, self.deadline)
            self.stopped |= not found.whole
            return found
        return _partitions(self.problem, promise)

    def _kept(self, cost: float) -> bool:
        return math.isfinite(cost) and cost <= self.most_cost * (1 + TOLERANCE)

    def _nothing(self, found: Found, parts: Partitions | None = None) -> tuple[None, Found]:
        """There is no plan: proven, unless time ran out or shorter timers might do within a promise."""
        if self.stopped:
            found.doubt = OUT_OF_TIME
        elif parts is not None and self.groups and self._kept(parts.bound(self.groups)):
            found.doubt = NOT_WITH_LONGEST
        else:
            found.infeasible, found.bound, found.checked = True, math.inf, math.inf
        return None, found

    def cheapest(self, offered: list[float], by: float) -> tuple[Plan | None, Found]:
        """The least cost within the largest promise."""
        found = Found()
        if not offered or not self.groups:
            return self._nothing(found)
        parts = self.partitions(offered[0])
        cost, plan = parts.best(self.groups)
        if not self._kept(cost):
            return self._nothing(found, parts)
        found.counts = {"groups": len(parts.choices), "configurations": len(menu_of(self.problem).rows)}
        if self.stopped:
            found.doubt = "time ran out before all groups were looked at"
            return plan, found
        found.bound = cost * by
        bound = parts.bound(self.groups)
        if bound < cost * (1 - EQUAL):
            found.scope = LONGEST_TIMERS
            found.notes = [f"with any timers, the goal is not below {bound * by:.6g}"]
        return plan, found

    def fewest(self, offered: list[float]) -> tuple[Plan | None, Found]:
        """The fewest groups within a cost."""
        found = Found()
        if not offered:
            return self._nothing(found)
        parts = self.partitions(offered[0])
        for number in range(1, self.groups + 1):
            cost, plan = parts.best(number)
            if plan and self._kept(cost):
                found.bound = -math.inf if self.stopped else float(number)
                found.scope = self._scope(parts, number - 1)
                return plan, found
        return self._nothing(found, parts)

    def soonest(self, offered: list[float]) -> tuple[Plan | None, Found]:
        """The smallest promise that costs no more than is allowed."""
        found, parts = Found(), None
        first = self._may_do(offered) if self.groups else len(offered)
        for n, promise in enumerate(offered[first:], start=first):
            parts = self.partitions(promise)
            cost, plan = parts.best(self.groups)
            if plan and self._kept(cost):
                found.bound = -math.inf if self.stopped else promise
                found.scope = self._scope(self.partitions(offered[n - 1]), self.groups) if n else ""
                return plan, found
        return self._nothing(found, parts)

    def _may_do(self, offered: list[float]) -> int:
        """Return the position of the first promise with which some timers may be within the cost.

        A bound holds for all timers within a promise, so for smaller promises, too. Plans that cost the same mostly
        have the largest promise: it is looked down from there, in steps that double.
        """

        def out(n: int) -> bool:
            return not self._kept(self.partitions(offered[n]).bound(self.groups))

        low, high, step = 0, len(offered), 1  # all before `low` are out, and `high` may do
        while low < high:
            at = max(low, high - step)
            if out(at):
                low, step = at + 1, max(1, (high - at - 1) // 2)
            else:
                high, step = at, 2 * step
        return high

    def _scope(self, parts: Partitions, groups: int) -> str:
        """What is narrower than the question where something smaller was only too dear with the longest timers."""
        return LONGEST_TIMERS if groups and self._kept(parts.bound(groups)) else ""
