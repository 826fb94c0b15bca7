"""What comes before a state of the layers: the loops of `search/prefixes.py`."""

from __future__ import annotations

from typing import Any

import cython
import numpy as np
from cython.cimports.libc.math import INFINITY
from cython.cimports.serflow_opt.kernels.states import States
from numpy.typing import NDArray


@cython.cclass
class Before(States):  # type: ignore[misc]  # mypy does not read .pxd files
    """The states of a chain from the source on, by lanes.

    Parameters
    ----------
    flat
        `search.flat.Flat`: the arrays of a chain.
    on
        Lanes x M x E, bytes: states that each lane keeps to.
    """

    lanes: cython.Py_ssize_t
    on: cython.uchar[:, :, ::1]
    # of the stage at hand: the most at each hub, and behind the stage before it
    met: cython.double[::1]
    after: cython.double[::1]

    def __init__(self, flat: Any, on: cython.uchar[:, :, ::1]) -> None:
        super().__init__(flat)
        self.on, self.lanes = on, on.shape[0]
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
                            self.after[e] = self.most_after(
                                self.menu[s, e], self.after[e] - stage[lane, s, e], beta[lane]
                            )
        return found

    def least(self) -> NDArray[np.float64]:
        """Return the least whole time before each state of the first lane, M x E."""
        found = np.full((self.stages, self.runners), INFINITY)
        least: cython.double[:, ::1] = found
        s: cython.Py_ssize_t
        e: cython.Py_ssize_t
        k: cython.Py_ssize_t
        hub: cython.Py_ssize_t
        with cython.nogil:
            for s in range(self.stages):
                for hub in range(self.hub_at[s], self.hub_at[s + 1]):
                    self.met[hub] = INFINITY
                for k in range(self.start_hub.shape[0] if s == 0 else 0):
                    self.met[self.start_hub[k]] = min(self.met[self.start_hub[k]], self.start_whole[k])
                for e in range(self.runners if s > 0 else 0):
                    if self.stay_from[s, 0] < 0:
                        least[s, e] = self.after[e]
                    else:
                        for k in range(self.stay_from[s, e], self.stay_from[s, e + 1]):
                            least[s, self.stay_to[k]] = min(least[s, self.stay_to[k]], self.after[e])
                    for k in range(self.left_from[s, e], self.left_from[s, e + 1]):
                        hub = self.left_hub[k]
                        self.met[hub] = min(self.met[hub], self.after[e] + self.left_whole[k])
                for hub in range(self.hub_at[s], self.hub_at[s + 1]):
                    for k in range(self.into_from[hub], self.into_from[hub + 1]):
                        e = self.into_runner[k]
                        least[s, e] = min(least[s, e], self.met[hub] + self.into_whole[k])
                for e in range(self.runners):
                    if not self.on[0, s, e]:
                        least[s, e] = INFINITY
                    self.after[e] = least[s, e] + self.whole[s, e]
        return found

    def count(self, option: cython.longlong[::1]) -> float:
        """Return how many ways through the states of the first lane there are, to the last stage or an end.

        Parameters
        ----------
        option
            E: of each runner; nothing is handed over from an option to itself.
        """
        here: cython.double[::1] = np.zeros(self.runners)
        found: cython.double = 0.0
        s: cython.Py_ssize_t
        e: cython.Py_ssize_t
        i: cython.Py_ssize_t
        k: cython.Py_ssize_t
        hub: cython.Py_ssize_t
        with cython.nogil:
            for s in range(self.stages):
                for e in range(self.runners):
                    here[e] = self.after[e] if s > 0 and self.stay_from[s, 0] < 0 else 0.0
                for i in range(self.start_hub.shape[0] if s == 0 else 0):
                    for k in range(self.into_from[self.start_hub[i]], self.into_from[self.start_hub[i] + 1]):
                        here[self.into_runner[k]] += 1.0
                for e in range(self.runners if s > 0 else 0):
                    if self.stay_from[s, 0] >= 0:
                        for k in range(self.stay_from[s, e], self.stay_from[s, e + 1]):
                            here[self.stay_to[k]] += self.after[e]
                    for i in range(self.left_from[s, e], self.left_from[s, e + 1]):
                        hub = self.left_hub[i]
                        for k in range(self.into_from[hub], self.into_from[hub + 1]):
                            if option[self.into_runner[k]] != option[e]:
                                here[self.into_runner[k]] += self.after[e]
                for e in range(self.runners):
                    self.after[e] = here[e] if self.on[0, s, e] else 0.0
                    if s + 1 == self.stages or (self.may_end and self.ends[s, e] == self.ends[s, e]):
                        found += self.after[e]
        return float(found)

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
