"""What each placement may still add to a front.

With the placement fixed, an objective is fixed + Σ_s R_s weight_s, the accuracy a sum of what is right. So is every
weighted sum of them, and its Lagrangian bound (`lagrangian.py`) holds for all thresholds that keep the accuracy floor.
A few weightings of the objectives that thresholds change bound a placement from several sides, and the thresholds that
attain the bounds are plans: the first archive of the front (`archive.py`). With a the weight of the accuracy in a
weighting, and μ >= a the multiplier that it gets there, all of it is

    w fixed + min { w Σ_s R_s weight_s - μ accuracy } + (μ - a) floor.

So a placement can add something only if for some corner u of the archive all its bounds are below: bound_w < w u for
every weighting w.

Gap
---
Divide what the archive gives to the corners by 1 + g. A plan z that is below none of these has some plan a of the
archive with a <= (1 + g) z. The least such g that excludes a placement is its gap.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from serflow_opt.formulations.coefficients import Data
from serflow_opt.fronts.archive import Archive, Room, covered
from serflow_opt.ground.arrays import Floats, Ints, Mask
from serflow_opt.ground.deadline import NEVER, Deadline
from serflow_opt.ground.tolerances import SLACK, TOUCHING
from serflow_opt.search.lagrangian import LinearCost, StageExits, accuracies, reaches, recursion, solve_dual
from serflow_opt.search.placements import Paths

STEPS = {1: 1, 2: 8, 3: 4, 4: 3, 5: 2}
"""By objectives that thresholds change, parts of 1 that their weights are multiples of."""
FINER = 2
"""So many times as many where the accuracy is one: then points are many, and bounds hardly lie below them."""
NO_LIMIT = 1e300
"""Stands for infinity where it is multiplied by a weight of 0."""


@dataclass(frozen=True, slots=True)
class Sides:
    """Objectives of N placements, each divided by its usual size, and bounds on their weighted sums.

    Attributes
    ----------
    exits
        What leaves at each stage of the placements.
    fixed, weight
        J x N and J x N x M: a sum over stages is fixed + Σ_s R_s weight_s; zero for the accuracy.
    accurate
        Whether the last objective is minus the accuracy, and its usual size.
    floor
        Of the accuracy, as far as it is forgiven; None: there is none.
    varying, decided
        Objectives that thresholds change, and that the placement decides.
    weighting
        W x V, of these; first each of them alone.
    bound, multiplier
        N x W: below every plan of the placement, without what thresholds do not change; and the multiplier of the
        accuracy that gave it.
    most
        Limits of the objectives, NO_LIMIT where there is none.
    """

    exits: StageExits
    fixed: Floats
    weight: Floats
    accurate: float | None
    floor: float | None
    varying: Ints
    decided: Ints
    weighting: Floats
    bound: Floats
    multiplier: Floats
    most: Floats

    def uncovered(self, rows: Ints, covering: Floats) -> Ints:
        """Return those of some placements whose bounds in each objective alone are within limits and not covered."""
        ideal = self.fixed[:, rows].T.copy()
        ideal[:, self.varying] = self.bound[rows, : len(self.varying)]
        within = (ideal <= self.most).all(axis=1)
        return rows[within & ~covered(ideal, covering)]

    def room(self, archive: Archive, gap: float) -> Room:
        """Return what room an archive leaves to placements, within the limits."""
        return Room(archive, gap, self.decided, self.varying, self.most[self.varying] + TOUCHING)

    def reachable(self, n: int, room: Room) -> Floats:
        """Return the corners that placement n may get below, C x V, by rising first column.

        Parameters
        ----------
        n
            Position of the placement.
        room
            What is left to it.
        """
        corners = room.corners(self.fixed[self.decided, n])
        if not len(self.varying):
            return corners
        corners = corners[(self.bound[n, : len(self.varying)] < corners).all(axis=1)]  # most go by these
        below = (self.bound[n] < corners @ self.weighting.T).all(axis=1)
        left: Floats = corners[below]
        return np.ascontiguousarray(left[np.lexsort(left.T[::-1])])


def bound_placements(
    data: Data,
    paths: Paths,
    views: Sequence[LinearCost],
    limits: Sequence[float | None],
    archive: Archive,
    *,
    accurate: bool = False,
    deadline: Deadline = NEVER,
) -> Sides:
    """Bound placements in each objective and between; put the plans that attain bounds into the archive.

    Parameters
    ----------
    data, paths
        Coefficients of an instance, and N placements.
    views
        The objectives of the placements that are sums over stages.
    limits
        On each of these, in the units of its view; None: none.
    archive
        It is changed.
    accurate
        Whether the accuracy is a further objective.
    deadline
        Once it has passed, no weighting is added to those that there must be.
    """
    unit = np.array([float(np.median(np.abs(view.fixed + view.weight.sum(axis=1)))) or 1.0 for view in views])
    fixed = np.stack([view.fixed for view in views]) / unit[:, None]
    weight = np.stack([view.weight for view in views]) / unit[:, None, None]
    exits, floor = StageExits.of(data, paths), data.instance.accuracy_min
    if floor is not None:
        floor *= 1 - SLACK
    varying = np.flatnonzero(weight.any(axis=(1, 2)))
    size = None
    if accurate:
        size = _range_of_accuracy(exits, weight, floor)
        fixed = np.concatenate([fixed, np.zeros((1, len(paths)))])
        varying = np.append(varying, len(views))
    decided = np.setdiff1d(np.arange(len(fixed)), varying)
    given = [NO_LIMIT if m is None else (m + SLACK * abs(m)) / u for m, u in zip(limits, unit, strict=True)]
    most = np.array(given + [NO_LIMIT] * accurate)
    weightings = weightings_of(len(varying), FINER if accurate and len(varying) == 2 else 1)
    sides = Sides(exits, fixed, weight, size, floor, varying, decided, weightings, np.empty(0), np.empty(0), most)
    bounds: list[Floats] = []
    multipliers: list[Floats] = []
    for count, weighting in enumerate(weightings):
        if count >= max(len(varying), 1) and deadline.expired:
            break
        bound, multiplier, levels, holds = _bounded(sides, weighting)
        bounds.append(bound)
        multipliers.append(multiplier)
        points = points_of(sides, np.arange(len(paths)), levels)
        within: Mask = np.logical_and.reduce(points <= most, axis=1)
        good = holds & within
        archive.add(points[good], np.flatnonzero(good), levels[good])
    bound, multiplier = np.array(bounds).T.copy(), np.array(multipliers).T.copy()
    return Sides(
        exits, fixed, weight, size, floor, varying, decided, weightings[: len(bounds)], bound, multiplier, most
    )


def weightings_of(count: int, finer: int = 1) -> Floats:
    """Return weights of objectives that sum to 1, evenly over the simplex, each objective alone first: W x V."""
    if not count:
        return np.ones((1, 0))
    steps = STEPS[count] * finer
    ends = [np.diff([-1, *bars, steps + count - 1]) - 1 for bars in combinations(range(steps + count - 1), count - 1)]
    inner = np.array([w for w in ends if (w > 0).sum() > 1]).reshape(-1, count) / steps
    return np.concatenate([np.eye(count), inner])


def points_of(sides: Sides, rows: Ints, levels: Ints) -> Floats:
    """Return the objectives of placements under thresholds, P x K, in the units of `Sides`.

    Parameters
    ----------
    sides
        Objectives of all placements as sums over stages.
    rows
        Placements, P.
    levels
        Their thresholds, P x M, positions in the menus.
    """
    exits = sides.exits.rows(rows)
    reach = reaches(exits, levels)
    sums = sides.fixed[: len(sides.weight), rows] + np.einsum("nm,inm->in", reach, sides.weight[:, rows])
    if sides.accurate is None:
        points: Floats = sums.T
        return points
    return np.column_stack([*sums, -accuracies(exits, reach, levels) / sides.accurate])


def _bounded(sides: Sides, weighting: Floats) -> tuple[Floats, Floats, Ints, Mask]:
    """Bounds, multipliers, the thresholds that attain the bounds or nearly so, and which of these keep the floor."""
    count, sums = sides.fixed.shape[1], len(sides.weight)
    columns = sides.varying[sides.varying < sums]
    weight = np.tensordot(weighting[: len(columns)], sides.weight[columns], 1) if len(columns) else sides.weight[0] * 0
    fixed = weighting[: len(columns)] @ sides.fixed[columns]
    least = sides.floor
    asked = 0.0 if sides.accurate is None else float(weighting[-1]) / sides.accurate
    found = solve_dual(sides.exits, None if least is None else least / (1 - SLACK), LinearCost(fixed, weight))
    if asked == 0:
        forgiven = 0.0 if least is None else least / (1 - SLACK) * SLACK
        return found.bound - found.multiplier * forgiven, found.multiplier, found.levels, np.isfinite(found.value)
    multiplier = np.maximum(found.multiplier, asked)
    cost, right, levels = recursion(sides.exits, np.ascontiguousarray(weight), multiplier)
    bound = fixed + cost - multiplier * right
    if least is None:
        return bound, multiplier, levels, np.ones(count, dtype=bool)
    bound = np.where(np.isfinite(found.bound), bound + (multiplier - asked) * least, np.inf)
    return bound, multiplier, levels, right >= least


def _range_of_accuracy(exits: StageExits, weight: Floats, floor: float | None) -> float:
    """How far accuracies lie apart, about."""
    ones = np.ones(weight.shape[1])
    _, most, _ = recursion(exits, np.zeros(weight.shape[1:]), ones)
    _, least, _ = recursion(exits, np.ascontiguousarray(weight.sum(axis=0)), 0 * ones)
    low = max(float(least.min()), floor or 0.0)
    return max(float(most.max()) - low, 0.0) or 1.0
