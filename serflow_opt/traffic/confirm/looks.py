"""Confidence intervals of a mean that hold in spite of repeated looks: all looks together err no more than one may.

How many looks there can be, L, is known from the start, and each errs with (1 - confidence) / L at most: so any of
them errs with no more than the sum, however they depend on each other (Bonferroni's inequality; that all looks are held
to one level is S. J. Pocock, "Group sequential methods in the design and analysis of clinical trials", 1977). One may
stop at any look and keep its interval. Each is Student's, of independent rounds that are means of many requests.

Student's interval of few late requests is too low: what happens rarely has perhaps not been seen yet. So its upper end
is taken with one round more than there were, which is as bad as the worst seen, and no better than a given floor.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

FIRST, GROWTH = 4, 1.5
"""Rounds before the first look, and how many times as many before each next one."""


def schedule(most: int) -> list[int]:
    """Return the numbers of rounds after which to look; the last one is `most`, or 2 if that is more."""
    looks, rounds = [], FIRST
    while rounds < most:
        looks.append(rounds)
        rounds = round(rounds * GROWTH)
    return [*looks, max(most, 2)]


def interval(low: Sequence[float], high: Sequence[float], worst: float, error: float) -> tuple[float, float]:
    """Return the ends of a confidence interval.

    Parameters
    ----------
    low, high
        Means of the rounds, at least and at most; the same where they are known.
    worst
        What a round that has not been seen may be, at least.
    error
        How often the mean may be outside.
    """
    return _end(low, error / 2, -1), _end([*high, max(worst, *high)], error / 2, 1)


def _end(values: Sequence[float], error: float, side: int) -> float:
    from scipy.special import stdtrit

    n, array = len(values), np.asarray(values)
    if not np.isfinite(array).all():
        return side * math.inf
    return float(array.mean() + side * -stdtrit(n - 1, error) * array.std(ddof=1) / math.sqrt(n))
