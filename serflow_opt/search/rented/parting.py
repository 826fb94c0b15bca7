"""Placements one by one: bounded by the best mixes of thresholds, machines and menus parted until all is settled."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from serflow_opt.ground.arrays import Floats
from serflow_opt.ground.deadline import NEVER, Deadline, OutOfTime
from serflow_opt.ground.tolerances import ROUNDING, SMALLEST
from serflow_opt.plan.decision import Decision
from serflow_opt.search.layered import Chain
from serflow_opt.search.placed import Placed, least_values
from serflow_opt.search.placement_search import PlacementCounts, PlacementSearch
from serflow_opt.search.prune import decision_at
from serflow_opt.search.rented.columns import Columns

if TYPE_CHECKING:
    from serflow_opt.kernels.parts import Parts

NODES = 250
"""Nodes looked at between two looks at the clock: a millisecond or two."""
AT_FIRST, AT_ONCE = 250, 2_000
"""Placements bounded before a better plan among them rules out others; then twice as many, up to the latter."""


@dataclass(slots=True)
class NodeCounts(PlacementCounts):
    """Placements parted, too; nodes of these."""

    parted: int = 0
    nodes: int = 0


class Parting(PlacementSearch):
    """The best plan of placements that are given, and what it takes to find it; else as `PlacementSearch`.

    Parameters
    ----------
    chain
        At fractional rents.
    most_nodes
        Nodes looked at, at most, before the search stops as if its time were over.

    Attributes
    ----------
    value
        One known from elsewhere may be set before.
    shares
        How often it takes each threshold of each stage; None: one everywhere.
    """

    def __init__(
        self,
        chain: Chain,
        gap: float,
        deadline: Deadline = NEVER,
        on_better: Callable[[float, float], None] | None = None,
        grace_s: float = 0.0,
        *,
        most_nodes: float = math.inf,
    ) -> None:
        super().__init__(chain, gap, deadline, on_better, grace_s)
        self.columns = Columns(chain)
        self.shares: list[Floats] | None = None
        self.counts = NodeCounts()
        self._most_nodes = most_nodes

    def decision(self) -> Decision | None:
        """Return the best plan."""
        if self.best is None:
            return None
        those, levels = self.best
        decision = decision_at(self.chain.data, those.paths, 0, levels)
        return decision if self.shares is None else _mixing(decision, self.shares, self.chain.data.last)

    @property
    def most(self) -> float:
        """What a plan may come to by the limit of the objective."""
        limit = float(self.chain.limits[0])
        return limit + ROUNDING * abs(limit) + SMALLEST

    def target(self) -> float:
        """What a plan must be below to count."""
        if not self.knows:
            return self.most
        return self.better()

    @property
    def least(self) -> float:
        """What no plan is below in any case, whatever the unit."""
        return 0.0 if self.nonnegative else -math.inf

    def take(self, those: Placed, nodes: Parts) -> None:
        """Keep the best plan that was found of placements."""
        value, n, levels = nodes.found()
        if n < 0 or value * self.columns.unit >= self.value:
            return
        mixed = nodes.shares()
        self.shares = None if mixed is None else self.columns.shares(those, n, mixed)
        self.keep(those.rows(np.array([n])), self.columns.levels(those, n, levels), value * self.columns.unit)

    def bounded(self, those: Placed, weights: Floats, each: int) -> Floats:
        """Return bounds of placements by the first nodes of each, as the kernels count; the least is raised first.

        Parameters
        ----------
        those
            N placements.
        weights
            Multipliers of the columns, C: they are bounded by these at least.
        each
            Nodes.
        """
        self.deadline.check()
        least, offset = least_values(self.chain, those, weights), self.offset(weights)
        bounds: Floats = (least + offset - ROUNDING * (np.abs(least) + abs(offset))) / self.columns.unit
        bounds = np.maximum(bounds, self.least)
        order, first, size = np.argsort(bounds, kind="stable"), 0, AT_FIRST
        while first < len(order) and bounds[order[first]] * self.columns.unit < self.target():
            self.deadline.check()
            rows = order[first : first + size]
            first, size = first + size, min(2 * size, AT_ONCE)  # a better plan may spare the rest
            part = those.rows(rows)
            nodes, own, alike = self.nodes_of(part), bounds[rows], self.columns.alike(part)
            done = 0
            while done < len(rows):
                self.deadline.check()
                done += nodes.close(np.arange(done, len(rows)), own, alike, each, NODES)
                self.take(part, nodes)
            bounds[rows] = own
            self.count(nodes)
        return bounds

    def part_all(self, those: Placed, bounds: Floats, most: int) -> Floats:
        """Part placements, the least bound first, until nothing below the target is left; return what is known then.

        Parameters
        ----------
        those, bounds
            N placements, and what none of their plans is below.
        most
            How many may be parted.
        """
        open_ = np.flatnonzero(bounds * self.columns.unit < self.target())
        open_ = open_[np.argsort(bounds[open_], kind="stable")][:most]
        bounds = bounds.copy()
        if len(open_):
            left = those.rows(open_)
            nodes = self.nodes_of(left)
            for n, row in enumerate(open_.tolist()):
                if bounds[row] * self.columns.unit >= self.target():
                    break  # so are all that follow
                self.part(left, nodes, n, float(bounds[row]))
                bounds[row] = math.inf
            self.count(nodes)
            bounds = np.append(bounds, nodes.proven())
        return bounds

    def count(self, nodes: Parts) -> None:
        """Count nodes looked at; stop where they are too many."""
        self.counts.nodes += nodes.looked_at()
        if self.counts.nodes > self._most_nodes:
            raise OutOfTime

    def check_nodes(self, nodes: Parts) -> None:
        """Stop where too many nodes were looked at."""
        if nodes.looked_at() > self._most_nodes:
            raise OutOfTime

    def nodes_of(self, those: Placed) -> Parts:
        """Return placements as the kernels take them, with what is known."""
        most = self.value if self.knows else self.most
        return self.columns.nodes(those, most, self.knows, self.gap, self.own_off)

    def part(self, those: Placed, nodes: Parts, n: int, bound: float) -> None:
        """Part the machines and thresholds of a placement until nothing below the target is left.

        Parameters
        ----------
        those
            The placement whose nodes they are.
        nodes
            What is left of it.
        n
            Its row among those of `nodes`.
        bound
            No plan of it is below, in units of the goal.

        Raises
        ------
        OutOfTime
            At the deadline.
        """
        self.counts.parted += 1
        nodes.open(n, bound)
        while nodes.waiting():
            self.deadline.check()
            self.check_nodes(nodes)
            nodes.run(NODES)
            self.take(those, nodes)


def _mixing(decision: Decision, shares: list[Floats], stages: int) -> Decision:
    """Return a decision with these shares of its thresholds; everybody leaves where it ends early, as it says."""
    count = len(decision.weights) - (len(decision.weights) < stages)
    mixed = [tuple((here / math.fsum(here)).tolist()) for here in shares[:count]]
    return replace(decision, weights=(*mixed, *decision.weights[count:]))
