"""Small linear programs with many rows and few columns: the dual simplex from a vertex that bounds, and its proof.

A basis is as many rows as there are columns, met with equality: a vertex. Its cost is a sum of these rows; where no
multiplier of an inequality is negative, the vertex bounds the program. The row that it breaks most comes in, and that
one goes whose multiplier falls to zero first, until no row is broken, or none can go: then nothing keeps them all. The
inverse of a dozen rows is small enough to be kept as it is.
"""

from __future__ import annotations

import cython
import numpy as np
from cython.cimports.libc.math import fabs
from numpy.typing import NDArray

STEPS = cython.declare(cython.Py_ssize_t, 400)
"""Rows that come in, at most."""
BROKEN = cython.declare(cython.double, 10.0)
"""What a row, whose largest number is about 1, may be missed by, in roundings."""
PIVOT = cython.declare(cython.double, 1000.0)
"""Least number to divide by, in roundings."""
INFINITE = cython.declare(cython.double, float("inf"))


def least(
    cost: cython.double[::1],
    rows: cython.double[:, ::1],
    right: cython.double[::1],
    equal: int,
    basis: cython.longlong[::1],
    rounding: float,
) -> tuple[int, NDArray[np.float64], NDArray[np.float64]]:
    """Solve min cost x, rows x >= right; return what came of it, x, and the multipliers of the rows.

    0: solved. 1: no x keeps the rows, and the multipliers sum them up to 0 >= something above 0. -1: nothing is known.

    Parameters
    ----------
    cost, rows, right
        D, M x D, M.
    equal
        So many of the first rows are met with equality; they stay in the basis.
    basis
        D rows to begin with, of which cost is a sum with no negative multiplier of an inequality. It is changed.
    rounding
        What sums may be off by.
    """
    size: cython.Py_ssize_t = cost.shape[0]
    fixed: cython.Py_ssize_t = equal
    values, multipliers = np.zeros(size), np.zeros(rows.shape[0])
    x: cython.double[::1] = values
    share: cython.double[::1] = multipliers
    inverse: cython.double[:, ::1] = np.empty((size, size))
    off: cython.double = rounding
    if not _inverted(rows, basis, np.empty((size, size)), inverse, off * PIVOT):
        return -1, values, multipliers
    own: cython.double[::1] = np.zeros(size)
    step: cython.double[::1] = np.zeros(size)
    inside: cython.uchar[::1] = np.zeros(rows.shape[0], dtype=np.uint8)
    i: cython.Py_ssize_t
    k: cython.Py_ssize_t
    for i in range(size):
        inside[basis[i]] = 1
        for k in range(size):
            x[k] += inverse[k, i] * right[basis[i]]
            own[i] += cost[k] * inverse[k, i]
    state: cython.int = _walk(rows, right, fixed, basis, inverse, x, own, step, inside, off)
    for i in range(size):
        if basis[i] < fixed or own[i] > 0:
            share[basis[i]] = own[i]
    if state > 0:  # the row that nothing makes room for, and what it is a sum of
        share[state - 1] = 1.0
        state = 1
    return state, values, multipliers


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def _walk(
    rows: cython.double[:, ::1],
    right: cython.double[::1],
    fixed: cython.Py_ssize_t,
    basis: cython.longlong[::1],
    inverse: cython.double[:, ::1],
    x: cython.double[::1],
    own: cython.double[::1],
    step: cython.double[::1],
    inside: cython.uchar[::1],
    rounding: cython.double,
) -> cython.int:
    """Go from vertex to vertex: 0 at the last, -1 where steps run out, else 1 + the row that cannot be kept."""
    size: cython.Py_ssize_t = x.shape[0]
    steps: cython.Py_ssize_t
    i: cython.Py_ssize_t
    k: cython.Py_ssize_t
    come: cython.Py_ssize_t
    go: cython.Py_ssize_t
    missed: cython.double
    most: cython.double
    ratio: cython.double
    low: cython.double
    for steps in range(STEPS):  # noqa: B007  # Cython counts with what is declared
        come, most = -1, BROKEN * rounding
        for i in range(rows.shape[0]):
            if inside[i]:
                continue
            missed = right[i]
            for k in range(size):
                missed -= rows[i, k] * x[k]
            if missed > most:
                most, come = missed, i
        if come < 0:
            return 0
        go, low = -1, INFINITE
        for i in range(size):
            step[i] = 0.0
            for k in range(size):
                step[i] += rows[come, k] * inverse[k, i]
            if basis[i] >= fixed and step[i] > PIVOT * rounding:
                ratio = own[i] / step[i] if own[i] > 0 else 0.0
                if ratio < low or (ratio == low and step[i] > step[go]):
                    low, go = ratio, i
        if go < 0:
            for i in range(size):
                own[i] = -step[i]
            return cython.cast(cython.int, come + 1)
        for i in range(size):
            own[i] -= low * step[i]
        own[go] = low
        for k in range(size):
            inverse[k, go] /= step[go]
            x[k] += inverse[k, go] * most
        for i in range(size):
            if i != go and step[i] != 0:
                for k in range(size):
                    inverse[k, i] -= step[i] * inverse[k, go]
        inside[basis[go]], inside[come] = 0, 1
        basis[go] = come
    return -1


