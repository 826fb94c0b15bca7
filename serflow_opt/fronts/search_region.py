"""Where plans may still be that no known point covers: the search region of a front, as boxes below upper corners.

A point z excludes whatever is at least as large in every objective. What is left is the union of the boxes {y: y < u}
over a set of local upper bounds u (Klamroth, Lacour, Vanderpooten: On the representation of the search region in
multi-objective optimization, EJOR 245, 2015). A new point z replaces each u it lies strictly below by the corners that
have one coordinate of z, and corners inside others go.

With a coverage g a point excludes what it covers: z is divided by 1 + g first. Then each plan there is lies in an open
box or is at most that factor better than a known point in every objective.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from serflow_opt.ground.arrays import Floats
from serflow_opt.ground.dominance import nondominated

Point = tuple[float, ...]


class SearchRegion:
    """Open and closed boxes of a front of `size` objectives, less is better in each."""

    def __init__(self, size: int, coverage: float = 0.0) -> None:
        self.coverage = coverage
        self.open: list[Point] = [(math.inf,) * size]
        self.closed: list[Point] = []

    def covered(self, point: Sequence[float]) -> Point:
        """Return the corner above which a point covers everything."""
        return tuple(shrunk(value, self.coverage) for value in point)

    def add(self, point: Sequence[float]) -> None:
        """Exclude what a point covers."""
        covered = self.covered(point)
        hit = [u for u in self.open if inside(covered, u)]
        if not hit:
            return
        corners = {(*u[:j], covered[j], *u[j + 1 :]) for u in hit for j in range(len(u))}
        kept = [u for u in self.open if u not in hit]
        self.open = _largest([*kept, *corners])

    def close(self, corner: Point) -> None:
        """Note that no plan lies in a box."""
        self.open.remove(corner)
        self.closed.append(corner)


def inside(point: Sequence[float], corner: Sequence[float]) -> bool:
    """Whether a point lies in the box below a corner."""
    return all(z < u for z, u in zip(point, corner, strict=True))


def shrunk(value: float, factor: float) -> float:
    """Return what is better than a value by a factor 1 + `factor`; than 0, by the factor itself."""
    if value == 0:
        return -factor
    return value / (1 + factor) if value > 0 else value * (1 + factor)


def _largest(corners: list[Point]) -> list[Point]:
    """Drop corners that lie inside the box of another."""
    mirrored: Floats = -np.array(corners)
    return [corners[i] for i in nondominated(mirrored).tolist()]
