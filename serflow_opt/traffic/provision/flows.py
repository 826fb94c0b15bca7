"""Bounds over all thresholds by a linear programme: requests may be split between thresholds.

With numbers of machines chosen, what a structure costs and what it may do are lines in the reaches R_s, at least. The
flow that goes through the stages with the thresholds mixed as one likes (`exits.py`: v_{s,l} without z) then costs no
more than any thresholds. The programme is small; its multipliers make one line of all. The least of that over whole
thresholds that keep the floor (`threshold_labels.py`) is the bound: what the solver says is not taken for granted.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from serflow_opt.backend.linear import SmallPrograms
from serflow_opt.backend.matrix import Matrix
from serflow_opt.ground.tolerances import EQUAL, TOLERANCE
from serflow_opt.search.lagrangian import LinearCost, StageExits, reaches, recursion, solve_dual
from serflow_opt.search.threshold_labels import ThresholdTask, TooManyLabels, best_thresholds, listed_thresholds

if TYPE_CHECKING:
    from serflow_opt.ground.arrays import Floats, Ints

LABELS = 20_000
"""Labels that thresholds of a line may take."""
MOST_KEPT = 2
"""Limits that are kept by whole thresholds beside the floor, at most."""
KEPT = 8
"""Multipliers that are remembered for programmes of a shape: flows of other structures often need no others."""
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

    @property
    def shape(self) -> Shape:
        """Return what flows have to share for multipliers of one to be some of another."""
        return (len(self.limits), *map(len, self.largest))

    def values(self, reach: Floats) -> Floats:
        """Return what is minimised, at the reaches of each row."""
        found: Floats = self.cost.fixed + reach @ self.cost.weight
        for each in self.largest:
            found = found + np.max([line.fixed + reach @ line.weight for line in each], axis=0)
        return found

    def table(self) -> tuple[Floats, Floats]:
        """Return all lines: the cost, limits, and those of which the largest count; fixed parts and weights."""
        lines = [self.cost, *self.limits, *(line for each in self.largest for line in each)]
        return np.array([line.fixed for line in lines]), np.array([line.weight for line in lines])


Shape = tuple[int, ...]
"""How many limits a flow has, and how many lines there are of which each largest one counts."""
Closer = Callable[[int, "Floats"], Sequence[Flow]]
"""See `Flows.bound`."""
Priced = tuple[FlowLine, float]
"""A line below a flow, and the multiplier of the accuracy floor that goes with it, USD per second."""


class FlowPrices:
    """Multipliers that programmes of flows had, by shape, and the solver of these: of all structures of a search."""

    def __init__(self) -> None:
        self._known: dict[Shape, deque[Floats]] = {}

    @cached_property
    def programs(self) -> SmallPrograms:
        """The solver."""
        return SmallPrograms()

    def of(self, shape: Shape) -> list[Floats]:
        """Return the last that were found for a shape."""
        return list(self._known.get(shape, ()))

    def add(self, shape: Shape, multipliers: Floats) -> None:
        """Remember some."""
        self._known.setdefault(shape, deque(maxlen=KEPT)).append(multipliers)


class Flows:
    """The flows that thresholds let through the stages.

    Parameters
    ----------
    exits
        What leaves at each stage, one menu each.
    floor
        Share of right answers; None: no floor.
    prices
        Multipliers to begin with; None: none are known.
    """

    def __init__(self, exits: StageExits, floor: float | None, prices: FlowPrices | None = None) -> None:
        self.exits, self.floor = exits, floor
        self.prices = FlowPrices() if prices is None else prices
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
        """Return the first two of what `looked` returns.

        Parameters
        ----------
        flows, enough, unit, closer
            As `looked` takes them.
        """
        return self.looked(flows, enough, unit, closer)[:2]

    def looked(
        self, flows: Sequence[Flow], enough: float, unit: float, closer: Closer | None = None, most: int = 0
    ) -> tuple[float, tuple[int, ...], list[tuple[int, ...]] | None]:
        """Return what all flows cost at least, thresholds that are cheap in one that may cost less than `enough`, and
        all such thresholds where they are at most `most`; None: they are more.

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
        most
            Thresholds that are listed, at most; 0: none are.
        """
        priced = _Pricing(self, flows, enough, unit)
        solutions = dict[int, tuple[int, ...]]()
        while True:
            n, bound = priced.cheapest()
            if bound >= enough:
                return bound, (), []
            if n in solutions:
                return bound, solutions[n], self._listed(priced, enough, unit, most)
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

    def _listed(self, priced: _Pricing, enough: float, unit: float, most: int) -> list[tuple[int, ...]] | None:
        """Return all thresholds with which a flow may cost less than `enough`; None: they are more than `most`.

        The line below a flow leaves a few, which are put into the flow itself.
        """
        floor, found = (self.floor or 0.0) * (1 - 2 * TOLERANCE), dict[tuple[int, ...], None]()
        for n in priced.below(enough) if most else ():
            some = self._few(priced.at.get(n), floor, enough, unit)
            if some is None and n not in priced.own:
                priced.solve(n)
                some = self._few(priced.at[n], floor, enough, unit)
            if some is None:
                return None
            flow, reach = priced.each[n], reaches(self.exits, some)
            kept = flow.values(reach) < enough + EQUAL * abs(enough)
            for limit in flow.limits:
                kept &= limit.fixed + reach @ limit.weight <= TOLERANCE
            found |= dict.fromkeys(map(tuple, some[kept].tolist()))
            if len(found) > most:
                return None
        return list(found) if most else None

    def _few(self, priced: Priced | None, floor: float, enough: float, unit: float) -> Ints | None:
        """Return the thresholds that keep the floor where a line may cost less than `enough`; None: too many."""
        if priced is None:
            return None
        line, price = priced
        adds = np.column_stack([line.weight / unit, np.zeros(len(line.weight))])
        task = ThresholdTask(self.menus, adds, np.array([math.inf, -floor]))
        below = (enough + EQUAL * abs(enough) - line.fixed) / unit
        return listed_thresholds(task, np.array([1.0, price / unit]), below - price / unit * floor)

    def _cheap(self, line: FlowLine) -> tuple[int, ...]:
        """Return thresholds that keep the floor and are cheap by a line."""
        one = LinearCost(np.array([line.fixed]), line.weight[None, :])
        return tuple(solve_dual(self.exits, self.floor, one).levels[0].tolist())

    def least(self, lines: LinearCost, price: Floats) -> Floats:
        """Return the least of lines at multipliers of the floor, with thresholds mixed as one likes, USD per second."""
        cost, right, _ = recursion(self.exits, lines.weight, price)
        bounds: Floats = lines.fixed + cost + price * ((self.floor or 0.0) - right)
        return bounds - EQUAL * np.abs(bounds)

    def multipliers(self, flow: Flow, unit: float) -> Floats:
        """Return the multipliers of a flow's programme, USD per second: of its limits, of each line, of the floor."""
        matrix = self._matrix(flow, unit)
        dual = self.prices.programs.multipliers(matrix)
        own: Floats = np.zeros(len(matrix.row_low)) if dual is None else np.asarray(dual) * unit
        return own[len(self.through) :]

    def floor_price(self, multipliers: Floats) -> float:
        """Return what goes with multipliers for the floor, USD per second and share of right answers."""
        return max(0.0, float(multipliers[-1])) / self.floor if self.floor else 0.0

    def _matrix(self, flow: Flow, unit: float) -> Matrix:
        """Return the programme; columns: requests by stage and threshold, the largest of lines, what is missed."""
        stages, reached, more = len(self.through), len(self.stage), len(flow.largest)
        fixed, weight = flow.table()
        fixed, weight = fixed[1:], weight[1:, self.stage]
        limits, missed = len(flow.limits), reached + more
        count = stages + len(fixed)
        rows = np.zeros((count + bool(self.floor), missed + 1))
        low, high = np.full(len(rows), -math.inf), np.zeros(len(rows))
        rows[:stages, :reached], low[:stages], low[0], high[0] = self.through, 0.0, 1.0, 1.0
        scale = np.append(np.ones(limits), np.full(len(fixed) - limits, 1 / unit))
        rows[stages:count, :reached], high[stages:count] = weight * scale[:, None], -fixed * scale
        rows[stages : stages + limits, missed] = -1.0
        of = np.repeat(np.arange(more), [len(each) for each in flow.largest])
        rows[stages + limits + np.arange(len(of)), reached + of] = -1.0
        if self.floor:
            rows[-1, :reached], rows[-1, missed] = self.mass / self.floor, 1.0
            low[-1], high[-1] = 1.0, math.inf
        cost = np.concatenate([flow.cost.weight[self.stage] / unit, np.ones(more), [MISSED]])
        return Matrix.dense(cost, rows, low, high, np.zeros(len(cost)), np.full(len(cost), math.inf))


