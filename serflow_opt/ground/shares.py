"""Exact (Clopper-Pearson) bounds of a share that was counted, from the incomplete beta function.

`scipy.stats` knows them, too; but it takes most of a second to import, which is more than many an answer may take.
"""

from __future__ import annotations


def lower_bound(right: int, count: int, confidence: float) -> float:
    """Return the one-sided lower bound of a share at a confidence.

    Parameters
    ----------
    right, count
        Times that it was so, of so many tries.
    confidence
        Probability, below 1, with which the bound is not above the share (Clopper and Pearson, *Biometrika* 26, 1934).

    Returns
    -------
    float
        0 where it was never so, or not tried.
    """
    from scipy.special import betaincinv

    return float(betaincinv(right, count - right + 1, 1 - confidence)) if right else 0.0


def upper_bound(right: int, count: int, confidence: float) -> float:
    """Return the one-sided upper bound of a share at a confidence.

    Parameters
    ----------
    right, count
        Times that it was so, of so many tries.
    confidence
        Probability, below 1, with which the bound is not below the share (Clopper and Pearson, *Biometrika* 26, 1934).

    Returns
    -------
    float
        1 where it was always so, or not tried.
    """
    from scipy.special import betaincinv

    return float(betaincinv(right + 1, count - right, confidence)) if right < count else 1.0


def interval(right: int, count: int, confidence: float = 0.95) -> tuple[float, float]:
    """Return the two-sided interval of a share: its lower and upper end.

    Parameters
    ----------
    right, count
        Times that it was so, of so many tries.
    confidence
        Probability, below 1, with which the interval holds the share: each end misses it with half of the rest.
    """
    side = (1 + confidence) / 2
    return lower_bound(right, count, side), upper_bound(right, count, side)
