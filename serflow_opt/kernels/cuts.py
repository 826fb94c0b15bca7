"""What a single cut bounds sums of reach by: the loops of `search/joint/region.py`."""

from __future__ import annotations

import cython
import numpy as np
from cython.cimports.libc.math import fabs
from numpy.typing import NDArray

INFINITE = cython.declare(cython.double, float("inf"))


def least_sums(
    weights: cython.double[:, ::1],
    ahead: cython.double[:, ::1],
    worth: cython.double[::1],
    rounding: cython.double,
) -> NDArray[np.float64]:
    """Bound Σ_k R_k weight_k, 1 = R_0 >= R_1 >= ... >= 0, by the best multiple of the best cut, for many weights.

    Parameters
    ----------
    weights
        W x K numbers.
    ahead, worth
        D_k, the sums of each cut's directions up to a segment, Y x K, and v, Y.
    rounding
        What sums may be off by, relative to the largest.
    """
    found: cython.double[::1] = np.empty(weights.shape[0])
    sums: cython.double[::1] = np.empty(weights.shape[1])
    last: cython.Py_ssize_t = weights.shape[1]
    w: cython.Py_ssize_t
    y: cython.Py_ssize_t
    k: cython.Py_ssize_t
    least: cython.double
    most: cython.double
    best: cython.double
    share: cython.double
    value: cython.double
    rises: cython.double
    for w in range(weights.shape[0]):
        least, most, best = INFINITE, 0.0, -INFINITE
        for k in range(last):
            sums[k] = weights[w, k] if k == 0 else sums[k - 1] + weights[w, k]
            least, most = min(least, sums[k]), max(most, fabs(sums[k]))
        for y in range(ahead.shape[0]):
            share = INFINITE
            for k in range(1, last):
                rises = ahead[y, k] - ahead[y, 0]
                if rises > 0:
                    share = min(share, (sums[k] - sums[0]) / rises)
            if not 0 < share < INFINITE:
                share = 0.0
            value = INFINITE
            for k in range(last):
                value = min(value, sums[k] - share * ahead[y, k])
            best = max(best, share * worth[y] + value)
        found[w] = max(least, best - rounding * max(fabs(best), most)) if ahead.shape[0] else least
    return np.asarray(found)
