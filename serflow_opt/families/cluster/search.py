"""The best plan of a cluster, proven: every filling by one model where they are few, else branch and price.

Branch and price: the relaxation over all fillings bounds (`master.py`), the model over those found decides. Where they
do not meet, the number of instances of some configuration is not whole: it is at most the whole number below, or at
least that above. A branch changes what an instance is worth, and the knapsack of a server stays what it is.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from fractions import Fraction
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from serflow_opt.families.cluster import slices
from serflow_opt.families.cluster.columns import FillingColumn, Shop, every_filling
from serflow_opt.families.cluster.master import GoalWithinLimits, InstanceMaster, MasterRelaxation
from serflow_opt.families.cluster.problem import Cluster, Plan
from serflow_opt.families.found import Found
from serflow_opt.ground.arrays import Floats
from serflow_opt.ground.tolerances import EQUAL, INTEGRAL, NIL, ROUNDING
from serflow_opt.search.outcome import OUT_OF_TIME, SearchSettings

if TYPE_CHECKING:
    from serflow_opt.backend.highs import Outcome

MOST_LISTED = 1_500
"""Fillings up to which all are given to the model."""
NODES = 200
"""Branches that are looked at, at most."""
MODEL_NODES: Mapping[str, object] = {"mip_max_nodes": 1_000}
"""What the model over the fillings found may take: its bound is none for all fillings."""
AGAIN = 8
"""Branches after which the model is asked again, with the fillings found since."""
Judge = Callable[[Plan], float]
"""Values a plan."""
ANY = (0.0, math.inf)
"""Least and most instances where a branch says nothing."""
Held = dict[int, tuple[float, float]]
"""And where it does, by row of the menu."""
FINE = 10_000_000
"""Steps of a goal that are told apart at most."""
OPEN = "branches are left open: {}; what is below the plan is bounded, but not ruled out"


@lru_cache(maxsize=8)
def shop_of(problem: Cluster) -> Shop:
    """Return the fillings of a problem; those found stay."""
    shop = Shop(problem)
    shop.begin()
    return shop


@lru_cache(maxsize=8)
def listed(problem: Cluster) -> list[FillingColumn] | None:
    """Return every filling there is; None: they are too many."""
    shop = shop_of(problem)
    found: list[FillingColumn] = []
    for j, packing in enumerate(shop.packings):
        every = every_filling(packing, MOST_LISTED - len(found))
        if every is None:
            return None
        found += [shop.column(j, cpu, cards) for cpu, cards in every]
    return found


def model_of(
    shop: Shop,
    columns: list[FillingColumn],
    goal: Mapping[str, float],
    limits: Mapping[str, float],
    held: Held | None = None,
) -> tuple[Any, dict[str, Any]]:
    """Return the integer cover by some fillings, and its quantities, less is better.

    Parameters
    ----------
    shop
        The problem.
    columns
        Fillings that may be used.
    goal
        Coefficients of quantities.
    limits
        By quantity, in its own unit.
    held
        Bounds on the number of instances, by row of the menu.

    Returns
    -------
    The Pyomo model, and the quantities as linear expressions.
    """
    from serflow_opt.formulations.cluster import Branch, Filling, Offer, cover
    from serflow_opt.formulations.quantities import add_goal

    problem = shop.problem
    model, parts = cover(
        [Filling(own.server, own.up.tolist(), own.low.tolist(), own.resources) for own in columns],
        [Offer(own.usd_per_hour, own.most) for own in problem.servers],
        [own.rate for own in problem.networks],
        problem.asked,
        [Branch([own.count[k] for own in columns], *bounds) for k, bounds in (held or {}).items()],
    )
    less = {
        "servers": parts["servers"],
        "cost": parts["price"],
        "resources": parts["resources"],
        "throughput": -parts["throughput"],
    }
    if goal:
        add_goal(model, less, goal, limits)
    return model, less


def search(
    problem: Cluster, goal: Mapping[str, float], limits: Mapping[str, float], settings: SearchSettings, judge: Judge
) -> tuple[Plan | None, Found]:
    """Return the best plan and what is proven of it.

    Parameters
    ----------
    problem
        The problem.
    goal
        Coefficients of quantities, less is better; one alone is minimised as it is.
    limits
        By quantity, less is better.
    settings
        Gap, deadline, and what HiGHS is told.
    judge
        The goal of a plan by the witness; infinite where it does not hold.
    """
    from serflow_opt.backend.highs import HighsModel
    from serflow_opt.formulations.quantities import BeyondLimit, add_goal
    from serflow_opt.search.milp import ask

    shop, settled = shop_of(problem), Found()
    try:
        if slices.only_slices(shop):
            model, less = slices.model_of(shop)
            add_goal(model, less, goal, limits)
            outcome = ask(HighsModel(model), 1.0, settings)
            plan = slices.plan_of(shop, model, outcome.value) if outcome.values else None
            settled.method = "cuts of cards and instances counted in one model by HiGHS"
        elif (columns := listed(problem)) is not None:
            outcome, plan = _ask(shop, columns, goal, limits, settings, check=True)
            settled.counts = {"fillings": len(columns)}
            settled.method = "every filling of a server in one model by HiGHS"
        else:
            return _Tree(problem, goal, limits, settings, judge).search()
    except BeyondLimit:
        settled.infeasible, settled.bound, settled.checked = True, math.inf, math.inf
        return None, settled
    return plan, _told(problem, goal, outcome, plan, settled)


def _told(problem: Cluster, goal: Mapping[str, float], outcome: Outcome, plan: Plan | None, found: Found) -> Found:
    """Everything was in one model: its bound is one for the problem."""
    found.method += ", plan valued by the exact evaluator"
    found.nodes, found.doubt = outcome.nodes, outcome.doubt
    found.infeasible = outcome.status == "infeasible"
    if found.infeasible or math.isfinite(outcome.bound):
        found.bound = _lifted(outcome.bound, _step(problem, goal))
        found.checked = _lifted(outcome.checked, _step(problem, goal))
    if plan is None and not found.infeasible and not found.doubt:
        found.doubt = OUT_OF_TIME
    return found


def _ask(
    shop: Shop,
    columns: list[FillingColumn],
    goal: Mapping[str, float],
    limits: Mapping[str, float],
    settings: SearchSettings,
    check: bool = False,
    held: Held | None = None,
) -> tuple[Outcome, Plan | None]:
    """Have the model over some fillings solved. Raises OutOfReach where a limit is, whatever is chosen."""
    from serflow_opt.backend.highs import HighsModel
    from serflow_opt.formulations.quantities import BeyondLimit
    from serflow_opt.search.milp import ask

    if not columns:
        raise BeyondLimit("nothing fits")
    model, _ = model_of(shop, columns, goal, limits, held)
    outcome = ask(HighsModel(model), 1.0, settings, check=check)
    if not outcome.values:
        return outcome, None
    counts = [round(outcome.value(model.x[p])) for p in range(len(columns))]
    return outcome, tuple(shop.filled(own, n) for own, n in zip(columns, counts, strict=True) if n)


class _Tree:
    """Branch and price."""

    def __init__(
        self,
        problem: Cluster,
        goal: Mapping[str, float],
        limits: Mapping[str, float],
        settings: SearchSettings,
        judge: Judge,
    ) -> None:
        self.judge = judge
        self.problem, self.goal, self.limits, self.settings = problem, goal, limits, settings
        self.shop, self.step = shop_of(problem), _step(problem, goal)
        self.asked = GoalWithinLimits.of(self.shop, goal, limits)
        self.plan: Plan | None = None
        self.value, self.branches, self.modelled = math.inf, 0, 0
        self.heap: list[tuple[float, int, Held]] = [(-math.inf, 0, {})]
        self.left, self.open, self.pushed = math.inf, 0, 0

    def search(self) -> tuple[Plan | None, Found]:
        """Go through the tree, the least bound first."""
        deadline = self.settings.deadline
        while self.heap and self.branches < NODES and not deadline.expired:
            before, _, held = self.heap[0]
            if self._enough(min(before, self.left)):
                break
            heapq.heappop(self.heap)
            relaxed = InstanceMaster(self.shop, self.asked, held, self._opened()).solve(deadline)
            self.branches += 1
            bound = max(before, _lifted(relaxed.bound, self.step))
            if relaxed.x is None and bound < math.inf:
                self._push(bound, held)
                break
            if bound < math.inf:
                self._branch(bound, held, relaxed)
        bound = min([self.left, *(own[0] for own in self.heap)])
        return self.plan, self._told(bound, self.open + len(self.heap))

    def _push(self, bound: float, held: Held) -> None:
        self.pushed += 1
        heapq.heappush(self.heap, (bound, self.pushed, held))

    def _branch(self, bound: float, held: Held, relaxed: MasterRelaxation) -> None:
        """Look for a plan, and split a branch where a better one may be left in it."""
        assert relaxed.x is not None
        if not self._enough(bound):
            self._decide(relaxed)
        if self._enough(bound):
            self.left = min(self.left, bound)
            return
        counts = relaxed.x @ np.array([own.count for own in relaxed.columns])
        off = np.abs(counts - np.round(counts))
        k = int(np.argmax(off))
        if off[k] > INTEGRAL:
            least, most = held.get(k, ANY)
            self._push(bound, {**held, k: (least, float(math.floor(counts[k])))})
            self._push(bound, {**held, k: (float(math.ceil(counts[k])), most)})
            return
        exact = self._pack(np.round(counts))
        if exact and self._enough(bound):
            self.left = min(self.left, bound)
            return
        free = [k for k in range(len(counts)) if held.get(k, ANY)[0] < held.get(k, ANY)[1]]
        if not free:
            if not exact:
                self.left, self.open = min(self.left, bound), self.open + 1
            return
        k = max(free, key=lambda k: float(counts[k]))
        least, most = held.get(k, ANY)
        at = float(round(counts[k]))
        for own in ((least, at - 1), (at, at), (at + 1, most)):
            if own[0] <= own[1]:
                self._push(bound, {**held, k: own})

    def _pack(self, counts: Floats) -> bool:
        """Take the best plan with just these instances; say whether it is known to be the best, or that none is."""
        within = {k: int(n) for k, n in enumerate(counts) if n}
        columns: list[FillingColumn] = []
        for j, packing in enumerate(self.shop.packings):
            every = every_filling(packing, MOST_LISTED, within)
            if every is None:
                return False
            columns += [self.shop.column(j, cpu, cards) for cpu, cards in every]
        from serflow_opt.formulations.quantities import BeyondLimit

        exactly = {k: (float(n), float(n)) for k, n in within.items()}
        try:
            outcome, plan = _ask(self.shop, columns, self.goal, self.limits, self.settings, held=exactly)
        except BeyondLimit:
            return True
        if plan is not None:
            self._offer(plan)
        return outcome.status in ("optimal", "infeasible")

    def _told(self, bound: float, left: int) -> Found:
        found = Found(nodes=self.branches, counts={"fillings": len(self.shop.found), "branches": self.branches})
        found.method = "fillings of servers by column generation, plan valued by the exact evaluator"
        found.bound = found.checked = bound
        if self.plan is None:
            found.infeasible = bound == math.inf
            found.doubt = (
                "" if found.infeasible else OUT_OF_TIME if self.settings.deadline.expired else OPEN.format(left)
            )
        elif not self._enough(bound):
            found.doubt = OUT_OF_TIME.replace("a plan was found", "the plan was proven")
            found.doubt = found.doubt if self.settings.deadline.expired else OPEN.format(left)
        return found

    def _enough(self, bound: float) -> bool:
        """Whether the plan is within the gap of a bound."""
        return math.isfinite(self.value) and self.value <= bound + max(self.settings.gap, EQUAL) * abs(self.value) + NIL

    def _opened(self) -> list[float]:
        """Servers of each type that a better plan can have."""
        by, most = self.asked.weights, []
        for own in self.problem.servers:
            each = by["servers"] + by["cost"] * own.usd_per_hour
            usable = math.isfinite(self.value) and each > 0 and not self.asked.per_load and min(by.values()) >= 0
            most.append(min(float(own.most), math.ceil(self.value / each)) if usable else float(own.most))
        return most

    def _decide(self, relaxed: MasterRelaxation) -> None:
        """Take the plan of a solution that is whole, else that of the model over all fillings found."""
        assert relaxed.x is not None
        whole = np.round(relaxed.x)
        if np.abs(relaxed.x - whole).max(initial=0.0) <= INTEGRAL:
            chosen = zip(relaxed.columns, whole.astype(int).tolist(), strict=True)
            self._offer(tuple(self.shop.filled(own, n) for own, n in chosen if n))
        elif self.branches % AGAIN == 1 and self.modelled < len(self.shop.found):
            self.modelled = len(self.shop.found)
            options = {**MODEL_NODES, **self.settings.options}
            settings = replace(self.settings, options=options)
            _, plan = _ask(self.shop, list(self.shop.found.values()), self.goal, self.limits, settings)
            if plan is not None:
                self._offer(plan)

    def _offer(self, plan: Plan) -> None:
        """Keep a plan that holds exactly, where it is better."""
        reached = self.judge(plan)
        if reached < self.value:
            self.plan, self.value = plan, reached


def _step(problem: Cluster, goal: Mapping[str, float]) -> float:
    """Return what a goal is always a multiple of; 0: nothing is known."""
    name = next(iter(goal)) if len(goal) == 1 else ""
    if name == "servers":
        return 1.0
    if name == "cost":
        return _common([own.usd_per_hour for own in problem.servers])
    if name == "throughput" and len(problem.networks) == 1:
        return _common(shop_of(problem).menu.up.tolist())
    return 0.0


def _common(sizes: list[float]) -> float:
    """The largest number that all are multiples of; 0 where there is none that is of use."""
    parts = [Fraction(own).limit_denominator(FINE) for own in sizes if own]
    if not parts or any(
        abs(own - float(part)) > ROUNDING * own for own, part in zip(filter(None, sizes), parts, strict=True)
    ):
        return 0.0
    below = math.lcm(*(own.denominator for own in parts))
    unit = math.gcd(*(int(own * below) for own in parts))
    return unit / below


def _lifted(bound: float, step: float) -> float:
    """Return the next multiple of a step that is not below a bound."""
    if not step or not math.isfinite(bound) or abs(bound) > FINE * step:
        return bound
    return max(bound, math.ceil(bound / step - INTEGRAL) * step)