@cython.cfunc
def _inverted(
    rows: cython.double[:, ::1],
    basis: cython.longlong[::1],
    left: cython.double[:, ::1],
    inverse: cython.double[:, ::1],
    pivot: cython.double,
) -> cython.bint:
    """Invert the rows of a basis by elimination; say whether that can be done. `left` is room for it."""
    size: cython.Py_ssize_t = basis.shape[0]
    i: cython.Py_ssize_t
    j: cython.Py_ssize_t
    k: cython.Py_ssize_t
    best: cython.Py_ssize_t
    times: cython.double
    for i in range(size):
        for k in range(size):
            left[i, k], inverse[i, k] = rows[basis[i], k], 1.0 if i == k else 0.0
    for j in range(size):
        best = j
        for i in range(j + 1, size):
            if fabs(left[i, j]) > fabs(left[best, j]):
                best = i
        if fabs(left[best, j]) < pivot:
            return False
        if best != j:
            for k in range(size):
                left[best, k], left[j, k] = left[j, k], left[best, k]
                inverse[best, k], inverse[j, k] = inverse[j, k], inverse[best, k]
        times = left[j, j]
        for k in range(size):
            left[j, k] /= times
            inverse[j, k] /= times
        for i in range(size):
            times = left[i, j]
            if i == j or times == 0:
                continue
            for k in range(size):
                left[i, k] -= times * left[j, k]
                inverse[i, k] -= times * inverse[j, k]
    return True


def proven(
    cost: cython.double[::1],
    rows: cython.double[:, ::1],
    right: cython.double[::1],
    multipliers: cython.double[::1],
    low: cython.double[::1],
    high: cython.double[::1],
    rounding: cython.double,
) -> float:
    """Bound cost x where rows x >= right, the first columns being at least 0 with sum 1, the others in a box.

    Any multipliers bound; those below 0 count as 0.

    Parameters
    ----------
    cost, rows, right, multipliers
        D, M x D, M, M.
    low, high
        Of the last columns.
    rounding
        What sums may be off by, relative to the sum of sizes.
    """
    size: cython.Py_ssize_t = cost.shape[0]
    first: cython.Py_ssize_t = size - low.shape[0]
    i: cython.Py_ssize_t
    k: cython.Py_ssize_t
    sum_: cython.double = 0.0
    sizes: cython.double = 0.0
    smallest: cython.double = INFINITE
    largest: cython.double = 0.0
    each: cython.double
    about: cython.double
    for i in range(rows.shape[0]):
        if multipliers[i] > 0:
            sum_ += multipliers[i] * right[i]
            sizes += fabs(multipliers[i] * right[i])
    for k in range(size):
        each, about = cost[k], fabs(cost[k])
        for i in range(rows.shape[0]):
            if multipliers[i] > 0:
                each -= multipliers[i] * rows[i, k]
                about += fabs(multipliers[i] * rows[i, k])
        if k < first:
            smallest, largest = min(smallest, each), max(largest, about)
        else:
            sum_ += each * (low[k - first] if each >= 0 else high[k - first])
            sizes += about * max(fabs(low[k - first]), fabs(high[k - first]))
    return float(sum_ + smallest - rounding * (sizes + largest + fabs(sum_)))
