"""Bounds over all thresholds by a linear programme: requests may be split between thresholds.

With numbers of machines chosen, what a structure costs and what it may do are lines in the reaches R_s, at least. The
flow that goes through the stages with the thresholds mixed as one likes (`exits.py`: v_{s,l} without z) then costs no
more than any thresholds. The programme is small; its multipliers make one line of all. The least of that over whole
thresholds that keep the floor (`threshold_labels.py`) is the bound: what the solver says is not taken for granted.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
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

    def bound(self, flows: Sequence[Flow], enough: float, unit: float) -> tuple[float, tuple[int, ...]]:
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
        """
        lines, multipliers = [], []
        for flow in flows:
            line, multiplier = self._lagrangian(flow, unit)
            lines.append(line)
            multipliers.append(multiplier)
        weight, price = np.array([line.weight for line in lines]), np.array(multipliers)
        cost, right, _ = recursion(self.exits, weight, price)
        bounds = np.array([line.fixed for line in lines]) + cost + price * ((self.floor or 0.0) - right)
        bounds -= EQUAL * np.abs(bounds)
        found, thresholds = math.inf, tuple[int, ...]()
        for n in np.argsort(bounds, kind="stable").tolist():
            bound, chosen = float(bounds[n]), tuple[int, ...]()
            if bound < min(enough, found):
                bound, chosen = self._whole(flows[n], lines[n], float(price[n]), bound, enough, unit)
            if bound < found:
                found, thresholds = bound, chosen
        return found, thresholds

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

    def _lagrangian(self, flow: Flow, unit: float) -> tuple[FlowLine, float]:
        """Return the line of a flow at the multipliers of its programme, and that of the accuracy floor."""
        matrix = self._matrix(flow, unit)
        dual = relaxing(matrix)(matrix.low, matrix.high).multipliers
        price = np.zeros(len(matrix.row_low)) if dual is None else np.asarray(dual) * unit
        line, at = flow.cost, len(self.through)
        for limit in flow.limits:
            line += limit * max(0.0, -float(price[at]))
            at += 1
        for lines in flow.largest:
            own = np.maximum(-price[at : at + len(lines)], 0.0)
            own = own / own.sum() if own.sum() > 0 else np.full(len(lines), 1 / len(lines))
            for each, share in zip(lines, own.tolist(), strict=True):
                line += each * share
            at += len(lines)
        return line, max(0.0, float(price[-1])) / self.floor if self.floor else 0.0

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
