"""The largest convex function below one that falls with the workers up."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np

from serflow_opt.ground.arrays import Floats


def corners(share: Sequence[float] | Floats) -> list[int]:
    """Return the whole numbers between which the hull of a share by 0, 1, .. workers is straight."""
    kept: list[int] = []
    for c in range(len(share)):
        while len(kept) > 1:
            a, b = kept[-2], kept[-1]
            if (share[b] - share[a]) * (c - a) < (share[c] - share[a]) * (b - a):
                break
            kept.pop()
        kept.append(c)
    return kept


def convex(share: Floats) -> Floats:
    """Return the hull at whole numbers."""
    at = corners(share)
    hull: Floats = np.interp(np.arange(len(share)), at, share[at])
    return hull


def lines(share: Sequence[float] | Floats, least: float) -> list[tuple[float, float]]:
    """Return the lines of the hull as values at no worker and what each worker takes off, as far as they fall.

    Parameters
    ----------
    share
        By 0, 1, .. workers.
    least
        What a worker takes off at least for a line to be told; what is left is the last share.
    """
    at = corners(share)
    found = []
    for a, b in itertools.pairwise(at):
        each = float(share[a] - share[b]) / (b - a)
        if each > least:
            found.append((float(share[a]) + each * a, each))
    return [*found, (float(share[-1]), 0.0)]
