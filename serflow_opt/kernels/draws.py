"""Requests drawn from uniform numbers: moments in the order of time, and where each leaves.

What numpy's sort and search in `traffic/simulate/requests.py` return, to the last digit. Uniform numbers are spread
evenly over as many buckets as there are of them, so that sorting them takes a time in proportion to their number.
"""

from __future__ import annotations

import cython
import numpy as np

GUIDES = 256
"""Equal parts of 0 to 1, for each of which it is known where to search on."""


def moments(
    drawn: cython.double[::1],
    counts: cython.longlong[::1],
    first: cython.longlong,
    length: cython.double,
    out: cython.double[::1],
) -> None:
    """Write the sorted moments of some periods.

    Parameters
    ----------
    drawn
        Uniform from 0 to 1, one for each request, period by period.
    counts, first
        Requests of each period, and the number of the first.
    length
        Of a period, seconds.
    out
        Seconds, as many as were drawn.
    """
    most: cython.longlong = max(counts) if counts.shape[0] else 0
    starts: cython.int[::1] = np.empty(most + 1, np.int32)
    begin: cython.Py_ssize_t = 0
    p: cython.Py_ssize_t
    k: cython.longlong
    with cython.nogil:
        for p in range(counts.shape[0]):
            k = counts[p]
            if k > 0:
                _in_period(
                    cython.address(drawn[begin]), k, cython.cast(cython.double, first + p), length,
                    cython.address(starts[0]), cython.address(out[begin]),
                )  # fmt: skip
            begin += k


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def _in_period(
    drawn: cython.p_double,
    k: cython.longlong,
    period: cython.double,
    length: cython.double,
    starts: cython.p_int,
    out: cython.p_double,
) -> cython.void:
    """Sort the moments of a period of k requests: by buckets, and where neighbours are not in order yet."""
    i: cython.longlong
    j: cython.longlong
    b: cython.longlong
    place: cython.int
    t: cython.double
    each: cython.double = cython.cast(cython.double, k)
    for i in range(k + 1):
        starts[i] = 0
    for i in range(k):
        starts[cython.cast(cython.longlong, drawn[i] * each) + 1] += 1
    for i in range(1, k):
        starts[i] += starts[i - 1]
    for i in range(k):
        b = cython.cast(cython.longlong, drawn[i] * each)
        place = starts[b]
        starts[b] = place + 1
        out[place] = (period + drawn[i]) * length
    for i in range(1, k):
        t = out[i]
        j = i
        while j > 0 and out[j - 1] > t:
            out[j] = out[j - 1]
            j -= 1
        out[j] = t


def places(drawn: cython.double[::1], edges: cython.double[::1], most: cython.int, out: cython.short[::1]) -> None:
    """Write for each number how many edges are not above it, times the last edge.

    Parameters
    ----------
    drawn
        Uniform from 0 to 1.
    edges, most
        Rising; at least one. No more than `most` are counted.
    out
        As many as were drawn.
    """
    scale: cython.double = edges[edges.shape[0] - 1]
    parts = np.arange(GUIDES) / GUIDES
    guides: cython.longlong[::1] = np.searchsorted(np.asarray(edges), parts * scale, side="right")
    guided: cython.double = GUIDES
    i: cython.Py_ssize_t
    k: cython.Py_ssize_t
    x: cython.double
    with cython.nogil:
        for i in range(drawn.shape[0]):
            x = drawn[i] * scale
            k = guides[cython.cast(cython.Py_ssize_t, drawn[i] * guided)]
            while k < most and edges[k] <= x:
                k += 1
            out[i] = cython.cast(cython.short, k if k < most else most)


def below(
    drawn: cython.double[::1],
    kinds: cython.short[::1],
    levels: cython.double[::1],
    out: cython.schar[::1],
) -> None:
    """Write whether each number is below the level of its kind; -1 where that is NaN.

    Parameters
    ----------
    drawn, kinds
        Uniform from 0 to 1, and the position of each one's level.
    levels
        Shares.
    out
        As many as were drawn.
    """
    i: cython.Py_ssize_t
    level: cython.double
    with cython.nogil:
        for i in range(drawn.shape[0]):
            level = levels[kinds[i]]
            out[i] = drawn[i] < level if level == level else -1
