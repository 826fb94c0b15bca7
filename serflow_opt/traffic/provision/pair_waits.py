"""How much work two pools of machines alone can take in a block, where waits for them are to keep the latency limit.

A pool that takes the share σ of a block's requests makes at least σ G late, with G of those who wait for its machines
at σ times the load (`relaxed.py`). Each may make all that the limit allows: so there is a largest share for each, which
falls with the work, and where the two do not come to 1 no thresholds that make as much work are in time.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from serflow_opt.ground.tolerances import EQUAL, SMALLEST, TOLERANCE
from serflow_opt.search.lagrangian import LinearCost, solve_dual
from serflow_opt.traffic.provision.limit_slack import LimitSlack
from serflow_opt.traffic.provision.pools import pools_of
from serflow_opt.traffic.provision.structures import BlockChoice, Structure

if TYPE_CHECKING:
    from serflow_opt.traffic.provision.pricing import Pricing
    from serflow_opt.traffic.provision.relaxed import LeastWaits

HALVINGS = 6
"""Of the range in which the most work of a block lies."""
SHARES = 10
"""Halvings of the range in which the most share of a pool lies."""
TRIED, FINER = 17, 3
"""Ratios that are tried between two, and times that they are tried in between."""


def ways_through(pricing: Pricing, structure: Structure) -> list[Structure]:
    """Return the ways through the pools of a structure, each as if it were one with one pool a block.

    Parameters
    ----------
    pricing
        Of the instance.
    structure
        What runs each block.
    """
    pools = pools_of(pricing.structures, structure)
    blocks = [[pool.choice for pool in pools if pool.block == b] for b in range(len(structure))]
    return list(itertools.product(*blocks))


def largest_ratio(pricing: Pricing, one: BlockChoice, other: BlockChoice) -> float:
    """Return most that machines work for a request over what others do, whatever thresholds; inf: beyond measure.

    It is between the ratios of what both take to the end of a stage, and so that t W_q - W_p is nowhere below 0.

    Parameters
    ----------
    pricing
        Of the instance.
    one, other
        The same stages on either type of machines.
    """
    ours, theirs = (np.array([*itertools.accumulate(pricing.machine_times(c).values())]) for c in (one, other))
    used = ours > 0
    with np.errstate(divide="ignore"):
        ratios = ours[used] / theirs[used]
    low, high = float(ratios.min(initial=math.inf)), float(ratios.max(initial=SMALLEST))
    if not high > low * (1 + TOLERANCE) or math.isinf(high):
        return high
    for _ in range(FINER):
        tried = np.linspace(low, high, TRIED)
        weight = (tried[:, None] * pricing.busy(other) - pricing.busy(one)) / ours[-1]
        least = solve_dual(pricing.exits, pricing.instance.accuracy_min, LinearCost(np.zeros(TRIED), weight)).bound
        enough = int(np.argmax(np.append(least[:-1] >= EQUAL, True)))
        low, high = float(tried[max(enough - 1, 0)]), float(tried[enough])
    return high


class PairWaits:
    """Waits for the machines of blocks with one pool or two.

    Parameters
    ----------
    pricing
        Of the instance.
    """

    def __init__(self, pricing: Pricing) -> None:
        self.pricing = pricing
        self._known: dict[tuple[object, ...], float] = {}

    def most_work(self, structure: Structure, b: int, counts: Sequence[int]) -> float | None:
        """Return the most seconds of work that a request of the service may make in a block, on its first machines.

        Parameters
        ----------
        structure
            What runs each block.
        b
            The block.
        counts
            Machines by pool.

        Returns
        -------
        0: even the least is too much; None: waits are no limit there.
        """
        choice, promise = structure[b], self.pricing.promise
        first = BlockChoice(choice.first, choice.last, choice.machine, None)
        if choice.machine is None or choice.function is not None or not (promise.limited and promise.queued(first)):
            return None
        pools = [first] if choice.second is None else [first, replace(first, machine=choice.second)]
        limits = [self._limit(structure, b, pool) for pool in pools]
        key = (*pools, *counts, *(where for _, where in limits))
        if key not in self._known:
            self._known[key] = self._most(pools, counts, [relaxed for relaxed, _ in limits])
        return self._known[key]

    def _limit(self, structure: Structure, b: int, pool: BlockChoice) -> tuple[LeastWaits | None, object]:
        """Return what a pool's waits take of the limit at least, on the quickest way through other blocks; a key."""
        pricing, promise = self.pricing, self.pricing.promise
        through = [way for way in ways_through(pricing, structure) if way[b].machine == pool.machine]
        if promise.measure == "mean":
            relaxed = pricing.waiting(pool, ())
            least = min(map(pricing.path_s, through))
            room = max(0.0, promise.room * (1 + TOLERANCE) - least)
            return (None if relaxed is None else replace(relaxed, room=room)), room
        each = [list(promise.waiting_ways(way, few=True)) for way in through]
        shares = tuple(share for share, _ in each[0])
        done = np.min([[own for _, own in ways] for ways in each], axis=0)[:, pool.first :]
        bound = (pricing.instance.latency_slo_s or math.inf) * (1 + TOLERANCE)
        relaxed = pricing.waiting(pool, shares)
        slack = LimitSlack(np.array(shares), bound - done)
        return (None if relaxed is None else replace(relaxed, slack=slack)), done.tobytes()

    def _most(self, pools: Sequence[BlockChoice], counts: Sequence[int], limits: Sequence[LeastWaits | None]) -> float:
        low, high = self.pricing.least_work(pools[0]), self.pricing.most_work(pools[0])
        ranges = [
            (1 / largest_ratio(self.pricing, pools[0], own), largest_ratio(self.pricing, own, pools[0]))
            for own in pools
        ]

        def takes(work: float) -> bool:
            """Whether the pools can take so much work, or more up to `high`."""
            return (
                math.fsum(
                    self._share(pool, count, relaxed, work * small, high * large)
                    for pool, count, relaxed, (small, large) in zip(pools, counts, limits, ranges, strict=True)
                )
                >= 1 - TOLERANCE
            )

        if takes(high):
            return high
        if not takes(low):
            return 0.0
        for _ in range(HALVINGS):
            middle = (low + high) / 2
            low, high = (middle, high) if takes(middle) else (low, middle)
        return high

    def _share(self, pool: BlockChoice, count: int, relaxed: LeastWaits | None, low: float, high: float) -> float:
        """Return the largest share of a block's requests that a pool may take, whose work is between two."""
        low, high = max(low, self.pricing.least_work(pool)), min(high, self.pricing.most_work(pool))
        full = self.pricing.takes(pool, count, None) / self.pricing.demand.peak * (1 + TOLERANCE)
        share = min(1.0, full / low) if low > 0 else 1.0
        if relaxed is None or self._kept(relaxed, share, count, low, high):
            return share
        least = 0.0
        for _ in range(SHARES):
            middle = (least + share) / 2
            least, share = (middle, share) if self._kept(relaxed, middle, count, low, high) else (least, middle)
        return share

    def _kept(self, relaxed: LeastWaits, share: float, count: int, low: float, high: float) -> bool:
        return replace(relaxed, share=share).taken(count, None, low, max(low, high)) <= relaxed.room
