"""What comes before a state of the layers: the loops of `search/prefixes.py`."""

from __future__ import annotations

from typing import Any

import cython
import numpy as np
from cython.cimports.libc.math import INFINITY
from numpy.typing import NDArray


@cython.cclass
class Before:
    """The states of a chain from the source on, by lanes.

    Parameters
    ----------
    flat
        `search.flat.Flat`: the arrays of a chain.
    on
        Lanes x M x E, bytes: states that each lane keeps to.
    """

    lanes: cython.Py_ssize_t
    stages: cython.Py_ssize_t
    runners: cython.Py_ssize_t
    on: cython.uchar[:, :, ::1]
    menu: cython.longlong[:, ::1]
    line_from: cython.longlong[::1]
    go_on: cython.double[::1]
    mass: cython.double[::1]
    breaks: cython.double[::1]
    stay_from: cython.longlong[:, ::1]
    stay_to: cython.longlong[::1]
    start_hub: cython.longlong[::1]
    left_from: cython.longlong[:, ::1]
    left_hub: cython.longlong[::1]
    hub_at: cython.longlong[::1]
    into_from: cython.longlong[::1]
    into_runner: cython.longlong[::1]
    # of the stage at hand: the most at each hub, and behind the stage before it
    met: cython.double[::1]
    after: cython.double[::1]

    def __init__(self, flat: Any, on: cython.uchar[:, :, ::1]) -> None:
        self.on, self.menu = on, flat.menu
        self.lanes, self.stages, self.runners = on.shape[0], on.shape[1], on.shape[2]
        lines = flat.lines
        self.line_from, self.go_on, self.mass, self.breaks = lines.begin, lines.go_on, lines.mass, lines.breaks
        self.stay_from, self.stay_to, self.start_hub = flat.stay_from, flat.stay_to, flat.start_hub
        self.left_from, self.left_hub, self.hub_at = flat.left_from, flat.left_hub, flat.hub_at
        self.into_from, self.into_runner = flat.into_from, flat.into_runner
        self.met, self.after = np.empty(max(self.hub_at[self.stages], 1)), np.empty(self.runners)

    def most(
        self,
        stage: cython.double[:, :, ::1],
        start: cython.double[:, ::1],
        left: cython.double[:, ::1],
        into: cython.double[:, ::1],
        beta: cython.double[::1],
        most: cython.double[::1],
    ) -> NDArray[np.float64]:
        """Return the largest V at each state that some prefix completes to the most, lanes x M x E.

        Parameters
        ----------
        stage
            Lanes x M x E: what stages add to V.
        start, left, into
            Ways x lanes: what ways from the source, into hubs and out of them add.
        beta, most
            By lane, the multiplier of the accuracy, and V at the source.
        """
        found = np.empty((self.lanes, self.stages, self.runners))
        allowed: cython.double[:, :, ::1] = found
        lane: cython.Py_ssize_t
        s: cython.Py_ssize_t
        e: cython.Py_ssize_t
        with cython.nogil:
            for lane in range(self.lanes):
                for s in range(self.stages):
                    self._handed(s, lane, allowed[lane, s], start, left, into, most[lane])
                    for e in range(self.runners):
                        if not self.on[lane, s, e]:
                            allowed[lane, s, e] = -INFINITY
                        self.after[e] = allowed[lane, s, e]
                        if self.after[e] > -INFINITY:
                            self.after[e] = self._most_after(
                                self.menu[s, e], self.after[e] - stage[lane, s, e], beta[lane]
                            )
        return found

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _handed(
        self,
        s: cython.Py_ssize_t,
        lane: cython.Py_ssize_t,
        allowed: cython.double[::1],
        start: cython.double[:, ::1],
        left: cython.double[:, ::1],
        into: cython.double[:, ::1],
        most: cython.double,
    ) -> cython.void:
        """Hand what is allowed behind a stage on to the next one."""
        e: cython.Py_ssize_t
        k: cython.Py_ssize_t
        hub: cython.Py_ssize_t
        for hub in range(self.hub_at[s], self.hub_at[s + 1]):
            self.met[hub] = -INFINITY
        for e in range(self.runners):
            allowed[e] = self.after[e] if s > 0 and self.stay_from[s, 0] < 0 else -INFINITY
        if s == 0:
            for k in range(self.start_hub.shape[0]):
                hub = self.start_hub[k]
                self.met[hub] = max(self.met[hub], most - start[k, lane])
        else:
            for e in range(self.runners):
                for k in range(self.left_from[s, e], self.left_from[s, e + 1]):
                    hub = self.left_hub[k]
                    self.met[hub] = max(self.met[hub], self.after[e] - left[k, lane])
                if self.stay_from[s, 0] >= 0:
                    for k in range(self.stay_from[s, e], self.stay_from[s, e + 1]):
                        allowed[self.stay_to[k]] = max(allowed[self.stay_to[k]], self.after[e])
        for hub in range(self.hub_at[s], self.hub_at[s + 1]):
            for k in range(self.into_from[hub], self.into_from[hub + 1]):
                e = self.into_runner[k]
                allowed[e] = max(allowed[e], self.met[hub] - into[k, lane])

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _most_after(self, menu: cython.Py_ssize_t, value: cython.double, beta: cython.double) -> cython.double:
        """Return the largest V with φ(V) <= value: infinite where everybody leaves and that is good enough."""
        low: cython.Py_ssize_t = self.line_from[menu]
        last: cython.Py_ssize_t = self.line_from[menu + 1] - 1
        high: cython.Py_ssize_t = last
        middle: cython.Py_ssize_t
        y: cython.double
        if beta == 0:
            y = self.go_on[last] if value >= 0 else self.go_on[low]
            return INFINITY if y == 0 and value >= 0 else value / y
        y = value / beta
        while low < high:  # from the last value of φ on V is unbounded
            middle = (low + high) // 2
            if self.go_on[middle + 1] * self.breaks[middle] - self.mass[middle + 1] <= y:
                low = middle + 1
            else:
                high = middle
        y += self.mass[low]
        if self.go_on[low] > 0:
            return y * (1 / self.go_on[low]) * beta
        return INFINITY if y >= 0 else -INFINITY
