"""What each placement may still add to a front of two objectives out of cost, latency, privacy and energy.

With the placement fixed, the objectives are fixed + Σ_s R_s weight_s each, and so is every weighted sum of the two.
Its Lagrangian bound (`lagrangian.py`) holds for all thresholds that keep the accuracy floor. A few weightings bound a
placement from several sides, and the thresholds that attain the bounds are plans: the first archive of the front.

Between each two neighbours of the archive, and beyond its ends, lies a corner: the first objective of one, the second
of the other. Whatever adds to the front is below some corner in both. So a placement can add something only if for some
corner u all its bounds are below: bound_w < w u for every weighting w.

Gap
---
Divide what the archive gives to the corners by 1 + g. A plan z that is below none of these has some plan a of the
archive with a <= (1 + g) z. The least such g that excludes a placement is its gap. The archive only gets better, so the
largest gap of the placements that have not been looked into is, at any time, how far the front can be ahead.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from serflow_opt.formulations.coefficients import Data
from serflow_opt.fronts.labels import AT_ONCE
from serflow_opt.ground.arrays import Floats, Ints
from serflow_opt.ground.deadline import NEVER, Deadline
from serflow_opt.ground.dominance import cells, nondominated
from serflow_opt.ground.tolerances import EQUAL, SLACK, TOUCHING
from serflow_opt.search.lagrangian import Exits, LinearCost, reaches, solve_dual
from serflow_opt.search.placements import Paths

WEIGHTINGS = 9
"""Weighted sums, from the first objective to the second, that placements are bounded in."""
NO_LIMIT = 1e300
"""Stands for infinity where it is multiplied by a weight of 0."""


@dataclass(slots=True)
class Archive:
    """The front so far, by the first objective, in the units of `Sides`, and placement and thresholds of each point."""

    points: Floats
    placement: Ints
    levels: Ints

    @classmethod
    def empty(cls, stages: int) -> Archive:
        """Return an archive without plans."""
        return cls(np.empty((0, 2)), np.empty(0, dtype=np.int64), np.empty((0, stages), dtype=np.int64))

    def add(self, points: Floats, placement: Ints, levels: Ints) -> None:
        """Take plans in and drop what is dominated.

        Parameters
        ----------
        points
            P x 2, in the units of `Sides`.
        placement, levels
            P positions of placements, and P x M thresholds, positions in the menus.
        """
        points = np.concatenate([self.points, points])
        best = nondominated(cells(points, EQUAL))
        self.points = points[best]
        self.placement = np.concatenate([self.placement, placement])[best]
        self.levels = np.concatenate([self.levels, levels])[best]


@dataclass(frozen=True, slots=True)
class Sides:
    """Two objectives of N placements, each divided by its usual size, and bounds on their weighted sums.

    Attributes
    ----------
    exits
        What leaves at each stage of the placements.
    fixed, weight
        2 x N and 2 x N x M: an objective is fixed + Σ_s R_s weight_s.
    weighting
        W x 2.
    bound, multiplier
        N x W: below every plan of the placement, and the multiplier of the accuracy floor that gave it.
    most
        Limits of the two objectives, NO_LIMIT where there is none.
    """

    exits: Exits
    fixed: Floats
    weight: Floats
    weighting: Floats
    bound: Floats
    multiplier: Floats
    most: Floats

    def gaps(self, rows: Ints, archive: Archive) -> Floats:
        """Return the gap of some placements: each plan has one in the archive at most this much worse, relative.

        A corner u / (1 + g) + v, where v is its infinite side or a limit, is out of reach when for some
        weighting w u / (1 + g) + w v <= bound_w.
        """
        near, far = self._corners(archive)
        gaps = np.empty(len(rows))
        at_once = max(1, AT_ONCE // near.size)
        for first in range(0, len(rows), at_once):
            room = self.bound[rows[first : first + at_once], None, :] - far
            with np.errstate(divide="ignore", invalid="ignore"):
                ratio = np.where(room > 0, near / room, np.where((room == 0) & (near == 0), 1.0, math.inf))
            gaps[first : first + at_once] = ratio.min(axis=2).max(axis=1) - 1
        return np.maximum(gaps, 0.0)

    def reachable(self, n: int, archive: Archive, gap: float) -> Floats:
        """Return the corners, divided by 1 + gap, that placement n may get below: corners x weightings.

        Parameters
        ----------
        n
            Position of the placement.
        archive
            The front so far.
        gap
            Relative; plans that are better than the archive by less than this are not looked for.
        """
        near, far = self._corners(archive)
        corners: Floats = near / (1 + gap) + far
        within: Floats = corners[(self.bound[n] < corners).all(axis=1)]
        return within

    def _corners(self, archive: Archive) -> tuple[Floats, Floats]:
        """Weighted sums of the corners: the part that plans give, and the part that limits give."""
        near, far = np.zeros((2, len(archive.points) + 1, 2))
        near[:-1, 0], near[1:, 1] = archive.points[:, 0], archive.points[:, 1]
        far[-1, 0], far[0, 1] = self.most + TOUCHING
        return near @ self.weighting.T, far @ self.weighting.T


def bound_placements(
    data: Data,
    paths: Paths,
    views: Sequence[LinearCost],
    limits: Sequence[float | None],
    archive: Archive,
    deadline: Deadline = NEVER,
) -> Sides:
    """Bound placements in one objective, in the other and between; put the plans that attain bounds into the archive.

    Parameters
    ----------
    data, paths
        Coefficients of an instance, and N placements.
    views
        The two objectives of the placements.
    limits
        On each of the two, in the units of its view; None: none.
    archive
        It is changed.
    deadline
        Once it has passed, no weighting is added to those there are, two at least.
    """
    unit = np.array([float(np.median(np.abs(view.fixed + view.weight.sum(axis=1)))) or 1.0 for view in views])
    fixed = np.stack([view.fixed for view in views]) / unit[:, None]
    weight = np.stack([view.weight for view in views]) / unit[:, None, None]
    most = np.array([NO_LIMIT if m is None else m * (1 + SLACK) / u for m, u in zip(limits, unit, strict=True)])
    exits, floor = Exits.of(data, paths), data.instance.accuracy_min
    forgiven = (floor or 0.0) * SLACK
    count = WEIGHTINGS if weight[1].any() else 2  # an objective that thresholds do not change needs no more
    parts = np.linspace(0, 1, count)
    weightings: list[Floats] = []
    bounds: list[Floats] = []
    multipliers: list[Floats] = []
    for part in (parts[0], parts[-1], *parts[1:-1]):
        if len(weightings) > 1 and deadline.expired:
            break
        weighting = np.array([1 - part, part])
        view = LinearCost(np.tensordot(weighting, fixed, 1), np.tensordot(weighting, weight, 1))
        bracket = solve_dual(exits, floor, view)
        weightings.append(weighting)
        bounds.append(bracket.bound - bracket.multiplier * forgiven)
        multipliers.append(bracket.multiplier)
        points = (fixed + np.einsum("nm,inm->in", reaches(exits, bracket.levels), weight)).T
        good = np.isfinite(bracket.value) & (points <= most).all(axis=1)
        archive.add(points[good], np.flatnonzero(good), bracket.levels[good])
    return Sides(exits, fixed, weight, np.array(weightings), np.array(bounds).T, np.array(multipliers).T, most)
