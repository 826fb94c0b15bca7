"""Bounds over all thresholds by a linear programme: requests may be split between thresholds.

With numbers of machines chosen, what a structure costs and what it may do are lines in the reaches R_s, at least. The
flow that goes through the stages with the thresholds mixed as one likes (`exits.py`: v_{s,l} without z) then costs no
more than any thresholds. The programme is small; its multipliers make one line of all. The least of that over whole
thresholds that keep the floor (`threshold_labels.py`) is the bound: what the solver says is not taken for granted.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from serflow_opt.backend.linear import relaxing
from serflow_opt.backend.matrix import Matrix
from serflow_opt.ground.tolerances import EQUAL, TOLERANCE
from serflow_opt.search.lagrangian import LinearCost, StageExits, reaches, recursion, solve_dual
from serflow_opt.search.threshold_labels import ThresholdTask, TooManyLabels, best_thresholds

if TYPE_CHECKING:
    from serflow_opt.ground.arrays import Floats

LABELS = 20_000
"""Labels that thresholds of a line may take."""
MOST_KEPT = 2
"""Limits that are kept by whole thresholds beside the floor, at most."""
MISSED = 1e3
"""What missing limits by all of their size costs, in units of the objective: multipliers stay within."""


@dataclass(frozen=True, slots=True)
class FlowLine:
    """fixed + Σ_s R_s weight_s."""

    fixed: float
    weight: Floats

    def __add__(self, other: FlowLine) -> FlowLine:
        return FlowLine(self.fixed + other.fixed, self.weight + other.weight)

    def __mul__(self, factor: float) -> FlowLine:
        return FlowLine(factor * self.fixed, factor * self.weight)


@dataclass(frozen=True, slots=True)
class Flow:
    """What is minimised: a line, and for each set of others the largest of them; where `limits` are at most 0.

    Limits are in units of about their own size.
    """

    cost: FlowLine
    largest: tuple[tuple[FlowLine, ...], ...]
    limits: tuple[FlowLine, ...]


Closer = Callable[[int, "Floats"], Sequence[Flow]]
"""See `Flows.bound`."""
Priced = tuple[FlowLine, float]
"""A line below a flow, and the multiplier of the accuracy floor that goes with it, USD per second."""


class Flows:
    """The flows that thresholds let through the stages.

    Parameters
    ----------
    exits
        What leaves at each stage, one menu each.
    floor
        Share of right answers; None: no floor.
    """

    def __init__(self, exits: StageExits, floor: float | None) -> None:
        self.exits, self.floor = exits, floor
        self.menus = menus = [menus[0] for menus in exits.menus]
        self.stage = np.repeat(np.arange(len(menus)), [len(menu.level) for menu in menus])
        self.rate = np.concatenate([menu.rate[menu.level] for menu in menus])
        self.mass = np.concatenate([menu.mass[menu.level] for menu in menus])
        self.through = np.zeros((len(menus), len(self.stage)))
        self.through[self.stage, np.arange(len(self.stage))] = 1.0
        going = self.stage < len(menus) - 1
        self.through[self.stage[going] + 1, np.flatnonzero(going)] = self.rate[going] - 1

    def bound(
        self, flows: Sequence[Flow], enough: float, unit: float, closer: Closer | None = None
    ) -> tuple[float, tuple[int, ...]]:
        """Return what all flows cost at least, and thresholds that are cheap in one that may cost less than `enough`.

        Thresholds are positions in the menus; none: no flow costs less.

        Parameters
        ----------
        flows
            Costs in USD per second.
        enough
            USD per second: above, a bound need not be any better.
        unit
            Of the objective, USD per second.
        closer
            Returns flows that say more in place of the n-th, where it is the cheapest and its thresholds lead to some
            reaches; those that are returned are counted on. None of them: there is nothing more to say.
        """
        priced = _Pricing(self, flows, unit)
        solutions = dict[int, tuple[int, ...]]()
        while True:
            n, bound = priced.cheapest()
            if n in solutions or bound >= enough:
                return bound, solutions.get(n, ())
            if n not in priced.own:
                priced.solve(n)
                continue
            line, floor = priced.at[n]
            bound, chosen = self._whole(priced.each[n], line, floor, bound, enough, unit)
            priced.raise_to(n, bound)
            more = closer(n, reaches(self.exits, np.array([chosen]))[0]) if closer is not None and chosen else ()
            if more:
                priced.replace(n, more)
            else:
                solutions[n] = chosen

    def _whole(
        self, flow: Flow, line: FlowLine, price: float, bound: float, enough: float, unit: float
    ) -> tuple[float, tuple[int, ...]]:
        """Return the least of a line over whole thresholds that keep the floor, and where it is; or `enough`.

        Limits that are in the line at their multipliers only are put beside it where that least breaks them.
        """
        kept = list[FlowLine]()
        floor = (self.floor or 0.0) * (1 - 2 * TOLERANCE)
        below = (enough + EQUAL * abs(enough) - line.fixed) / unit
        chosen = tuple[int, ...]()
        while True:
            adds = np.column_stack([line.weight / unit, *[own.weight for own in kept], np.zeros(len(line.weight))])
            task = ThresholdTask(self.menus, adds, np.array([below, *[-own.fixed for own in kept], -floor]))
            weights = np.array([1.0, *[0.0] * len(kept), price / unit])
            try:
                best, _ = best_thresholds(task, weights, below - price / unit * floor, labels=LABELS)
            except TooManyLabels:
                return bound, chosen or self._cheap(line)
            if best is None:
                return enough, ()
            value = line.fixed + float(best.columns[0]) * unit
            bound = max(bound, min(value - EQUAL * abs(value), enough))
            chosen = tuple(best.levels.tolist())
            reach = reaches(self.exits, best.levels[None, :])[0]
            broken = [own for own in flow.limits if own.fixed + float(own.weight @ reach) > TOLERANCE]
            if not broken or len(kept) == MOST_KEPT:
                return bound, chosen
            kept.append(max(broken, key=lambda own: own.fixed + float(own.weight @ reach)))

    def _cheap(self, line: FlowLine) -> tuple[int, ...]:
        """Return thresholds that keep the floor and are cheap by a line."""
        one = LinearCost(np.array([line.fixed]), line.weight[None, :])
        return tuple(solve_dual(self.exits, self.floor, one).levels[0].tolist())

    def least(self, priced: Sequence[Priced]) -> Floats:
        """Return the least of each line, with thresholds mixed as one likes, USD per second."""
        weight, price = np.array([line.weight for line, _ in priced]), np.array([floor for _, floor in priced])
        cost, right, _ = recursion(self.exits, weight, price)
        bounds: Floats = np.array([line.fixed for line, _ in priced]) + cost + price * ((self.floor or 0.0) - right)
        return bounds - EQUAL * np.abs(bounds)

    def multipliers(self, flow: Flow, unit: float) -> Floats:
        """Return the multipliers of a flow's programme, USD per second: of its limits, of each line, of the floor."""
        matrix = self._matrix(flow, unit)
        dual = relaxing(matrix)(matrix.low, matrix.high).multipliers
        own: Floats = np.zeros(len(matrix.row_low)) if dual is None else np.asarray(dual) * unit
        return own[len(self.through) :]

    def priced(self, flow: Flow, multipliers: Floats) -> Priced:
        """Return a line below a flow, at multipliers of one with as many limits and lines."""
        prices = [max(0.0, -price) for price in multipliers.tolist()]
        factors, lines, at = [1.0, *prices[: len(flow.limits)]], [flow.cost, *flow.limits], len(flow.limits)
        for each in flow.largest:
            own, whole = prices[at : at + len(each)], math.fsum(prices[at : at + len(each)])
            factors += [price / whole for price in own] if whole > 0 else [1 / len(each)] * len(each)
            lines += each
            at += len(each)
        fixed = math.fsum(factor * line.fixed for factor, line in zip(factors, lines, strict=True))
        weight = np.asarray(factors) @ np.array([line.weight for line in lines])
        return FlowLine(fixed, weight), max(0.0, float(multipliers[-1])) / self.floor if self.floor else 0.0

    def _matrix(self, flow: Flow, unit: float) -> Matrix:
        """Return the programme; columns: requests by stage and threshold, the largest of lines, what is missed."""
        reached, more = len(self.stage), len(flow.largest)
        missed = reached + more
        rows = [np.append(row, np.zeros(more + 1)) for row in self.through]
        sides = [(1.0, 1.0), *[(0.0, 0.0)] * (len(rows) - 1)]
        for limit in flow.limits:
            row = np.append(limit.weight[self.stage], np.zeros(more + 1))
            row[missed] = -1.0
            rows.append(row)
            sides.append((-math.inf, -limit.fixed))
        for k, lines in enumerate(flow.largest):
            for line in lines:
                row = np.append(line.weight[self.stage] / unit, np.zeros(more + 1))
                row[reached + k] = -1.0
                rows.append(row)
                sides.append((-math.inf, -line.fixed / unit))
        if self.floor:
            row = np.append(self.mass / self.floor, np.zeros(more + 1))
            row[missed] = 1.0
            rows.append(row)
            sides.append((1.0, math.inf))
        cost = np.concatenate([flow.cost.weight[self.stage] / unit, np.ones(more), [MISSED]])
        low, high = np.array(sides).T
        free = np.full(len(cost), math.inf)
        return Matrix.dense(cost, np.array(rows), low, high, np.zeros(len(cost)), free)


