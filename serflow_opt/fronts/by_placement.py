"""The front of two objectives, placement by placement: label setting for those that may still add to it.

`placement_bounds.py` says which placements these are; they are taken one by one, the one with the largest gap first.
Labels of one placement (`labels.py`) go

* when no prefix completes them to the accuracy floor;
* when none of their completions gets below a corner of the archive. For a weighting w, whose bound came from the
  multiplier λ of the accuracy, the best completion of a label V of stage s follows from y = w V - λ accuracy(V) by

      y <- w weight_{s-1} + min_l { -λ e r + (1 - e) y },   down to stage 1,

  the recursion of `lagrangian.py` from its other end: w fixed + y + λ floor is below every completion that keeps the
  floor. As a function of the first y it is a minimum of lines put into non-decreasing such functions, hence concave,
  so chords lie below it: a few exact values bound thousands of labels;
* when another label of the stage dominates them.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from serflow_opt.formulations.coefficients import Data
from serflow_opt.fronts.labels import Accuracy, Step, grow
from serflow_opt.fronts.placement_bounds import Archive, Sides, bound_placements
from serflow_opt.ground.arrays import Floats, Ints
from serflow_opt.ground.deadline import NEVER, Deadline, OutOfTime
from serflow_opt.ground.dominance import cells
from serflow_opt.ground.tolerances import EQUAL, ROUNDING
from serflow_opt.plan.decision import Decision
from serflow_opt.problem.instance import Instance
from serflow_opt.problem.kinds import Objective
from serflow_opt.search.lagrangian import LinearCost
from serflow_opt.search.placements import Paths, list_paths
from serflow_opt.search.prune import decision_at, objectives, possible

KNOTS = 65
"""Exact values between which bounds of labels are interpolated."""


@dataclass(frozen=True, slots=True)
class PlacementFront:
    """What was found, placement by placement.

    Attributes
    ----------
    decisions
        The plans.
    gap
        Each plan of the instance has one here that is at most this much worse, relative, in both objectives; 0: these
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
    on_placement: Callable[[int, float], None] | None = None,
) -> PlacementFront | None:
    """Return the front of two objectives, None where there are more than `most` placements.

    Parameters
    ----------
    instance
        Accounting per request or as printed, thresholds from menus; no limits but on the two objectives, on the
        accuracy, and on a latency that the placement alone decides.
    names
        Two of cost, latency (mean, or decided by the placement), privacy and energy.
    coverage
        The gap to stop at.
    deadline
        When to stop.
    on_placement
        Called with the number of plans known and the gap.
    """
    return front_of(
        instance,
        lambda data, paths: [objectives(data, paths, name)[0] for name in names],
        [instance.limit(name) for name in names],
        most,
        coverage,
        deadline,
        on_placement,
    )


def front_of(
    instance: Instance,
    views_of: Callable[[Data, Paths], Sequence[LinearCost]],
    limits: Sequence[float | None],
    most: int,
    coverage: float = 0.0,
    deadline: Deadline = NEVER,
    on_placement: Callable[[int, float], None] | None = None,
) -> PlacementFront | None:
    """Return the front of two sums over stages, each with a limit or None; else as `front_by_placement`.

    Parameters
    ----------
    views_of
        The two sums of placements, in any units.
    """
    data = Data(instance)
    everything = list_paths(data, most)
    if everything is None:
        return None
    listed, paths = len(everything), possible(data, everything)
    archive = Archive.empty(data.last)
    if not len(paths):
        return PlacementFront([], 0.0, listed, 0, 0)
    sides = bound_placements(data, paths, views_of(data, paths), limits, archive, deadline)
    accuracy = Accuracy(data) if instance.accuracy_min is not None else None
    aim = max(coverage, EQUAL)
    gaps = sides.gaps(np.arange(len(paths)), archive)
    gap, taken, labels = float(gaps.max()), 0, 0
    queue = [(-gaps[n], n) for n in np.flatnonzero(gaps > aim).tolist()]
    heapq.heapify(queue)
    while queue:
        n = queue[0][1]
        gap = float(sides.gaps(np.array([n]), archive)[0])
        if gap < -queue[0][0]:  # closed, all or in part, by what was found since
            heapq.heappop(queue)
            if gap > aim:
                heapq.heappush(queue, (-gap, n))
            continue
        if on_placement is not None:
            on_placement(len(archive.points), gap)
        chain = _Chain(sides, n, int(paths.stages[n]), sides.reachable(n, archive, aim), accuracy)
        try:
            points, levels, kept = chain.plans(deadline)
        except OutOfTime:
            break
        heapq.heappop(queue)
        within = (points <= sides.most).all(axis=1)
        archive.add(points[within], np.full(int(within.sum()), n), levels[within])
        taken, labels = taken + 1, labels + kept
    else:
        gap = aim if taken else gap
    gap = gap if gap > EQUAL else 0.0
    decisions = [decision_at(data, paths, n, archive.levels[i]) for i, n in enumerate(archive.placement.tolist())]
    return PlacementFront(decisions, gap, listed, taken, labels)


