"""What mixes of thresholds pay by use beside how long they keep a machine busy: a convex curve for each placement.

Where lots are drawn between the thresholds of a placement, plans that keep the accuracy floor have loads x and costs y
(`frontier.py`) in a convex set. Two corners of its lower left side are equal by some weights of x and y; the least sum
by these, one bracket of the floor's multiplier (`lagrangian.py`), is a corner between, or proves that there is none.
The brackets of many placements are closed at once.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np

from serflow_opt.ground.arrays import Floats, Ints
from serflow_opt.ground.deadline import Deadline
from serflow_opt.ground.tolerances import EQUAL, ROUNDING
from serflow_opt.search.lagrangian import LinearCost, StageExits, accuracies, reaches, solve_dual
from serflow_opt.search.rented.frontier import Cut, Frontier

STEEP = (0.1, 0.3, 1.0, 3.0, 10.0)
"""Weights of the load tried first, in units of what it is worth."""
PLAIN = 2 + STEEP.index(1.0)
"""The one of its worth, among all that are tried first."""


@dataclass(frozen=True, slots=True, eq=False)
class Corner:
    """A mix of two choices of thresholds, and what it comes to.

    Attributes
    ----------
    x, y
        Load and cost by use.
    low, high
        Thresholds (M), positions in the menus.
    share
        How often those of `high` are taken.
    """

    x: float
    y: float
    low: Ints
    high: Ints
    share: float

    @property
    def parts(self) -> list[tuple[float, Ints]]:
        """How often which thresholds are taken."""
        return [(own, levels) for own, levels in ((1 - self.share, self.low), (self.share, self.high)) if own > 0]


@dataclass(slots=True)
class Curve:
    """What is known of the curve of a row: corners by rising x, and cuts.

    Attributes
    ----------
    row
        Of `Loads`.
    corners, cuts
        Corners by rising x and falling y; below which no plan is.
    low, high
        The range of x that is looked at.
    """

    row: int
    corners: list[Corner] = field(default_factory=list)
    cuts: list[Cut] = field(default_factory=list)
    low: float = 0.0
    high: float = math.inf

    @property
    def x(self) -> Floats:
        """Of the corners."""
        return np.array([corner.x for corner in self.corners])

    @property
    def y(self) -> Floats:
        """Of the corners."""
        return np.array([corner.y for corner in self.corners])

    def add(self, corner: Corner) -> None:
        """Put a corner in its place, and drop what is not below the others."""
        kept: list[Corner] = []
        for own in sorted([*self.corners, corner], key=lambda own: (own.x, own.y)):
            if not kept or own.y < kept[-1].y - ROUNDING * abs(kept[-1].y):
                kept.append(own)
        self.corners = kept


@dataclass(frozen=True, slots=True)
class Loads:
    """N rows, placements with their menus.

    Attributes
    ----------
    exits
        What leaves at each stage, of the thresholds that may be taken.
    every
        The same with whole menus.
    floor
        Of the accuracy; None: none.
    x, y
        How much of a machine a request loads, and what it pays by use.
    placement
        N: which one each row is of.
    """

    exits: StageExits
    every: StageExits
    floor: float | None
    x: LinearCost
    y: LinearCost
    placement: Ints

    def least(self, rows: Ints, u: Floats, v: Floats, deadline: Deadline) -> tuple[Floats, list[Corner | None]]:
        """Minimise u x + v y of some rows; return bounds and the mixes that attain them, None where there is none.

        Parameters
        ----------
        rows
            R, of them.
        u, v
            R weights, at least 0.
        deadline
            When to stop.
        """
        x, y = (LinearCost(own.fixed[rows], own.weight[rows]) for own in (self.x, self.y))
        every = self.every.rows(rows)
        view = LinearCost(u * x.fixed + v * y.fixed, u[:, None] * x.weight + v[:, None] * y.weight)
        found = solve_dual(self.exits.rows(rows), self.floor, view, deadline)
        assert found.below is not None
        loads, costs, right = [], [], []
        for levels in (found.below, found.levels):
            reach = reaches(every, levels)
            loads.append(x.fixed + (reach * x.weight).sum(axis=1))
            costs.append(y.fixed + (reach * y.weight).sum(axis=1))
            right.append(accuracies(every, reach, levels))
        apart = right[1] - right[0]
        with np.errstate(divide="ignore", invalid="ignore"):
            share = np.clip(((self.floor or 0.0) - right[0]) / apart, 0.0, 1.0)
        share = np.where((apart > 0) & (self.floor is not None), share, 1.0)
        load = (1 - share) * loads[0] + share * loads[1]
        cost = (1 - share) * costs[0] + share * costs[1]
        corners = [
            Corner(float(load[n]), float(cost[n]), found.below[n], found.levels[n], float(share[n]))
            if math.isfinite(bound)
            else None
            for n, bound in enumerate(found.bound.tolist())
        ]
        return found.bound, corners


def weightings(rent: float, unit: float) -> tuple[Floats, Floats]:
    """Return weights of loads and costs to begin with; each alone first.

    Parameters
    ----------
    rent
        What a load is worth.
    unit
        The same where that is nothing.
    """
    steep = np.array(STEEP) * (rent or unit or 1.0)
    return np.array([1.0, 0.0, *steep.tolist()]), np.array([0.0, 1.0, *np.ones(len(steep)).tolist()])


class CurveSearch:
    """The least of the curves of placements, to within a share of what plans cost.

    Parameters
    ----------
    loads
        The placements.
    rent
        Of a machine, in units of y.
    slack
        The share.
    deadline
        When to stop.

    Attributes
    ----------
    frontier
        What plans cost that are known.
    """

    def __init__(self, loads: Loads, rent: float, slack: float, deadline: Deadline) -> None:
        self.loads, self.rent, self.slack, self.deadline = loads, rent, slack, deadline
        self.frontier = Frontier.none()
        self._met: dict[int, tuple[Loads, Curve]] = {}  # curves that were the best somewhere

    def begin(self, loads: Loads, rows: Ints) -> list[Curve]:
        """Return the curves of rows with a few corners each, as far as what is known then does not rule them out.

        Parameters
        ----------
        loads, rows
            The rows, and which of them, R.
        """
        count, curves = len(rows), [Curve(row) for row in rows.tolist()]
        unit = float(np.median(loads.y.weight.sum(axis=1)) / (np.median(loads.x.weight.sum(axis=1)) or 1.0))
        u, v = weightings(self.rent, unit)
        bounds = np.empty((count, len(u)))
        for k, (a, b) in enumerate(zip(u.tolist(), v.tolist(), strict=True)):
            bounds[:, k], corners = loads.least(rows, np.full(count, a), np.full(count, b), self.deadline)
            for curve, corner, bound in zip(curves, corners, bounds[:, k].tolist(), strict=True):
                if corner is not None:
                    curve.add(corner)
                    curve.cuts.append((a, b, bound - ROUNDING * abs(bound)))
        for n in np.argsort(bounds[:, PLAIN], kind="stable").tolist():
            if curves[n].corners:
                self.offer(loads, curves[n])
        left = self.frontier.left(u, v, bounds, self.rent, self.slack)
        return [curves[n] for n in np.flatnonzero(left).tolist()]

    def offer(self, loads: Loads, curve: Curve) -> None:
        """Note the plans of the curve of a row, if a corner is below those that are known."""
        for run in self.runs(loads, curve):
            x, y = np.array([own.x for own in run]), np.array([own.y for own in run])
            if (y < self.frontier.at(x)).any():
                self.frontier = self.frontier.within(x, y)
                self._met[id(curve)] = loads, curve

    def open(self, curve: Curve, low: float, high: float) -> bool:
        """Whether a curve is not ruled out between two x.

        Parameters
        ----------
        curve
            The curve, with its cuts.
        low, high
            Both x.
        """
        low, high = max(low, curve.low), min(high, curve.high)
        return low <= high and not self.frontier.rules_out(curve.cuts, self.rent, self.slack, low, high)

    def grow(self, loads: Loads, curves: Sequence[Curve]) -> None:
        """Find the corners of curves where they are not ruled out.

        Parameters
        ----------
        loads, curves
            The rows, and curves of them that have been begun.
        """
        parts = [(curve, a, b) for curve in curves for a, b in pairwise(curve.corners)]
        while parts := [(curve, a, b) for curve, a, b in parts if self.open(curve, a.x, b.x)]:
            u = np.array([a.y - b.y for _, a, b in parts])
            v = np.array([b.x - a.x for _, a, b in parts])
            rows = np.array([curve.row for curve, _, _ in parts])
            bounds, corners = loads.least(rows, u, v, self.deadline)
            more, changed = [], {}
            for (curve, a, b), down, right, bound, corner in zip(
                parts, u.tolist(), v.tolist(), bounds.tolist(), corners, strict=True
            ):
                curve.cuts.append((down, right, bound - ROUNDING * abs(bound)))
                line = down * a.x + right * a.y
                if corner is None or not a.x < corner.x < b.x:
                    continue
                if down * corner.x + right * corner.y < line - EQUAL * abs(line):
                    curve.add(corner)
                    more += [(curve, a, corner), (curve, corner, b)]
                    changed[id(curve)] = curve
            for curve in changed.values():
                self.offer(loads, curve)
            parts = more

    def run(self) -> list[tuple[int, list[Corner]]]:
        """Return placements and corners between which all mixes are plans, such that no plan is better."""
        self.explore(self.begin(self.loads, np.arange(len(self.loads.placement))))
        return [
            (int(loads.placement[curve.row]), run)
            for loads, curve in self._met.values()
            for run in self.runs(loads, curve)
            if self._attains(run)
        ]

    def explore(self, curves: Sequence[Curve]) -> None:
        """Find all plans of some curves, begun, that are not ruled out."""
        self.grow(self.loads, curves)
        for curve in curves:
            self.offer(self.loads, curve)

    def runs(self, loads: Loads, curve: Curve) -> list[list[Corner]]:
        """Return the parts of the curve of a row that are of plans, each as its corners."""
        return [curve.corners]

    def _attains(self, run: Sequence[Corner]) -> bool:
        """Whether plans between some corners are of the best that are known."""
        x, y = np.array([own.x for own in run]), np.array([own.y for own in run])
        points = np.union1d(self.frontier.x, x)
        return bool((Frontier(x, y).at(points) <= self.frontier.at(points) * (1 + EQUAL)).any())
