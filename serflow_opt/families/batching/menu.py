"""Every function, size and batch of a problem, and what they cost a group with timers as long as a promise allows.

A batch of n requests costs c(n), n = 1 .. b. With N requests in it at random, a request costs E[c(N)] / E[N]
(renewal reward). By Jensen E[c(N)] is at least ĉ(E[N]), ĉ the largest convex function below c; so where batches hold x
requests on average at most, a request costs at least the least ĉ(y) / y with y from 1 to x.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from serflow_opt.families.batching.filling import mean_window, shares_above
from serflow_opt.families.batching.problem import Batching, Group
from serflow_opt.ground.tolerances import EQUAL, ROUNDING

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class GroupConfiguration:
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


class BatchingMenu:
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
        straight: NDArray[np.bool_] = np.logical_not((bend & within).any(axis=1))
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
        """Return the longest timers within a promise, by configuration and application; below zero: too slow.

        Parameters
        ----------
        group
            Positions of applications, n.
        promise
            Share of the targets that is kept, above 0.
        which
            Rows of the menu, m.

        Returns
        -------
        Seconds, m x n.
        """
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

    def law(self, group: tuple[int, ...], which: NDArray[np.intp], timers: Array) -> Array:
        """Return the probability of 1, 2, .. requests in a batch, by configuration.

        Parameters
        ----------
        group
            Positions of applications, rising.
        which, timers
            Configurations, and the timers of each.
        """
        size = self.batch[which]
        most = int(size.max())
        if self.problem.arrivals == "smooth":
            return np.where(np.arange(1, most + 1)[None, :] == size[:, None], 1.0, 0.0)
        above = shares_above(self.rates[list(group)], timers, most)
        above[np.arange(most)[None, :] >= size[:, None]] = 0.0
        law: Array = above - np.concatenate([above[:, 1:], np.zeros((len(above), 1))], axis=1)
        return law

    def valued(self, which: NDArray[np.intp], law: Array) -> tuple[Array, Array]:
        """Return the cost of a request, and the time of calls for it, by configuration.

        Parameters
        ----------
        which, law
            Configurations, and the probabilities of 1, 2, .. requests in their batches.
        """
        most = law.shape[1]
        mean = law @ np.arange(1, most + 1)
        cost, time = ((by[which, :most] * law).sum(axis=1) / mean for by in (self.cost, self.time))
        return cost, time

    def undominated(self, group: tuple[int, ...], promise: float) -> list[GroupConfiguration]:
        """Return the configurations within a promise that none beats in both cost and calls at once.

        Parameters
        ----------
        group, promise
            As `fitting` takes them.
        """
        every, timers, _ = self.fitting(group, promise, self.every)
        if not len(every):
            return []
        cost, time = self.valued(every, self.law(group, every, timers))
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
    ) -> GroupConfiguration:
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
        return GroupConfiguration(Group(group, f, s, b, waits), float(cost), calls, promise, float(cost))


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
