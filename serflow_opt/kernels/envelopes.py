"""Lower envelopes of many menus at once: what `search/envelope.Envelope.of` does for one."""

from __future__ import annotations

import cython
import numpy as np
from cython.cimports.libc.math import INFINITY
from numpy.typing import NDArray


@cython.cfunc
@cython.inline
@cython.nogil
@cython.exceptval(check=False)
def _never_lowest(
    go_on: cython.double[::1], mass: cython.double[::1], a: cython.longlong, b: cython.longlong, c: cython.longlong
) -> cython.bint:
    """Whether the line of b is nowhere below both that of a, which is steeper, and that of c, which is flatter."""
    return (mass[a] - mass[c]) * (go_on[a] - go_on[b]) <= (mass[a] - mass[b]) * (go_on[a] - go_on[c])


def lowest(
    go_on: cython.double[::1], mass: cython.double[::1], begin: cython.longlong[::1]
) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.int64]]:
    """Return the lines of all envelopes, one behind the other, the breaks behind them, and where each begins.

    Parameters
    ----------
    go_on, mass
        1 - e and e r of the thresholds of one menu after the other.
    begin
        Where those of each menu begin; one more at the end.

    Returns
    -------
    tuple
        Positions among all thresholds; breaks, infinite behind the last line of a menu; one more beginning at the end.
    """
    menus: cython.Py_ssize_t = begin.shape[0] - 1
    lines, edges = np.empty(go_on.shape[0], dtype=np.int64), np.empty(go_on.shape[0])
    ordered, first = np.empty(go_on.shape[0], dtype=np.int64), np.zeros(menus + 1, dtype=np.int64)
    line: cython.longlong[::1] = lines
    edge: cython.double[::1] = edges
    order: cython.longlong[::1] = ordered
    at: cython.longlong[::1] = first
    total: cython.Py_ssize_t = 0
    low: cython.Py_ssize_t
    count: cython.Py_ssize_t
    menu: cython.Py_ssize_t
    i: cython.longlong
    k: cython.Py_ssize_t
    with cython.nogil:
        for menu in range(menus):
            # steepest first, of equals the one with most mass, then the first one; exit rates mostly fall
            count = 0
            for i in range(begin[menu + 1] - 1, begin[menu] - 1, -1):
                k = count
                while k > 0 and (
                    go_on[order[k - 1]] < go_on[i]
                    or (go_on[order[k - 1]] == go_on[i] and mass[order[k - 1]] <= mass[i])
                ):
                    order[k] = order[k - 1]
                    k -= 1
                order[k] = i
                count += 1
            low = total
            for k in range(count):
                i = order[k]
                if total > low and go_on[line[total - 1]] == go_on[i]:
                    continue  # the same exits with less mass
                while total > low + 1 and _never_lowest(go_on, mass, line[total - 2], line[total - 1], i):
                    total -= 1
                line[total] = i
                total += 1
            for k in range(low, total - 1):
                edge[k] = (mass[line[k]] - mass[line[k + 1]]) / (go_on[line[k]] - go_on[line[k + 1]])
            if total > low:
                edge[total - 1] = INFINITY
            at[menu + 1] = total
    return lines[:total].copy(), edges[:total].copy(), first
