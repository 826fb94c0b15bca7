"""The plans of a front so far, and the corners below which another plan of a placement would add to it.

Whatever adds to the front lies, in some corner's every objective, below that corner. Of one placement some objectives
are decided: only points that are no worse in these can cover its plans, and the corners are those that such points
leave in the others.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from serflow_opt import kernels
from serflow_opt.fronts.search_region import SearchRegion
from serflow_opt.ground.arrays import Floats, Ints, Mask
from serflow_opt.ground.dominance import cells, nondominated
from serflow_opt.ground.tolerances import EQUAL, SMALLEST

AT_ONCE = 2_000_000
"""Comparisons of numpy at once."""


@dataclass(slots=True)
class Archive:
    """Points by the first objective, P x K, less is better, and placement and thresholds of each."""

    points: Floats
    placement: Ints
    levels: Ints

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
        points = np.concatenate([self.points, points])
        best = nondominated(cells(points, EQUAL))
        self.points = points[best]
        self.placement = np.concatenate([self.placement, placement])[best]
        self.levels = np.concatenate([self.levels, levels])[best]

    def covering(self, gap: float) -> Floats:
        """Return the points divided by 1 + gap, by rising first objective: what they are nowhere above is no gain."""
        closer = np.where(self.points > 0, self.points / (1 + gap), self.points * (1 + gap))
        closer[self.points == 0] = -SMALLEST  # nothing is below 0, but for what is negative
        return closer[np.argsort(closer[:, 0], kind="stable")]


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
