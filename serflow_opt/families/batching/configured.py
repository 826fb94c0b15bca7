"""The cheapest configuration of a group, and a bound that holds for shorter timers, too.

Shorter timers make a batch smaller, request by request: N <= M, M the batch of the longest timers. Let p be a price of
a request. Then c(N) - p N is at least the least c(n) - p n with n up to M; so where

    E[min_{n <= M} (c(n) - p n)] >= 0

no timers, nor any rule that ends batches early, make a request cheaper than p. It holds at p = E[c(M)] / E[M], the cost
with the longest timers, wherever no further request of a batch costs more than p. Where it does not hold, the largest
price for which it does is a bound (Dinkelbach's iteration).
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from serflow_opt.families.batching.menu import Array, BatchingMenu, GroupConfiguration
from serflow_opt.ground.tolerances import EQUAL, ROUNDING

AT_ONCE = 32
"""Configurations that are looked at together."""
ITERATIONS = 50
"""Of Dinkelbach at most: each lowers the price, the last is the bound."""


def cheapest_of(menu: BatchingMenu, group: tuple[int, ...], promise: float) -> GroupConfiguration | None:
    """Return the cheapest configuration within a promise; None: none keeps it.

    Parameters
    ----------
    menu
        All configurations.
    group
        Positions of applications, rising.
    promise
        The largest share of its target that an application may be promised: smaller ones are looked at only where
        they could be cheaper.
    """
    members, smooth = list(group), menu.problem.arrivals == "smooth"
    rates, targets = menu.rates[members], promise * menu.targets[members]
    every = menu.every[menu.longest <= targets[0] * (1 + ROUNDING)]
    come = rates @ targets - rates.sum() * menu.longest[every]  # at most: were only first requests' timers to end
    if smooth:
        every = every[menu.batch[every] - 1 <= come * (1 + EQUAL)]
        floors = menu.cost[every, menu.batch[every] - 1] / menu.batch[every]
    else:
        floors = menu.floor(every, np.minimum(1 + np.maximum(come, 0), menu.batch[every]))
    looked_at = _LookedAt(menu, group, promise)
    order = np.argsort(floors, kind="stable")
    for part in (order[:AT_ONCE], order[AT_ONCE:]):  # the first few tell what need not be looked at
        near = part[floors[part] <= looked_at.cost]
        if len(near):
            looked_at.add(every[near])
    best = looked_at.best
    if best is None:
        return None
    bound = looked_at.bound()
    if bound < best.cost * (1 - EQUAL):
        for less in menu.problem.promises:
            best = _less(menu, group, less, best) if less < promise else best
    return replace(best, bound=min(bound, best.cost))


def _less(menu: BatchingMenu, group: tuple[int, ...], promise: float, best: GroupConfiguration) -> GroupConfiguration:
    """Return the better of a choice and the cheapest of another promise."""
    every, timers, _ = menu.fitting(group, promise, menu.every)
    if not len(every):
        return best
    cost, time = menu.valued(every, menu.law(group, every, timers))
    k = int(np.argmin(cost))
    return menu.choice(group, every[k], timers[k], cost[k], time[k], promise) if cost[k] < best.cost else best


class _LookedAt:
    """The cheapest configuration of a group so far; those left out cost more with any timers."""

    def __init__(self, menu: BatchingMenu, group: tuple[int, ...], promise: float) -> None:
        self.menu, self.group, self.promise = menu, group, promise
        self.best: GroupConfiguration | None = None
        self.laws: list[tuple[NDArray[np.intp], Array]] = []

    @property
    def cost(self) -> float:
        """Of a request, USD; infinite: none yet."""
        return np.inf if self.best is None else self.best.cost

    def add(self, which: NDArray[np.intp]) -> None:
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
                break
            law = menu.law(self.group, some[rows], timers[rows])
            cost, time = menu.valued(some[rows], law)
            self.laws.append((some[rows], law))
            k = int(np.argmin(cost))
            if cost[k] < self.cost:
                self.best = menu.choice(self.group, some[rows[k]], timers[rows[k]], cost[k], time[k], self.promise)

    def bound(self) -> float:
        """Return what no timers within the promise, on whatever, are below."""
        if self.menu.problem.arrivals == "smooth":
            return self.cost
        return min((_bound(self.menu, which, law, self.cost) for which, law in self.laws), default=self.cost)


def _bound(menu: BatchingMenu, which: NDArray[np.intp], law: Array, price: float) -> float:
    """Return what a request costs at least on some configurations with any timers; at most the price given."""
    most = law.shape[1]
    cost, count = menu.cost[which, :most], np.arange(1, most + 1)
    for _ in range(ITERATIONS):
        net = cost - price * count
        least = np.minimum.accumulate(net, axis=1)
        short = (least * law).sum(axis=1)
        k = int(np.argmin(short))
        if short[k] >= -ROUNDING * price:
            return price
        steps = np.where(net[k] <= least[k], np.arange(most), 0)
        ends = np.maximum.accumulate(steps)  # where a batch that could grow to n is best ended
        price = float((cost[k, ends] * law[k]).sum() / (count[ends] * law[k]).sum())
    return 0.0
