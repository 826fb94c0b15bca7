"""How much of a box a set of points dominates."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence

import numpy as np

Point = Sequence[float]


def hypervolume(points: Sequence[Point], reference: Point) -> float:
    """Return the volume of what is no better than some point and better than the reference point.

    With more than three objectives moocore does it. Else points are taken in the order of the last objective. Each adds
    a prism as high as its distance to the reference; its base is the area that it adds, in the other two objectives, to
    the staircase of those before it.

    Parameters
    ----------
    points
        Two objectives or more, less is better. Dominated points do no harm.
    reference
        What each point must be below in all objectives to count.
    """
    if len(reference) > 3:
        import moocore

        return float(moocore.hypervolume(np.array(points, dtype=float), ref=np.array(reference)))
    if len(reference) == 2:
        return hypervolume([(*point, 0.0) for point in points], (*reference, 1.0))
    inside = sorted((p for p in points if all(a < b for a, b in zip(p, reference, strict=True))), key=lambda p: p[2])
    xs: list[float] = []  # a staircase: x rises, y falls
    ys: list[float] = []
    total = 0.0
    for x, y, z in inside:
        at = bisect_left(xs, x)
        if (at and ys[at - 1] <= y) or (at < len(xs) and xs[at] == x and ys[at] <= y):
            continue
        end = at
        while end < len(xs) and ys[end] >= y:
            end += 1
        gained, left, roof = 0.0, x, ys[at - 1] if at else reference[1]
        for step in range(at, end):
            gained += (xs[step] - left) * (roof - y)
            left, roof = xs[step], ys[step]
        gained += ((xs[end] if end < len(xs) else reference[0]) - left) * (roof - y)
        xs[at:end], ys[at:end] = [x], [y]
        total += gained * (reference[2] - z)
    return total
