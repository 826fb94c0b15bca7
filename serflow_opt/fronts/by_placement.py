"""The front of any objectives, placement by placement: labels of those that may still add to it.

`placement_bounds.py` says which placements these are, `chain_labels.py` finds what they add. They are taken one by one,
those first that are best in what thresholds do not change: what covers their plans has been found by then, all but for
those that tie. Where time is limited, the front is covered roughly first.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from serflow_opt.formulations.coefficients import Data
from serflow_opt.fronts.archive import Archive, Room, covered
from serflow_opt.fronts.chain_labels import ChainLabels
from serflow_opt.fronts.journal import PlacementJournal
from serflow_opt.fronts.placement_bounds import NO_LIMIT, Sides, bound_placements, points_of
from serflow_opt.ground.arrays import Floats, Ints
from serflow_opt.ground.deadline import NEVER, Deadline, OutOfTime
from serflow_opt.ground.tolerances import EQUAL
from serflow_opt.plan.decision import Decision
from serflow_opt.problem.instance import Instance
from serflow_opt.problem.kinds import Objective
from serflow_opt.search.lagrangian import LinearCost
from serflow_opt.search.placements import Paths, list_paths
from serflow_opt.search.prune import decision_at, possible
from serflow_opt.search.underestimates import objectives

COARSE = (0.1, 0.01)
"""Coverages that come first where there is a time limit, so that something is known when it ends."""
GAPS = (EQUAL, *(10.0 ** (k / 4) for k in range(-16, 13)))
"""Gaps that are tried to tell how far placements that were not looked into can be ahead."""


@dataclass(frozen=True, slots=True)
class PlacementFront:
    """What was found, placement by placement.

    Attributes
    ----------
    decisions
        The plans.
    gap
        Each plan of the instance has one here that is at most this much worse, relative, in all objectives; 0: these
        are the front.
    listed, taken, labels
        Placements there are, those whose labels were set, and labels kept.
    """

    decisions: list[Decision]
    gap: float
    listed: int
    taken: int
    labels: int


def front_by_placement(
    instance: Instance,
    names: Sequence[Objective],
    most: int,
    coverage: float = 0.0,
    deadline: Deadline = NEVER,
    on_placement: Callable[[int, float | None], None] | None = None,
    elsewhere: Callable[[int], bool] | None = None,
    journal: Callable[[], PlacementJournal] | None = None,
) -> PlacementFront | None:
    """Return the front of several objectives, None where there are more than `most` placements.

    Parameters
    ----------
    instance
        Accounting per request or as printed, thresholds from menus; no limits but on the objectives, on the accuracy,
        and on a latency that the placement alone decides.
    names
        Two or more of cost, latency (mean, or decided by the placement), privacy, energy, carbon and accuracy.
    coverage
        The gap to stop at.
    deadline
        When to stop.
    on_placement
        Called with the number of plans known and the gap, None: unknown.
    elsewhere
        Called once with how many placements may add to the front; true: it was found in another way, None comes back.
    journal
        Opens the file that the search goes on from and notes what it finds in.
    """
    sums = [name for name in names if name != "accuracy"]
    return front_of(
        instance,
        lambda data, paths: [objectives(data, paths, name)[0] for name in sums],
        [instance.limit(name) for name in sums],
        most,
        coverage,
        deadline,
        on_placement,
        elsewhere,
        accurate="accuracy" in names,
        journal=journal,
    )


def front_of(
    instance: Instance,
    views_of: Callable[[Data, Paths], Sequence[LinearCost]],
    limits: Sequence[float | None],
    most: int,
    coverage: float = 0.0,
    deadline: Deadline = NEVER,
    on_placement: Callable[[int, float | None], None] | None = None,
    elsewhere: Callable[[int], bool] | None = None,
    *,
    accurate: bool = False,
    journal: Callable[[], PlacementJournal] | None = None,
) -> PlacementFront | None:
    """Return the front of sums over stages, each with a limit or None; else as `front_by_placement`.

    Parameters
    ----------
    views_of
        The sums of placements, in any units.
    accurate
        Whether the accuracy is a further objective.
    """
    data = Data(instance)
    everything = list_paths(data, most)
    if everything is None:
        return None
    listed, paths = len(everything), possible(data, everything)
    archive = Archive.empty(len(limits) + accurate, data.last)
    if not len(paths):
        return PlacementFront([], 0.0, listed, 0, 0)
    sides = bound_placements(data, paths, views_of(data, paths), limits, archive, accurate=accurate, deadline=deadline)
    search = _PlacementSearch(sides, paths.stages, archive, deadline, on_placement)
    if elsewhere is not None and elsewhere(search.open(max(coverage, EQUAL))):
        return None
    if journal is not None:
        search.go_on(journal())
    gap = search.run(max(coverage, EQUAL))
    decisions = [decision_at(data, paths, n, archive.levels[i]) for i, n in enumerate(archive.placement.tolist())]
    return PlacementFront(decisions, gap if gap > EQUAL else 0.0, listed, search.taken, search.labels)


class _PlacementSearch:
    def __init__(
        self,
        sides: Sides,
        stages: Ints,
        archive: Archive,
        deadline: Deadline,
        on_placement: Callable[[int, float | None], None] | None,
    ) -> None:
        self.sides, self.stages, self.archive, self.deadline = sides, stages, archive, deadline
        self.on_placement = on_placement
        self.taken, self.labels = 0, 0
        self.journal: PlacementJournal | None = None
        self.new: list[Ints] = []
        self.rooms: dict[float, Room] = {}
        self.least: dict[tuple[int, bytes], tuple[float, bool]] = {}
        first = sides.fixed[sides.decided].sum(axis=0)
        self.order: Ints = np.lexsort((sides.bound.mean(axis=1), first))

    def open(self, gap: float) -> int:
        """Return how many placements may have plans that are not covered to within a gap."""
        return len(self.sides.uncovered(self.order, self._room(gap).covering))

    def go_on(self, journal: PlacementJournal) -> None:
        """Begin with what a journal says, and note there what is found."""
        self.journal, self.taken = journal, len(journal.done)
        for n, levels in journal.plans:
            self._add(n, points_of(self.sides, np.full(len(levels), n), levels)[:, self.sides.varying], levels)

    def _is_done(self, n: int, gap: float) -> bool:
        """Whether a placement was done before, as closely."""
        return self.journal is not None and self.journal.done.get(n, math.inf) <= gap

    def run(self, aim: float) -> float:
        """Cover the front to within `aim`; return the gap that is left."""
        reached = None
        open_ = self.order
        for gap in (*(g for g in COARSE if self.deadline.limited and g > aim), aim):
            open_ = self.sides.uncovered(self.order, self._room(gap).covering)
            for done, n in enumerate(open_.tolist()):
                if self._is_done(n, gap):
                    continue
                if self.on_placement is not None:
                    self.on_placement(len(self.archive.points), reached)
                try:
                    self.deadline.check()
                    self.new = []
                    self._take(n, gap)
                    if self.journal is not None:
                        self.journal.add(n, gap, np.concatenate([self.archive.levels[:0], *self.new]))
                except OutOfTime:
                    return self._left(open_[done:], gap, reached)
            reached = gap
        return aim if self.taken else self._left(self.order, 0.0, aim)

    def _take(self, n: int, gap: float) -> None:
        """Set the labels of placement n, as far as the archive divided by 1 + gap leaves room."""
        corners = self.sides.reachable(n, self._room(gap))
        if not len(corners):
            return
        chain = ChainLabels(self.sides, n, int(self.stages[n]))
        self.taken += 1
        alone = self.sides.floor is not None  # without a floor its bound in an objective alone is attained
        for k in range(len(chain.fixed) if alone else 0):
            asked = corners[:, k] < NO_LIMIT
            if asked.any():
                least = self._least(chain, n, k, float(corners[asked, k].max()))
                corners = corners[corners[:, k] > least]
        if not len(corners) or (len(self.sides.varying) == 1 and alone):
            return
        points, levels, kept = chain.plans(corners, self.deadline)
        self.labels += kept
        self._add(n, points, levels)

    def _least(self, chain: ChainLabels, n: int, k: int, most: float) -> float:
        """What the plans of a placement are not below in an objective alone, as far as that is below `most`.

        Placements often share the question: who crosses the same links in the same ways leaks as much.
        """
        key = k, chain.key(k)
        known, sure = self.least.get(key, (-np.inf, False))
        if sure or known >= most:
            return known
        least, levels, kept = chain.best(k, most, self.deadline)
        self.labels += kept
        if least is not None:
            self._add(n, points_of(self.sides, np.array([n]), levels)[:, self.sides.varying], levels)
        bound, sure = (most, False) if least is None else (least, True)
        self.least[key] = bound, sure
        return bound

    def _add(self, n: int, varying: Floats, levels: Ints) -> None:
        """Take plans of placement n into the archive, as far as they are within limits and not covered."""
        points = np.repeat(self.sides.fixed[:, n][None], len(varying), axis=0)
        points[:, self.sides.varying] = varying
        new = np.flatnonzero((points <= self.sides.most).all(axis=1) & ~covered(points, self.archive.points))
        if len(new):
            self.archive.add(points[new], np.full(len(new), n), levels[new])
            self.new.append(levels[new])

    def _room(self, gap: float) -> Room:
        if gap not in self.rooms:
            self.rooms[gap] = self.sides.room(self.archive, gap)
        return self.rooms[gap]

    def _left(self, rows: Ints, gap: float, reached: float | None) -> float:
        """How far placements that were not looked into can be ahead, where all others are covered to within `gap`."""
        for more in (*(g for g in GAPS if g > gap), math.inf):
            if reached is not None and more >= reached:
                return reached
            room = self.sides.room(self.archive, more)
            rows = self.sides.uncovered(rows, room.covering)
            rows = np.array([n for n in rows.tolist() if len(self.sides.reachable(n, room))], dtype=np.int64)
            if not len(rows):
                return float(more)
        return math.inf
