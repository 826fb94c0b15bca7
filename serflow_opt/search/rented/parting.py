"""The search of what a bound leaves of a chain: by types of machines, then by their numbers (`boxes.py`).

Of each box the placement of least bound is searched to the end, numbers and ranges of thresholds parted
(`kernels/nodes.py`). The numbers that this came to are boxes in turn, each with the weights that bound it, and are
swept, until all are ruled out or have no new placement. Of the latter all placements left are listed, and searched one
by one.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from serflow_opt.ground.arrays import Floats, Ints
from serflow_opt.ground.deadline import NEVER, Deadline, OutOfTime
from serflow_opt.ground.tolerances import FOR_VALUING, ROUNDING, SMALLEST
from serflow_opt.plan.decision import Decision
from serflow_opt.search.bound_recursion import BoundTable, sweep
from serflow_opt.search.enumerate import near_optimal_placements
from serflow_opt.search.layered import Chain
from serflow_opt.search.placed import Placed, placed
from serflow_opt.search.placements import Paths, keys_of
from serflow_opt.search.prefixes import least_whole_before, most_values
from serflow_opt.search.prune import decision_at
from serflow_opt.search.rented.boxes import Box, Lanes, Offer
from serflow_opt.search.rented.columns import Columns
from serflow_opt.search.runs import stages_couple, within_options

if TYPE_CHECKING:
    from serflow_opt.kernels.nodes import Nodes

LISTED = 200_000
"""Placements listed at most."""
NODES = 2_000
"""Nodes looked at between two looks at the clock."""
FEW = (300, 3_000)
"""Placements among which better plans are looked for before all are listed that are left."""
SHARES = (0.4, 0.15, 0.05, 0.02)
"""Of the distance from the least bound to the best plan: how far placements are listed for that."""
TRIED = 20
"""Of these, how many are parted for that."""
BOX_ROUNDS = 8
"""Sweeps of boxes, at most, before their placements are listed."""
OFFERS = 2_000
"""Types of machines, one of each tier, that are swept side by side at most."""


class Left(NamedTuple):
    """A box, its bound, and the placement that this is of."""

    box: Box
    bound: float
    path: Paths


@dataclass(slots=True)
class Counts:
    """Placements there are, listed because bounds left them, and parted; nodes of these; sweeps."""

    placements: float = 0.0
    listed: int = 0
    parted: int = 0
    nodes: int = 0
    sweeps: int = 0


class BoxSearch:
    """The search of boxes over the arrays of an instance.

    Parameters
    ----------
    chain
        At fractional rents.
    gap
        How much better than the best plan others have to be, relative.
    deadline
        When to stop.
    on_better
        Called with the value of each better plan and the bound, in units of the chain's objective.
    grace_s
        Seconds beyond the deadline for a first plan.
    also
        The same with other whole times, whose limit has to be kept as well.
    most_nodes
        Nodes looked at, at most, before the search stops as if its time were over.

    Attributes
    ----------
    value, bound
        Of the best plan (one known from elsewhere may be set before), and what no plan is below, in units of the
        chain's objective.
    held
        Multipliers of the columns, C, at which machines are paid for by use.
    infeasible
        Proven to have no plan.
    closed
        Boxes that have nothing better than the best plan; together they are all plans that were not ruled out at once.
    """

    def __init__(
        self,
        chain: Chain,
        gap: float,
        deadline: Deadline = NEVER,
        on_better: Callable[[float, float], None] | None = None,
        grace_s: float = 0.0,
        *,
        also: Chain | None = None,
        most_nodes: float = math.inf,
    ) -> None:
        self.chain, self.on_better, self.also = chain, on_better, also
        self._deadlines = deadline, deadline.later(grace_s) if grace_s else deadline
        self.gap = max(gap - FOR_VALUING, gap / 2)  # the rest is for the exact value of the plan
        self.columns = Columns(chain)
        self.before = chain.known("before", least_whole_before)
        self.tight = stages_couple(chain.data.instance)
        self.limited = np.isfinite(chain.limits)
        self.value, self.bound, self.infeasible = math.inf, -math.inf, False
        self.best: tuple[Placed, Ints] | None = None
        self.held = np.zeros(len(chain.limits))  # multipliers of the limits
        self.held[0] = 1.0
        self.counts = Counts()
        self.dropped, self._most_nodes = math.inf, most_nodes
        self.closed: list[Box] = []

    @property
    def deadline(self) -> Deadline:
        """When to stop: a little later where no plan is known yet."""
        return self._deadlines[not self._knows]

    @property
    def _knows(self) -> bool:
        """Whether there is a plan."""
        return math.isfinite(self.value)

    def decision(self) -> Decision | None:
        """Return the best plan."""
        if self.best is None:
            return None
        those, levels = self.best
        return decision_at(self.chain.data, those.paths, 0, levels)

    @property
    def _most(self) -> float:
        """What a plan may come to by the limit of the objective."""
        limit = float(self.chain.limits[0])
        return limit + ROUNDING * abs(limit) + SMALLEST

    def target(self) -> float:
        """What a plan must be below to count."""
        if not self._knows:
            return self._most
        return self.value - max(self.gap * abs(self.value), ROUNDING * self.columns.unit)

    def _offset(self, weights: Floats) -> float:
        """What is added to V: minus the multipliers times the limits."""
        return -float(weights[1:] @ np.where(self.limited, self.chain.limits, 0.0)[1:])

    def _admitted(self, paths: Paths) -> Placed:
        """Return, each once, the placements that keep what thresholds do not change."""
        if self.tight:
            paths = paths[within_options(self.chain.data, paths)]
        once = {key: n for n, key in enumerate(keys_of(paths))}
        return self._in_time(placed(self.chain, paths[np.array(list(once.values()), np.int64)]))

    def _in_time(self, those: Placed) -> Placed:
        """Return the placements that keep all limits of whole times."""
        those = those.rows(those.whole <= self.chain.whole_limit)
        if self.also is None or not len(those):
            return those
        return those.rows(placed(self.also, those.paths).whole <= self.also.whole_limit)

    def _take(self, those: Placed, found: tuple[float, int, Ints]) -> None:
        """Keep a plan that was found."""
        value, n, levels = found
        if n < 0 or value * self.columns.unit >= self.value:
            return
        self.value = value * self.columns.unit
        self.best = those.rows(np.array([n])), self.columns.levels(those, n, levels)
        if self.on_better is not None:
            self.on_better(self.value, self.bound)

    def by_boxes(self, known: Sequence[Box] = ()) -> bool:
        """Part what is left by types and numbers of machines; say whether it came to an end.

        Parameters
        ----------
        known
            Boxes of an earlier search that differs in limits: all of an offer, or none.
        """
        left = self._offers()
        if left is None:
            return False
        if not known:
            return self._part_boxes(left)
        boxes: list[Box] = []
        for box, _, _ in left:
            mine = [replace(own, settled=frozenset()) for own in known if own.offer.same(box.offer)]
            boxes += mine or [box]
        return self._part_boxes(self._swept_boxes(boxes))

    def _offers(self) -> list[Left] | None:
        """Return the types of machines that may go together in a plan below the target; None: too many to look at."""
        columns = self.columns
        sizes = [len(np.unique(columns.option[columns.tier == k])) for k in self.chain.rented]
        offers, left = [Offer.everything(columns)], None
        for place in np.argsort(sizes, kind="stable").tolist():
            offers = [part for offer in offers for part in offer.parts(columns, place)]
            if len(offers) > OFFERS:
                return None
            left = self._swept_boxes([self._whole(offer) for offer in offers], keep=False)
            offers = [box.offer for box, _, _ in left]
        return self._swept_boxes([self._whole(offer) for offer in offers]) if left is None else left

    def _whole(self, offer: Offer) -> Box:
        return Box.all_of(offer, self.columns.weights(self.held, offer.rents))

    def _lanes(self, boxes: Sequence[Box]) -> tuple[Lanes, BoundTable, Floats]:
        """Sweep boxes, a lane each; return these and their bounds, of those beyond the target some that are, too."""
        self.deadline.check()
        self.counts.sweeps += 1
        chain, target, lanes = self.chain, self.target(), Lanes(boxes, self.columns)
        most = None
        if math.isfinite(target):
            most = most_values(chain, lanes.multipliers, target - lanes.added, lanes.on)
        swept = sweep(chain, lanes.multipliers, self.before, most, lanes.on, deadline=self.deadline)
        return lanes, swept, np.where(swept.first >= 0, swept.best + lanes.added, target)

    def drop(self, bound: float) -> None:
        self.dropped = min(self.dropped, bound)

    def _part_boxes(self, found: list[Left]) -> bool:
        """Part boxes until nothing below the target is left; say whether it came to an end."""
        listed: list[Box] = []
        for _ in range(BOX_ROUNDS):
            if not found:
                break
            those = self._admitted(Paths.of([path for _, _, path in found]))
            keys = {key: n for n, key in enumerate(keys_of(those.paths))}
            nodes, boxes = self._nodes(those) if len(those) else None, []
            for box, bound, path in found:
                (key,) = keys_of(path)
                if bound >= self.target():
                    self._close(box, bound)
                elif nodes is None or key not in keys or key in box.settled:
                    listed.append(box)
                else:
                    boxes += self._searched(box, bound, those, nodes, keys[key], box.settled | {key})
            if nodes is not None:
                self.counts.nodes += nodes.looked_at()
                self.drop(nodes.proven() * self.columns.unit)  # of placements that are settled now
            found = self._swept_boxes(boxes)
        return all(self._list(box) for box in [*(box for box, _, _ in found), *listed])

    def _close(self, box: Box, bound: float) -> None:
        """Note that a box has nothing below its bound."""
        self.drop(bound)
        self.closed.append(box)

    def _swept_boxes(self, boxes: Sequence[Box], *, keep: bool = True) -> list[Left]:
        """Sweep boxes, a lane each: those that have a placement with their bounds and it, the least bound first.

        Parameters
        ----------
        boxes
            Any number.
        keep
            Whether to note the others as closed.
        """
        if not boxes:
            return []
        lanes, swept, bounds = self._lanes(boxes)
        target, there = self.target(), swept.first >= 0
        for n in np.flatnonzero(~there | (bounds >= target)).tolist():
            self.drop(float(bounds[n]))
            if keep:
                self.closed.append(boxes[n])
        paths = swept.paths()
        at = np.cumsum(there) - 1
        order = [n for n in np.argsort(bounds, kind="stable").tolist() if there[n] and bounds[n] < target]
        return [
            Left(replace(boxes[n], weights=lanes.weights[n]), float(bounds[n]), paths[at[n : n + 1]]) for n in order
        ]

    def _searched(
        self, box: Box, bound: float, those: Placed, nodes: Nodes, n: int, settled: frozenset[bytes]
    ) -> list[Box]:
        """Search a placement within a box to the end; return the boxes that this came to."""
        nodes.open(n, bound / self.columns.unit)
        nodes.narrow(box.least, box.most, box.full, box.weights)
        if not nodes.waiting():
            return [self._lacking(box, those, nodes, n)]
        self._part(those, nodes)
        found = nodes.boxes()
        return [replace(box, settled=settled)] if found is None else box.parted(found, settled)

    def _lacking(self, box: Box, those: Placed, nodes: Nodes, n: int) -> Box:
        """Return a box at the weights of a placement that has none of its machines: they are paid for, busy or not."""
        columns = self.columns
        bounds, weights = np.full(len(those), -math.inf), np.zeros((len(those), len(columns.order)))
        nodes.bound(np.array([n]), bounds, weights, 1)
        self._take(those, nodes.found())
        found = weights[n] if weights[n, 0] > 0 else box.weights.copy()
        tiers, worth = set(columns.tier[those.paths.runner[n]].tolist()), columns.weights(self.held, box.offer.rents)
        for place, tier in enumerate(self.chain.rented):
            if tier not in tiers:
                found[1 + place] = min(worth[1 + place], box.weights[1 + place]) / 2
        return replace(box, weights=found)

    def _list(self, box: Box) -> bool:
        """List what the bound of a box has left, and search it to the end; say whether it was not too much."""
        lanes, swept, (bound,) = self._lanes([box])
        box = replace(box, weights=lanes.weights[0])
        if bound >= self.target():
            self._close(box, bound)
            return True
        for most in (*FEW, LISTED):
            target = self.target()
            those = self._left(lanes, swept, target, most)
            if those is not None:
                break
            if self._knows and most < LISTED:  # a better plan leaves fewer
                self._improve(box, lanes, swept, bound, most)
        if those is None:
            return False
        self._close(box, target)
        fresh = [n for n, key in enumerate(keys_of(those.paths)) if key not in box.settled]
        self.counts.listed += len(fresh)
        self._each(box, those.rows(np.array(fresh, np.int64)), lanes, len(fresh))
        return True

    def _each(self, box: Box, those: Placed, lanes: Lanes, most: int) -> None:
        """Search placements within a box to the end, those first that are cheap if nobody leaves early."""
        if not len(those):
            return
        nodes = self._nodes(those)
        for n in np.argsort((those.adds @ lanes.multipliers[0]).sum(axis=1), kind="stable")[:most].tolist():
            self.counts.parted += 1
            nodes.open(n, -math.inf)
            nodes.narrow(box.least, box.most, box.full, box.weights)
            self._part(those, nodes)
        self.counts.nodes += nodes.looked_at()
        self.drop(nodes.proven() * self.columns.unit)

    def _improve(self, box: Box, lanes: Lanes, swept: BoundTable, bound: float, most: int) -> None:
        """Look for a better plan among the placements of least bound."""
        least = max(bound, self.bound)
        for share in SHARES:
            those = self._left(lanes, swept, least + share * (self.target() - least), most)
            if those is not None:
                self._each(box, those, lanes, TRIED)
                return

    def _left(self, lanes: Lanes, swept: BoundTable, target: float, most: int) -> Placed | None:
        """List what may be worth at most the target in a box; None: more than `most`."""
        worth, lane = target - float(lanes.added[0]), lanes.multipliers[0]
        those = near_optimal_placements(self.chain, lane, swept, worth, most, self.deadline)
        if those is None:
            return None
        if self.tight:
            those = those.rows(within_options(self.chain.data, those.paths))
        return self._in_time(those)

    def _nodes(self, those: Placed) -> Nodes:
        """Return placements as the kernels take them, with what is known."""
        return self.columns.nodes(those, self.value if self._knows else self._most, self._knows, self.gap)

    def _part(self, those: Placed, nodes: Nodes) -> None:
        """Part the machines and thresholds of the open placement until nothing below the target is left."""
        while nodes.waiting():
            self.deadline.check()
            if nodes.looked_at() > self._most_nodes:
                raise OutOfTime
            nodes.run(NODES)
            self._take(those, nodes.found())