class _Pricing:
    """Bounds of flows, each at multipliers of its own programme or of another's: as few programmes as tell the least.

    Flows differ in sizes of blocks, and often in little that moves multipliers: those of one are good for others with
    as many limits and lines.

    Attributes
    ----------
    each
        The flows.
    at
        By flow, the line that its bound is of; empty at first.
    own
        Flows whose programme was solved.
    """

    def __init__(self, flows: Flows, each: Sequence[Flow], unit: float) -> None:
        self._flows, self.each, self._unit = flows, list(each), unit
        self._bounds = np.full(len(each), -math.inf)
        self.at, self.own = dict[int, Priced](), set[int]()
        self._alike: dict[tuple[int, ...], list[int]] = {}
        self._shapes = [_shape(flow) for flow in each]
        for n, shape in enumerate(self._shapes):
            self._alike.setdefault(shape, []).append(n)
        for alike in self._alike.values():
            self.solve(alike[0])

    def cheapest(self) -> tuple[int, float]:
        """Return the flow with the least bound, and the bound."""
        n = int(self._bounds.argmin())
        return n, float(self._bounds[n])

    def raise_to(self, n: int, bound: float) -> None:
        """Take a better bound of a flow."""
        self._bounds[n] = max(self._bounds[n], bound)

    def replace(self, n: int, flows: Sequence[Flow]) -> None:
        """Put flows in place of one: they are no cheaper."""
        known = self._bounds[n]
        self._bounds[n] = math.inf
        self.own.add(n)
        for flow in flows:
            self._alike.setdefault(_shape(flow), []).append(len(self.each))
            self._shapes.append(_shape(flow))
            self.each.append(flow)
        self._bounds = np.append(self._bounds, np.full(len(flows), known))

    def solve(self, n: int) -> None:
        """Solve the programme of a flow, and bound it and those like it that are not solved at its multipliers."""
        multipliers = self._flows.multipliers(self.each[n], self._unit)
        self.own.add(n)
        some = [n, *(k for k in self._alike[self._shapes[n]] if k not in self.own)]
        lines = [self._flows.priced(self.each[k], multipliers) for k in some]
        for k, line, bound in zip(some, lines, self._flows.least(lines).tolist(), strict=True):
            if bound > self._bounds[k] or k == n:
                self.at[k] = line
                self._bounds[k] = max(self._bounds[k], bound)


def _shape(flow: Flow) -> tuple[int, ...]:
    """Return what flows have to share for multipliers of one to be some of another."""
    return (len(flow.limits), *map(len, flow.largest))