class _Chain:
    """Labels of one placement, as far as they can get below one of some corners."""

    def __init__(self, sides: Sides, n: int, stages: int, corners: Floats, accuracy: Accuracy | None) -> None:
        self.accuracy = accuracy
        self.fixed, self.weight = sides.fixed[:, n], sides.weight[:, n]
        self.weighting, self.multiplier = sides.weighting, sides.multiplier[n]
        self.corners = corners - self.weighting @ self.fixed - self.multiplier * (accuracy.floor if accuracy else 0.0)
        used, lost, last = sides.exits.used, sides.exits.lost, stages
        self.behind = self.weight.shape[1] - stages
        menus = [sides.exits.menus[s][0 if used is None else int(used[n, s])] for s in range(last)]
        self.menus = [(menu.rate, menu.mass) for menu in menus]
        self.lost = np.zeros(last) if lost is None else lost[n]
        varies = (True, bool(self.weight[1].any()), accuracy is not None)
        self.compared = [column for column in range(3) if varies[column]]

    def plans(self, deadline: Deadline) -> tuple[Floats, Ints, int]:
        """Return cost and latency of the undominated plans, their thresholds, and how many labels were kept."""
        values, kept = np.zeros((1, 3)), 0  # cost, latency, minus accuracy
        way: list[tuple[Ints, Ints]] = []
        for s, (rate, right) in reversed(list(enumerate(self.menus))):
            leave = np.column_stack([np.zeros((len(rate), 2)), -right])
            step = Step(np.repeat(1 - rate[:, None], 3, axis=1), leave)
            here = np.append(self.weight[:, s], self.lost[s])
            grown = grow(step, here, values, self._alive(s), self._numbers, deadline)
            values, kept = grown.values, kept + len(grown.level)
            way.append((grown.level, grown.row))
        rows = np.arange(len(values))
        if self.accuracy is not None:  # what is attainable was a bound, where adaptations gain accuracy
            rows = np.flatnonzero(-values[:, 2] >= self.accuracy.floor)
            values = values[rows]
        levels = np.zeros((len(values), len(way) + self.behind), dtype=np.int64)
        for s, (level, row) in enumerate(reversed(way)):
            levels[:, s], rows = level[rows], row[rows]
        return values[:, :2] + self.fixed, levels, kept

    def _numbers(self, values: Floats) -> Floats:
        return cells(values[:, self.compared], ROUNDING)

    def _alive(self, s: int) -> Callable[[Floats], NDArray[np.bool_]]:
        """Which labels of the stage at position s can still keep the floor and get below a corner."""

        def alive(values: Floats) -> NDArray[np.bool_]:
            able = np.ones(len(values), dtype=bool)
            if self.accuracy is not None:
                able = self.accuracy.attainable(s + 1, -values[:, 2])
            rows = np.flatnonzero(able)
            below = np.ones((len(rows), len(self.corners)), dtype=bool)
            for bound, corner in zip(self._best_completion(s, values[rows]), self.corners.T, strict=True):
                below &= bound[:, None] < corner
            able[rows] = below.any(axis=1)
            return able

        return alive

    def _best_completion(self, s: int, values: Floats) -> Floats:
        """Bounds on what labels complete to, without the fixed parts: weightings x labels."""
        y = self.weighting @ values[:, :2].T + self.multiplier[:, None] * values[:, 2]
        if len(values) <= KNOTS:
            return self._through_prefixes(s, y)
        low, high = y.min(axis=1, keepdims=True), y.max(axis=1, keepdims=True)
        knots = low + (high - low) * np.linspace(0, 1, KNOTS) ** 2  # dense where labels are good
        exact = self._through_prefixes(s, knots)
        return np.array([np.interp(*row) for row in zip(y, knots, exact, strict=True)])

    def _through_prefixes(self, s: int, y: Floats) -> Floats:
        """The recursion from the stage at position s down to stage 1."""
        for t in range(s - 1, -1, -1):
            best = np.full(y.shape, np.inf)
            for e, m in zip(*self.menus[t], strict=True):
                np.minimum(best, (1 - e) * y - (self.multiplier * m)[:, None], out=best)
            y = (self.weighting @ self.weight[:, t] + self.multiplier * self.lost[t])[:, None] + best
        return y
