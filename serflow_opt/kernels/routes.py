"""The one placement, with its thresholds, that is least by some weights of the columns: a sweep that allocates nothing.

As `chain.py` over one lane, among some of the runners, again and again at other weights. What is found comes back as
the columns of a plan, which is what programs over mixes of plans take (`groups.py`).
"""

from __future__ import annotations

from typing import Any

import cython
import numpy as np
from cython.cimports.libc.math import INFINITY
from cython.cimports.serflow_opt.kernels.plans import Plans
from cython.cimports.serflow_opt.kernels.states import put_label
from numpy.typing import NDArray

GOES_ON = cython.declare(cython.longlong, -1)
"""Stands where a way to hand over could: the run goes on."""
ENDS = cython.declare(cython.longlong, -2)
"""Stands there, too: the plan ends, everybody leaves."""


class Routes(Plans):  # type: ignore[misc]  # mypy does not read .pxd files
    """The arrays of a chain, and labels of the last sweep.

    Parameters
    ----------
    flat
        `search.flat.Flat`: the arrays of a chain.
    on
        M x E, bytes: states there are.
    adds
        As `Plans`.
    before
        Least whole time before each state, M x E.
    limit
        Of the whole time; infinite: it does not count.
    """

    def __init__(
        self,
        flat: Any,
        on: cython.uchar[:, ::1],
        adds: tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]],
        before: cython.double[:, ::1],
        limit: float,
    ) -> None:
        super().__init__(flat, adds)
        self.on, self.before, self.limit = on, before, limit
        self.timed, self.weight = limit < INFINITY, np.zeros(self.columns)
        self.begin = np.zeros((self.stages, self.runners + 1), np.int64)
        self.met_begin = np.zeros(int(self.hub_at[self.stages]) + 1, np.int64)
        self.value = self.time = self.met_value = self.met_time = np.empty(0)
        self.back_to = self.after = self.left_by_way = np.empty(0, np.int64)
        self.met_back = self.met_after = self.met_into = np.empty(0, np.int64)
        self._room(1024, 256)
        self._among(np.ones(self.runners, np.uint8))

    def among(self, may: cython.uchar[::1]) -> None:
        """Keep to some of the runners, E bytes."""
        self._among(may)

    def least(self, weight: cython.double[::1]) -> tuple[float, NDArray[np.float64], NDArray[np.int64], float]:
        """Return the least weighted sum of the columns; the columns, the plan and the whole time it is of.

        The plan is told as `Plans` does. The sum is infinite where no plan is in time.

        Parameters
        ----------
        weight
            Of the columns, K.
        """
        value: cython.double = self._least(weight)
        return value, np.array(self.column), np.array(self.path), self.whole_time

    def staircase(self, weight: cython.double[::1]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the least weighted sums of plans, and the whole times within which they are: each of a way in.

        Parameters
        ----------
        weight
            Of the columns, K.
        """
        k: cython.Py_ssize_t
        begin: cython.Py_ssize_t
        end: cython.Py_ssize_t
        self._least(weight)
        values, times = [], []
        for k in range(self.start_hub.shape[0]):
            begin, end = self.met_begin[self.start_hub[k]], self.met_begin[self.start_hub[k] + 1]
            price = float(np.dot(weight, self.start_adds[k]))
            values.append(np.array(self.met_value[begin:end]) + price)
            times.append(np.array(self.met_time[begin:end]) + self.start_whole[k])
        return np.concatenate(values), np.concatenate(times)

    def labels(self) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.int64], NDArray[np.int64]]:
        """Return the labels of the last sweep, as `listing.Listing` takes them: values, times, `back`, beginnings."""
        return (
            np.array(self.value[: self.label_end]),
            np.array(self.time[: self.label_end]),
            np.array(self.back_to[: self.label_end]),
            np.array(self.begin),
        )

    def _among(self, may: cython.uchar[::1]) -> None:
        """Keep to some of the runners."""
        self.may = may
        self.here = np.flatnonzero(may)

    def _room(self, labels: cython.Py_ssize_t, met: cython.Py_ssize_t) -> None:
        """Have room for so many labels, and labels at hubs."""
        more: cython.Py_ssize_t = 2 * labels - self.value.shape[0]
        if labels > self.value.shape[0]:
            self.value = np.concatenate([self.value, np.empty(more)])
            self.time = np.concatenate([self.time, np.empty(more)])
            self.back_to = np.concatenate([self.back_to, np.empty(more, np.int64)])
            self.after = np.concatenate([self.after, np.empty(more, np.int64)])
            self.left_by_way = np.concatenate([self.left_by_way, np.empty(more, np.int64)])
        if met > self.met_value.shape[0]:
            self.met_value, self.met_time = np.empty(2 * met), np.empty(2 * met)
            self.met_back, self.met_after = np.empty(2 * met, np.int64), np.empty(2 * met, np.int64)
            self.met_into = np.empty(2 * met, np.int64)

    def _least(self, weight: cython.double[::1]) -> cython.double:
        """Sweep; trace the plan of the least sum, which is returned."""
        s: cython.Py_ssize_t
        k: cython.Py_ssize_t
        i: cython.Py_ssize_t
        c: cython.Py_ssize_t
        start: cython.Py_ssize_t = -1
        label: cython.Py_ssize_t = -1
        price: cython.double
        time: cython.double
        best: cython.double = INFINITY
        # minus zero would divide to minus infinity
        self.weight, self.beta, self.label_end = weight, weight[self.columns - 1] + 0.0, 0
        for s in range(self.stages - 1, -1, -1):
            self._stage(s)
            self._hubs(s)
        for k in range(self.start_hub.shape[0]):
            price = 0.0
            for c in range(self.columns):
                price += weight[c] * self.start_adds[k, c]
            for i in range(self.met_begin[self.start_hub[k]], self.met_begin[self.start_hub[k] + 1]):
                # labels were kept for the fastest way in; this one may be slower
                time = self.met_time[i] + self.start_whole[k] if self.timed else 0.0
                if time <= self.limit and self.met_value[i] + price < best:
                    best, start, label, self.whole_time = self.met_value[i] + price, k, i, time
        if label >= 0:
            self._trace(start, self.met_after[label])
        return best

    def _stage(self, s: cython.Py_ssize_t) -> None:
        """Make the labels of stage s from those of stage s + 1 and those at the hubs between."""
        i: cython.Py_ssize_t
        k: cython.Py_ssize_t
        e: cython.Py_ssize_t
        c: cython.Py_ssize_t
        at: cython.Py_ssize_t
        price: cython.double
        room: cython.Py_ssize_t
        before: cython.Py_ssize_t = self.label_end
        for e in range(self.runners + 1):
            self.begin[s, e] = before
        room = 2
        if s + 1 < self.stages:
            room += self.begin[s + 1, self.runners] - self.begin[s + 1, 0] + self.met_end
        for i in range(self.here.shape[0]):
            e = self.here[i]
            self._room(self.label_end + room, 0)
            at = self.label_end
            self.values, self.times = cython.address(self.value[at]), cython.address(self.time[at])
            self.backs, self.afters = cython.address(self.back_to[at]), cython.address(self.after[at])
            self.vias, self.size = cython.address(self.left_by_way[at]), 0
            for k in range(self.here[i - 1] + 1 if i > 0 else 0, e + 1):
                self.begin[s, k] = self.label_end
            if self.on[s, e]:
                price = 0.0
                for c in range(self.columns):
                    price += self.weight[c] * self.adds[s, e, c]
                self._follow(s, e, price)
            self.label_end += self.size
        for k in range(self.here[self.here.shape[0] - 1] + 1 if self.here.shape[0] else 0, self.runners + 1):
            self.begin[s, k] = self.label_end

    def _follow(self, s: cython.Py_ssize_t, e: cython.Py_ssize_t, price: cython.double) -> None:
        """Put what can follow stage s on a runner: its run goes on, the plan ends, or something is handed over."""
        i: cython.Py_ssize_t
        k: cython.Py_ssize_t
        c: cython.Py_ssize_t
        hub: cython.Py_ssize_t
        left: cython.double
        if s + 1 == self.stages:
            self._add(s, e, price, 0.0, 0.0, self.back[s, e], -1, GOES_ON)
            return
        if self.stay_from[s + 1, 0] < 0:
            self._stays(s, e, e, price)
        else:
            for k in range(self.stay_from[s + 1, e], self.stay_from[s + 1, e + 1]):
                self._stays(s, e, self.stay_to[k], price)
        if self.may_end and self.ends[s, e] == self.ends[s, e]:
            self._add(s, e, price, 0.0, 0.0, self.back[s, e], -1, ENDS)
        for k in range(self.left_from[s + 1, e], self.left_from[s + 1, e + 1]):
            hub = self.left_hub[k]
            if self.met_begin[hub] == self.met_begin[hub + 1]:
                continue
            left = 0.0
            for c in range(self.columns):
                left += self.weight[c] * self.left_adds[k, c]
            for i in range(self.met_begin[hub], self.met_begin[hub + 1]):
                # the run ends here: how far it may reach back is a matter of its own stages, not of the receiver's
                self._add(
                    s, e, price,
                    self.met_value[i] + left, self.met_time[i] + self.left_whole[k],
                    self.back[s, e], self.met_after[i], k,
                )  # fmt: skip

    def _stays(self, s: cython.Py_ssize_t, e: cython.Py_ssize_t, f: cython.Py_ssize_t, price: cython.double) -> None:
        """Stage s as e begins the run that stage s + 1 as f belongs to, as far as memory and time let it."""
        i: cython.Py_ssize_t
        for i in range(self.begin[s + 1, f], self.begin[s + 1, f + 1]):
            if self.back_to[i] <= s + 1:
                self._add(s, e, price, self.value[i], self.time[i], self.back_to[i], i, GOES_ON)

    def _add(
        self,
        s: cython.Py_ssize_t,
        e: cython.Py_ssize_t,
        price: cython.double,
        value: cython.double,
        time: cython.double,
        back: cython.longlong,
        after: cython.longlong,
        left: cython.longlong,
    ) -> None:
        """Put stage s in front of what follows and keep it if it can be in time and is not dominated."""
        if self.timed:
            time += self.whole[s, e]
            if not time + self.before[s, e] <= self.limit:
                return
        else:
            time = 0.0
        value = -self.beta * self.ends[s, e] if left == ENDS else self.left_by(self.menu[s, e], value, self.beta)
        self.size = put_label(
            self.values, self.times, self.backs, self.afters, self.vias, self.size,
            price + value, time, back, after, left,
        )  # fmt: skip

    def _hubs(self, s: cython.Py_ssize_t) -> None:
        """Gather the labels of stage s at the hubs before it: each sender meets few there."""
        hub: cython.Py_ssize_t
        i: cython.Py_ssize_t
        k: cython.Py_ssize_t
        c: cython.Py_ssize_t
        e: cython.Py_ssize_t
        at: cython.Py_ssize_t
        price: cython.double
        room: cython.Py_ssize_t = self.begin[s, self.runners] - self.begin[s, 0] + 1
        self.met_end = 0
        # a label may come to several hubs, once to each
        self._room(0, room * max(int(self.hub_at[s + 1] - self.hub_at[s]), 1) + 1)
        for hub in range(self.hub_at[s], self.hub_at[s + 1]):
            self.met_begin[hub] = self.met_end
            at = self.met_end
            self.values, self.times = cython.address(self.met_value[at]), cython.address(self.met_time[at])
            self.backs, self.afters = cython.address(self.met_back[at]), cython.address(self.met_after[at])
            self.vias, self.size = cython.address(self.met_into[at]), 0
            for k in range(self.into_from[hub], self.into_from[hub + 1]):
                e = self.into_runner[k]
                if not self.may[e] or self.begin[s, e] == self.begin[s, e + 1]:
                    continue
                price = 0.0
                for c in range(self.columns):
                    price += self.weight[c] * self.into_adds[k, c]
                for i in range(self.begin[s, e], self.begin[s, e + 1]):
                    # senders do not care who receives, nor how far the receiver's run reaches
                    self.size = put_label(
                        self.values, self.times, self.backs, self.afters, self.vias, self.size,
                        self.value[i] + price, self.time[i] + self.into_whole[k] if self.timed else 0.0,
                        0, i, k,
                    )  # fmt: skip
            self.met_end += self.size
            self.met_begin[hub + 1] = self.met_end

    def _trace(self, start: cython.Py_ssize_t, label: cython.Py_ssize_t) -> None:
        """Set the plan of a label of the first stage, and the columns it comes to."""
        s: cython.Py_ssize_t
        k: cython.Py_ssize_t
        e: cython.Py_ssize_t
        left: cython.longlong = start
        hub: cython.Py_ssize_t = self.start_hub[start]
        line: cython.Py_ssize_t
        for s in range(self.stages):
            for k in range(4):
                self.path[s, k] = -1
        for s in range(self.stages):
            e = 0
            while self.begin[s, e + 1] <= label:
                e += 1
            self.path[s, 0], self.path[s, 1] = e, left
            if left >= 0:  # a runner receives from a hub in one way
                k = self.into_from[hub]
                while self.into_runner[k] != e:
                    k += 1
                self.path[s, 2] = k
            left, label = self.left_by_way[label], self.after[label]
            if left == ENDS:
                self.path[s, 3] = ENDS
                break
            if left >= 0:
                hub = self.left_hub[left]
        for s in range(self.stages - 1, -1, -1):
            if self.path[s, 0] < 0:
                continue
            if self.path[s, 3] != ENDS:
                line = self.line_at(self.menu[s, self.path[s, 0]], self._follows(s), self.beta)
                self.path[s, 3] = line
            self._put_before(s)

    def _follows(self, s: cython.Py_ssize_t) -> cython.double:
        """What the columns of all behind stage s are worth."""
        k: cython.Py_ssize_t
        value: cython.double = 0.0
        if s + 1 < self.stages and self.path[s + 1, 0] >= 0:
            for k in range(self.columns):
                value += self.weight[k] * self.column[k]
        return value