class _Pricing:
    """Bounds of flows, each at multipliers of its own programme or of another's: as few programmes as tell the least.

    Flows differ in sizes of blocks, and often in little that moves multipliers: those of one are good for others with
    as many limits and lines, of other structures, too.

    Attributes
    ----------
    each
        The flows.
    at
        By flow, the line that its bound is of; empty at first.
    own
        Flows whose programme was solved.
    """

    def __init__(self, flows: Flows, each: Sequence[Flow], enough: float, unit: float) -> None:
        self._flows, self._enough, self._unit = flows, enough, unit
        self.each = list[Flow]()
        self.at, self.own = dict[int, Priced](), set[int]()
        self._bounds = np.zeros(0)
        self._alike: dict[Shape, list[int]] = {}
        self._tables: list[tuple[Floats, Floats]] = []
        self._add(each, -math.inf)
        for shape, alike in self._alike.items():
            for multipliers in reversed(flows.prices.of(shape)):
                some = [n for n in alike if self._bounds[n] < enough]
                if some:
                    self._price(some, multipliers)

    def _add(self, flows: Iterable[Flow], bound: float) -> None:
        for flow in flows:
            self._alike.setdefault(flow.shape, []).append(len(self.each))
            self.each.append(flow)
            self._tables.append(flow.table())
        self._bounds = np.append(self._bounds, np.full(len(self.each) - len(self._bounds), bound))

    def cheapest(self) -> tuple[int, float]:
        """Return the flow with the least bound, and the bound."""
        n = int(self._bounds.argmin())
        return n, float(self._bounds[n])

    def below(self, enough: float) -> list[int]:
        """Return the flows that may cost less, cheapest bound first."""
        order = self._bounds.argsort(kind="stable")
        return [int(n) for n in order if self._bounds[n] < enough]

    def raise_to(self, n: int, bound: float) -> None:
        """Take a better bound of a flow."""
        self._bounds[n] = max(self._bounds[n], bound)

    def replace(self, n: int, flows: Sequence[Flow]) -> None:
        """Put flows in place of one: they are no cheaper."""
        known = float(self._bounds[n])
        self._bounds[n] = math.inf
        self.own.add(n)
        self._add(flows, known)

    def solve(self, n: int) -> None:
        """Solve the programme of a flow, and bound it and those like it that are open at its multipliers."""
        shape = self.each[n].shape
        multipliers = self._flows.multipliers(self.each[n], self._unit)
        self._flows.prices.add(shape, multipliers)
        self.own.add(n)
        open_ = [k for k in self._alike[shape] if k not in self.own and self._bounds[k] < self._enough]
        self._alike[shape] = open_
        self._price([n, *open_], multipliers)
        if n not in self.at:
            self.at[n] = self._line(n, multipliers)

    def _factors(self, flow: Flow, multipliers: Floats) -> Floats:
        """Return what each line of a flow counts for at multipliers: of those of a largest one, 1 together."""
        lines, at = sum(flow.shape), 1 + len(flow.limits)
        factors = np.append(1.0, np.maximum(-multipliers[:lines], 0.0))
        for each in flow.largest:
            own = factors[at : at + len(each)]
            whole = own.sum()
            own[:] = own / whole if whole > 0 else 1 / len(each)
            at += len(each)
        return factors

    def _price(self, some: Sequence[int], multipliers: Floats) -> None:
        """Bound flows of one shape at multipliers."""
        factors, floor = self._factors(self.each[some[0]], multipliers), self._flows.floor_price(multipliers)
        fixed = np.array([self._tables[k][0] for k in some]) @ factors
        weight = np.einsum("l,nls->ns", factors, np.array([self._tables[k][1] for k in some]))
        bounds = self._flows.least(LinearCost(fixed, weight), np.full(len(some), floor))
        for i, (k, bound) in enumerate(zip(some, bounds.tolist(), strict=True)):
            if bound > self._bounds[k]:
                self.at[k] = FlowLine(float(fixed[i]), weight[i]), floor
                self._bounds[k] = bound

    def _line(self, n: int, multipliers: Floats) -> Priced:
        factors = self._factors(self.each[n], multipliers)
        fixed, weight = self._tables[n]
        return FlowLine(float(fixed @ factors), factors @ weight), self._flows.floor_price(multipliers)
