"""Confidence intervals of a mean that hold in spite of repeated looks: each look may err with a part of the whole.

Of α = 1 - confidence look k spends α / (k (k + 1)), and all looks together no more than α, however they depend on each
other (K. K. G. Lan and D. L. DeMets, "Discrete sequential boundaries for clinical trials", 1983, spend α over time; the
sum of what is spent bounds the probability that any look errs). So one may stop at any look and keep its interval. Each
is Student's, of independent rounds that are means of many requests themselves.

Student's interval of few late requests is too low: what happens rarely has perhaps not been seen yet. So its upper end
is taken with one round more than there were, which is as bad as the worst seen, and no better than a given floor.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np

FIRST, GROWTH = 4, 1.5
"""Rounds before the first look, and how many times as many before each next one."""


def schedule() -> Iterator[int]:
    """Yield the numbers of rounds after which to look."""
    rounds = float(FIRST)
    while True:
        yield round(rounds)
        rounds *= GROWTH


def interval(
    low: Sequence[float], high: Sequence[float], worst: float, look: int, confidence: float
) -> tuple[float, float]:
    """Return the ends of the confidence interval of look 1, 2, ...

    Parameters
    ----------
    low, high
        Means of the rounds, at least and at most; the same where they are known.
    worst
        What a round that has not been seen may be, at least.
    look
        How many looks there were, with this one.
    confidence
        Of all looks together.
    """
    error = (1 - confidence) / (look * (look + 1)) / 2
    below, above = _end(low, error, -1), _end([*high, max(worst, *high)], error, 1)
    return below, above


def _end(values: Sequence[float], error: float, side: int) -> float:
    from scipy.special import stdtrit

    n, array = len(values), np.asarray(values)
    if not np.isfinite(array).all():
        return side * math.inf
    return float(array.mean() + side * -stdtrit(n - 1, error) * array.std(ddof=1) / math.sqrt(n))
