"""Confidence intervals of a mean that hold in spite of repeated looks: all looks together err no more than one may.

How many looks there can be, L, is known from the start. The last of them may err with half of 1 - confidence, each of
the others with an equal part of the rest: so any of them errs with no more than the sum, however they depend on each
other (Bonferroni's inequality; how an error is spent over looks is K. K. G. Lan, D. L. DeMets, "Discrete sequential
boundaries for clinical trials", 1983). One may stop at any look and keep its interval. Each is Student's, of
independent rounds that are means of many requests.

Student's upper end is too low where few are late: what happens rarely varies more than the little that was seen of it.
So that end is the largest mean m from which those seen are not further than Student says, with a variance in proportion
to m, as that of rare stretches of late requests is (a score interval: E. B. Wilson, "Probable inference, the law of
succession, and statistical inference", 1927), and in no lower proportion than a given one.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

FIRST, GROWTH = 4, 2
"""Rounds before the first look, and how many times as many before each next one."""
LAST = 0.5
"""What the last look may err with, of all."""


def schedule(most: int) -> list[int]:
    """Return the numbers of rounds after which to look; the last one is `most`, or 2 if that is more."""
    looks, rounds = [], FIRST
    while rounds < most:
        looks.append(rounds)
        rounds *= GROWTH
    return [*looks, max(most, 2)]


def spent(looks: int, error: float) -> list[float]:
    """Return how often each of some looks may err, so that all together do no more often than `error`."""
    return [error] if looks == 1 else [*[error * (1 - LAST) / (looks - 1)] * (looks - 1), error * LAST]


def interval(low: Sequence[float], high: Sequence[float], least: float, error: float) -> tuple[float, float]:
    """Return the ends of a confidence interval.

    Parameters
    ----------
    low, high
        Means of the rounds, at least and at most; the same where they are known.
    least
        Variance of a round's mean as a multiple of the mean, at least.
    error
        How often the mean may be outside.
    """
    from scipy.special import stdtrit

    n, below, above = len(low), np.asarray(low), np.asarray(high)
    t = float(-stdtrit(n - 1, error / 2))
    bottom = float(below.mean()) - t * float(below.std(ddof=1)) / math.sqrt(n)
    if not np.isfinite(above).all():
        return bottom, math.inf
    mean = float(above.mean())
    multiple = max(float(above.var(ddof=1)) / mean if mean > 0 else 0.0, least)
    half = t * t * multiple / (2 * n)
    return bottom, mean + half + math.sqrt(half * half + 2 * half * mean)
