"""The cheapest configuration of a group: every function, size and batch, with timers as long as a promise allows.

A batch of n requests costs c(n), n = 1 .. b. With N requests in it at random, a request costs E[c(N)] / E[N]
(renewal reward). Shorter timers make N smaller, request by request, but could still be cheaper where c is not straight.
By Jensen E[c(N)] is at least ĉ(E[N]), ĉ the largest convex function below c; so no timers make a request cheaper than
the least ĉ(x) / x with x from 1 to the mean batch of the longest timers. This bounds what is not looked at, and says
whether shorter timers could be better at all.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from serflow_opt.families.batching.filling import mean_window, shares_above
from serflow_opt.families.batching.problem import Batching, Group
from serflow_opt.ground.tolerances import EQUAL, ROUNDING

Array = NDArray[np.float64]
AT_ONCE = 32
"""Configurations that are looked at together."""


@dataclass(frozen=True, slots=True)
class Choice:
    """A configuration for a group.

    Attributes
    ----------
    group
        Who, on what, with which timers.
    cost
        USD a request.
    calls
        Calls that run at once, on average.
    promise
        The share of its target that each application is promised.
    bound
        No timers within the promise, on whatever, make a request of the group cheaper, USD.
    """

    group: Group
    cost: float
    calls: float
    promise: float
    bound: float


class Menu:
    """All configurations of a problem, one a row."""

    def __init__(self, problem: Batching) -> None:
        self.problem = problem
        rows = [
            (f, s, b)
            for f, own in enumerate(problem.functions)
            for s in range(len(own.sizes))
            for b in range(len(own.batches))
            if not np.isnan(own.usd_per_s[s, b])
        ]
        self.rows = np.array(rows)
        count, most = len(rows), max(max(own.batches) for own in problem.functions)
        self.batch, self.longest = np.empty(count, dtype=int), np.empty(count)
        self.cost, self.time = np.empty((count, most)), np.empty((count, most))
        for k, (f, s, b) in enumerate(rows):
            own = problem.functions[f]
            size = own.batches[b]
            runs_as = np.searchsorted(own.batches, np.minimum(np.arange(1, most + 1), size))
            self.batch[k], self.longest[k] = size, own.longest_s[s, b]
            self.time[k] = own.mean_s[s, runs_as]
            self.cost[k] = own.usd_per_s[s, b] * own.billed_s[s, runs_as] + own.usd_per_call
        self.every = np.arange(count)
        self.rates = np.array([own.rate for own in problem.applications])
        self.targets = np.array([own.slo_s for own in problem.applications])

    @cached_property
    def below(self) -> Array:
        """The largest convex function below what a call costs, by configuration and requests."""
        found = self.cost.copy()
        bend = np.diff(self.cost, n=2, axis=1) if self.cost.shape[1] > 2 else np.zeros((len(found), 0))
        for k in range(len(found)):
            b = self.batch[k]
            if (bend[k, : max(b - 2, 0)] < -ROUNDING * self.cost[k, 0]).any():
                found[k, :b] = _hull(self.cost[k, :b])
        return found

    @cached_property
    def straight(self) -> NDArray[np.bool_]:
        """Whether a call costs the same for each request more, by configuration: then longer timers are better."""
        bend = np.abs(np.diff(self.cost, n=2, axis=1)) > ROUNDING * self.cost[:, :1]
        within = np.arange(bend.shape[1])[None, :] + 2 < self.batch[:, None]
        straight: NDArray[np.bool_] = ~(bend & within).any(axis=1)
        return straight

    @cached_property
    def least(self) -> Array:
        """The least cost of a request in a batch of up to n on average, by configuration and n."""
        least: Array = np.minimum.accumulate(self.below / np.arange(1, self.below.shape[1] + 1), axis=1)
        return least

    def floor(self, which: NDArray[np.intp], mean: Array) -> Array:
        """Return what a request costs at least where batches hold so many on average, by configuration.

        Parameters
        ----------
        which, mean
            Configurations, and the mean batch of each: 1 to its largest.
        """
        whole = np.minimum(mean.astype(int), self.batch[which])
        further = np.minimum(whole, self.below.shape[1] - 1)
        low, high = self.below[which, whole - 1], self.below[which, further]
        floor: Array = np.minimum(self.least[which, whole - 1], (low + (mean - whole) * (high - low)) / mean)
        return floor

    def timers(self, group: tuple[int, ...], promise: float, which: NDArray[np.intp]) -> Array:
        """Return the longest timers within a promise, by configuration and application; below zero: too slow."""
        room: Array = promise * self.targets[list(group)][None, :] - self.longest[which][:, None]
        return np.where(np.abs(room) <= ROUNDING * self.targets[list(group)], 0.0, room)

    def fitting(
        self, group: tuple[int, ...], promise: float, which: NDArray[np.intp]
    ) -> tuple[NDArray[np.intp], Array, Array]:
        """Return the configurations that keep a promise, their timers, and how many requests come in a window.

        Parameters
        ----------
        group, promise
            Positions of applications, rising, and the share of its target that each is promised.
        which
            The configurations that are asked about.
        """
        timers = self.timers(group, promise, which)
        kept = timers[:, 0] >= 0
        every, timers, rates = which[kept], timers[kept], self.rates[list(group)]
        come = rates.sum() * mean_window(rates, timers)
        if self.problem.arrivals == "smooth":
            full = self.batch[every] - 1 <= come * (1 + ROUNDING)
            every, timers, come = every[full], timers[full], come[full]
        return every, timers, come

    def valued(self, group: tuple[int, ...], which: NDArray[np.intp], timers: Array) -> tuple[Array, Array, Array]:
        """Return cost of a request, time of calls for it, and mean batch, by configuration.

        Parameters
        ----------
        group
            Positions of applications, rising.
        which, timers
            Configurations, and the timers of each.
        """
        size = self.batch[which]
        if self.problem.arrivals == "smooth":
            rows = np.arange(len(which))
            return self.cost[which][rows, size - 1] / size, self.time[which][rows, size - 1] / size, size * 1.0
        most = int(size.max())
        above = shares_above(self.rates[list(group)], timers, most)
        above[np.arange(most)[None, :] >= size[:, None]] = 0.0
        mean = above.sum(axis=1)
        just = above - np.concatenate([above[:, 1:], np.zeros((len(above), 1))], axis=1)
        cost, time = ((by[which, :most] * just).sum(axis=1) / mean for by in (self.cost, self.time))
        return cost, time, mean

    def cheapest(self, group: tuple[int, ...], promise: float) -> Choice | None:
        """Return the cheapest configuration within a promise; None: none keeps it.

        Parameters
        ----------
        group
            Positions of applications, rising.
        promise
            The largest share of its target that an application may be promised: smaller ones are looked at only where
            they could be cheaper.
        """
        members, smooth = list(group), self.problem.arrivals == "smooth"
        rates, targets = self.rates[members], promise * self.targets[members]
        every = self.every[self.longest <= targets[0] * (1 + ROUNDING)]
        come = rates @ targets - rates.sum() * self.longest[every]  # at most: were only first requests' timers to end
        if smooth:
            every = every[self.batch[every] - 1 <= come * (1 + EQUAL)]
            floors = self.cost[every, self.batch[every] - 1] / self.batch[every]
        else:
            floors = self.floor(every, np.minimum(1 + np.maximum(come, 0), self.batch[every]))
        looked_at = _Cheapest(self, group, promise)
        order = np.argsort(floors, kind="stable")
        for part in (order[:AT_ONCE], order[AT_ONCE:]):  # the first few tell what need not be looked at
            some = part[floors[part] <= looked_at.cost]
            looked_at.leave_out(floors[part])
            if len(some):
                looked_at.look_at(every[some])
        best, bound = looked_at.best, looked_at.bound
        if best is None:
            return None
        if bound < best.cost * (1 - EQUAL):
            for less in self.problem.promises:
                best = self._less(group, less, best) if less < promise else best
        return replace(best, bound=min(bound, best.cost))

    def _less(self, group: tuple[int, ...], promise: float, best: Choice) -> Choice:
        """Return the better of a choice and the cheapest of another promise."""
        every, timers, _ = self.fitting(group, promise, self.every)
        if not len(every):
            return best
        cost, time, _ = self.valued(group, every, timers)
        k = int(np.argmin(cost))
        return self.choice(group, every[k], timers[k], cost[k], time[k], promise) if cost[k] < best.cost else best

    def undominated(self, group: tuple[int, ...], promise: float) -> list[Choice]:
        """Return the configurations within a promise that none beats in both cost and calls at once.

        Parameters
        ----------
        group, promise
            As `fitting` takes them.
        """
        every, timers, _ = self.fitting(group, promise, self.every)
        if not len(every):
            return []
        cost, time, _ = self.valued(group, every, timers)
        kept, lowest = [], np.inf
        for k in np.lexsort((time, cost)):
            if time[k] < lowest * (1 - EQUAL):
                lowest = float(time[k])
                kept.append(self.choice(group, every[k], timers[k], cost[k], time[k], promise))
        return kept

    def choice(
        self,
        group: tuple[int, ...],
        row: int,
        timers: Array,
        cost: float,
        time: float,
        promise: float,
    ) -> Choice:
        """Return a row of the menu as the choice of a group.

        Parameters
        ----------
        group, row, timers
            Positions of applications, a configuration, and the timers there.
        cost, time
            USD a request, and seconds of calls for it.
        promise
            The share of its target that each application is promised.
        """
        f, s, b = (int(own) for own in self.rows[row])
        calls = float(time * self.rates[list(group)].sum())
        waits = tuple(map(float, timers)) if self.batch[row] > 1 else (0.0,) * len(group)
        return Choice(Group(group, f, s, b, waits), float(cost), calls, promise, float(cost))


class _Cheapest:
    """The cheapest configuration of a group so far, and what no timers on those looked at or left out are below."""

    def __init__(self, menu: Menu, group: tuple[int, ...], promise: float) -> None:
        self.menu, self.group, self.promise = menu, group, promise
        self.best: Choice | None = None
        self.bound = np.inf

    @property
    def cost(self) -> float:
        """Of a request, USD; infinite: none yet."""
        return np.inf if self.best is None else self.best.cost

    def leave_out(self, floors: Array) -> None:
        """Note what is not looked at since it is dearer than the best."""
        self.bound = min(self.bound, float(floors[floors > self.cost].min(initial=np.inf)))

    def look_at(self, which: NDArray[np.intp]) -> None:
        """Value configurations, those first that may be cheapest by how many requests come in a window."""
        menu = self.menu
        some, timers, come = menu.fitting(self.group, self.promise, which)
        if menu.problem.arrivals == "smooth":
            lows = menu.cost[some, menu.batch[some] - 1] / menu.batch[some]
        else:
            lows = menu.floor(some, np.minimum(1 + come, menu.batch[some]))
        order = np.argsort(lows, kind="stable")
        for at in range(0, len(order), AT_ONCE):
            rows = order[at : at + AT_ONCE]
            if lows[rows[0]] > self.cost:
                self.leave_out(lows[order[at:]])
                break
            cost, time, filled = menu.valued(self.group, some[rows], timers[rows])
            straight = menu.problem.arrivals == "smooth"
            self.bound = min(self.bound, float((cost if straight else menu.floor(some[rows], filled)).min()))
            k = int(np.argmin(cost))
            if cost[k] < self.cost:
                self.best = menu.choice(self.group, some[rows[k]], timers[rows[k]], cost[k], time[k], self.promise)


def _hull(cost: Array) -> Array:
    """Return the largest convex function below a cost by number of requests."""
    kept: list[int] = []
    for n in range(len(cost)):
        while len(kept) > 1 and (cost[kept[-1]] - cost[kept[-2]]) * (n - kept[-1]) >= (cost[n] - cost[kept[-1]]) * (
            kept[-1] - kept[-2]
        ):
            kept.pop()
        kept.append(n)
    return np.interp(np.arange(len(cost)), kept, cost[kept])
