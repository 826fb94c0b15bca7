"""The plans of a front so far, and the corners below which another plan of a placement would add to it.

Whatever adds to the front lies, in some corner's every objective, below that corner. Of one placement some objectives
are decided: only points that are no worse in these can cover its plans, and the corners are those that such points
leave in the others. Placements come best first in what is decided, so the points that count for one mostly count for
the next, and its corners are those there were, parted by the points that have come in (`Room`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from serflow_opt import kernels
from serflow_opt.fronts.search_region import SearchRegion
from serflow_opt.ground.arrays import Floats, Ints, Mask
from serflow_opt.ground.dominance import cells, nondominated
from serflow_opt.ground.tolerances import EQUAL, SMALLEST

if TYPE_CHECKING:
    from serflow_opt.kernels.corners import Corners

AT_ONCE = 2_000_000
"""Comparisons of numpy at once."""


@dataclass(slots=True)
class Archive:
    """Points by the first objective, P x K, less is better, and placement and thresholds of each.

    `number` tells points apart for good: how many had been taken in before; `taken` are all.
    """

    points: Floats
    placement: Ints
    levels: Ints
    number: Ints = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    taken: int = 0

    @classmethod
    def empty(cls, objectives: int, stages: int) -> Archive:
        """Return an archive without plans."""
        nothing = np.empty((0, stages), dtype=np.int64)
        return cls(np.empty((0, objectives)), np.empty(0, dtype=np.int64), nothing)

    def add(self, points: Floats, placement: Ints, levels: Ints) -> None:
        """Take plans in and drop what is dominated.

        Parameters
        ----------
        points
            P x K.
        placement, levels
            P positions of placements, and P x M thresholds, positions in the menus.
        """
        if not len(points):
            return
        number = np.arange(self.taken, self.taken + len(points))
        self.taken += len(points)
        points = np.concatenate([self.points, points])
        best = nondominated(cells(points, EQUAL))
        self.points = points[best]
        self.number = np.concatenate([self.number, number])[best]
        self.placement = np.concatenate([self.placement, placement])[best]
        self.levels = np.concatenate([self.levels, levels])[best]

    def covering(self, gap: float) -> Floats:
        """Return the points divided by 1 + gap, by rising first objective: what they are nowhere above is no gain."""
        return closer(self.points, gap)[np.argsort(self.points[:, 0], kind="stable")]


def closer(points: Floats, gap: float) -> Floats:
    """Return points divided by 1 + gap, nearer to what is best on both sides of zero."""
    nearer: Floats = np.where(points > 0, points / (1 + gap), points * (1 + gap))
    nearer[points == 0] = -SMALLEST  # nothing is below 0, but for what is negative
    return nearer


class Room:
    """What an archive covers to within a gap, and what room it leaves to placements.

    Parameters
    ----------
    archive, gap
        The points, and what they are divided by, less 1.
    decided, varying
        Objectives that a placement decides, and those that thresholds change.
    most
        Of the varying ones, what no plan is above.
    """

    def __init__(self, archive: Archive, gap: float, decided: Ints, varying: Ints, most: Floats) -> None:
        self.archive, self.gap, self.decided, self.varying = archive, gap, decided, varying
        self.most = np.ascontiguousarray(most)
        self._seen, self._covering, self._number = -1, archive.points, archive.number
        self._corners: Corners | None = None
        self._within: Mask = np.zeros(0, dtype=bool)
        self._reached: Floats = np.empty(0)

    @property
    def covering(self) -> Floats:
        """The points divided by 1 + gap, by rising first objective."""
        if self._seen != self.archive.taken:
            order = np.argsort(self.archive.points[:, 0], kind="stable")
            self._covering, self._number = closer(self.archive.points, self.gap)[order], self.archive.number[order]
            self._seen = self.archive.taken
        return self._covering

    def corners(self, decided: Floats) -> Floats:
        """Return the corners left to a placement that decides some objectives, C x V; two by rising first column."""
        points = self.covering
        rivals = (points[:, self.decided] <= decided).all(axis=1)
        if not len(self.varying):
            return np.empty((1 - min(int(rivals.sum()), 1), 0))
        if len(self.varying) < 3 or not kernels.compiled:
            return corners_of(points[rivals][:, self.varying], self.most)
        from serflow_opt.kernels.corners import Corners

        if self._corners is None or (self._reached > decided).any():
            self._corners = Corners(self.most)
            self._within, self._reached = np.zeros(0, dtype=bool), np.full(len(self.decided), -np.inf)
        self._within = np.append(self._within, np.zeros(self.archive.taken - len(self._within), dtype=bool))
        new = np.flatnonzero(rivals & ~self._within[self._number])
        if len(new):
            self._within[self._number[new]] = True
            self._reached = np.maximum(self._reached, points[new][:, self.decided].max(axis=0))
            others = points[new][:, self.varying]
            self._corners.add(np.ascontiguousarray(others[nondominated(others)]))
        found: Floats = self._corners.found()
        return found


def covered(ideal: Floats, points: Floats) -> Mask:
    """Return whether some point is nowhere above each of some others.

    Parameters
    ----------
    ideal
        N x K, what to cover.
    points
        P x K, by rising first column.
    """
    if kernels.compiled:
        from serflow_opt.kernels.corners import covered as compiled

        nowhere: Mask = compiled(ideal, points)
        return nowhere
    found = np.zeros(len(ideal), dtype=bool)
    at_once = max(1, AT_ONCE // max(points.size, 1))
    for first in range(0, len(ideal), at_once):
        below: Mask = np.logical_and.reduce(points <= ideal[first : first + at_once, None], axis=2)
        found[first : first + at_once] = below.any(axis=1)
    return found


def corners_of(points: Floats, most: Floats) -> Floats:
    """Return the corners that points leave below `most`, C x K, by rising first column.

    Parameters
    ----------
    points
        P x K.
    most
        K.
    """
    points = points[(points < most).all(axis=1)]
    if points.shape[1] == 1:
        corners = points.min(axis=0, keepdims=True) if len(points) else most[None]
    elif points.shape[1] == 2:  # by rising first and falling second column
        points = points[np.argsort(points[:, 0], kind="stable")]
        low = np.minimum.accumulate(np.append(most[1], points[:, 1]))
        points = points[points[:, 1] < low[:-1]]
        corners = np.column_stack([np.append(points[:, 0], most[0]), np.append(most[1], points[:, 1])])
        return np.ascontiguousarray(corners)
    elif kernels.compiled:
        from serflow_opt.kernels.corners import Corners

        found = Corners(np.ascontiguousarray(most))
        found.add(np.ascontiguousarray(points[nondominated(points)]))
        corners = found.found()
    else:
        region = SearchRegion(points.shape[1])
        region.open = [tuple(most.tolist())]
        for point in points[nondominated(points)].tolist():
            region.add(point)
        corners = np.array(region.open).reshape(-1, points.shape[1])
    corners = corners[np.lexsort(corners.T[::-1])]
    return np.ascontiguousarray(corners)
