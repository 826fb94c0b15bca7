"""The structures that may keep the targets and cost less than the best deployment known, listed without the others.

Of what structures cost and how long they take there are bounds that add up along the blocks, so that `listing.py` can
leave out what cannot be completed:

* USD: what stages cost per request at least (`Pricing.weights`), over all thresholds that keep the accuracy floor; and
  the sum of what each block costs at least by itself (`Pricing.least`), which knows that machines are whole.
* seconds: of the whole path for the worst case; for a percentile as far as more requests get than may be late; for the
  mean of all over all thresholds. Nobody waits, and cold starts count where all meet them: that is no more than it is.

Targets hold to the tolerances of `Promise.late`, which has the last word on each structure. All that is listed or asked
for raises OutOfTime at the deadline of the pricing.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from functools import cached_property

import numpy as np

from serflow_opt.ground.arrays import Floats
from serflow_opt.ground.tolerances import EQUAL, ROUNDING, TOLERANCE
from serflow_opt.traffic.provision.completions import Reached, Sum, Weights
from serflow_opt.traffic.provision.cutting import Cutting
from serflow_opt.traffic.provision.hops import Hop
from serflow_opt.traffic.provision.listing import ListingLimit, StructureListing
from serflow_opt.traffic.provision.pricing import Pricing
from serflow_opt.traffic.provision.structures import BlockChoice, Structure

BANDS = 8
"""Bands of cost in which structures are listed where no deployment is known: each reaches four times as far."""

LARGEST = 1e300
"""Stands for any cost."""
FEW = 300
"""So many structures are listed one by one, which takes less time than a recursion."""


class Candidates:
    """Structures that may keep the targets.

    Parameters
    ----------
    pricing
        What blocks cost.
    cutting
        Cuts of the instance.
    most
        Blocks, at most; None: as many as cuts are of.

    Attributes
    ----------
    count
        How many structures there are, of any number of blocks; 0 where no thresholds keep the accuracy floor.
    """

    def __init__(self, pricing: Pricing, cutting: Cutting, most: int | None = None) -> None:
        self.pricing, self.cutting, self.most = pricing, cutting, most or cutting.structures.most
        self.structures, self.instance = pricing.structures, pricing.instance
        self.count = cutting.count() if math.isfinite(pricing.least_reach(1)) else 0  # else nothing keeps the floor

    @cached_property
    def _cost(self) -> Reached:
        return self._reached(self.pricing.weights, lambda hop: self.pricing.demand.mean * hop.usd)

    @property
    def root(self) -> float:
        """No structure costs less, USD per second; infinite where there is none."""
        if self.count <= FEW:
            return 0.0 if self.count else math.inf
        return self.fluid

    @property
    def fluid(self) -> float:
        """No deployment costs less, USD per second, however many pools a block has: infinite where there is none.

        As if machines could be rented in parts and kept busy up to the cap: then two pools are no cheaper than the
        cheaper of them, since hand-overs take the slowest and dearest way.
        """
        return self._cost.root * (1 - EQUAL) if self.count else math.inf

    def below(self, best: Callable[[], float]) -> Iterator[Structure]:
        """Yield the structures that may cost less than the best known, in no order.

        Parameters
        ----------
        best
            Returns USD per second, which may fall meanwhile; inf: any that can take the load.
        """
        if self.count <= FEW:
            for structure in self.anyhow():
                if math.fsum(map(self.pricing.roughly, structure)) < best():
                    yield structure
            return

        def within() -> float:
            return min(best(), LARGEST)

        self.pricing.prepare(self.cutting.choices())
        limits = [ListingLimit(self._cost, within), *self._latency]
        rough = ListingLimit(self._summed(self.pricing.roughly), within)
        usable = self._listed([*limits, rough]).blocks()
        least = ListingLimit(
            self._summed(lambda choice: self.pricing.least(choice) if choice in usable else math.inf), within
        )
        for _, structure in self._listed([*limits, least]):
            yield structure

    def anyhow(self) -> Iterator[Structure]:
        """Yield all structures, in no order."""
        for _, structure in self._listed(self._latency if self.count > FEW else []) if self.count else ():
            yield structure

    def rising(self) -> Iterator[Structure]:
        """Yield all structures, band by band of what they cost at least; a few in no order."""
        if self.count <= FEW:
            yield from self.anyhow()
            return
        done, width = -math.inf, max(self._cost.highest - self._cost.root, 0.0)
        for band in range(BANDS, -1, -1):
            most = self._cost.root + width / 4**band if band else LARGEST
            for cost, structure in self._listed([_fixed(self._cost, most), *self._latency]):
                if cost > done:
                    yield structure
            done = most

    def _listed(self, limits: list[ListingLimit]) -> StructureListing:
        return StructureListing(self.cutting, self.most, limits, self.pricing.deadline)

    def _summed(self, block: Callable[[BlockChoice], float]) -> Sum:
        return Sum(self.cutting, self.most, block, lambda cut, hop: 0.0)

    def _reached(self, block: Callable[[BlockChoice], Floats], hop: Callable[[Hop], float]) -> Reached:
        weights = Weights(self.cutting, self.pricing.exits, block, hop)
        return Reached(weights, self.instance.accuracy_min, self.most, self.pricing.deadline)

    @cached_property
    def _latency(self) -> list[ListingLimit]:
        bound = self.instance.latency_slo_s
        if bound is None or self.structures.varies:  # times that vary have no longest
            return []
        most = bound * (1 + TOLERANCE)
        if self.instance.latency_measure == "mean":
            return [_fixed(self._reached(self._per_stage, lambda hop: hop.seconds), most)]
        far = self._far()
        path = Sum(
            self.cutting,
            self.most,
            lambda choice: self._seconds(choice, far),
            lambda cut, hop: hop.seconds if cut < far else 0.0,
        )
        return [_fixed(path, most)]

    def _far(self) -> int:
        """How many stages must be done in time: those that more requests reach than may be late, whatever is chosen."""
        stages = self.pricing.data.stages
        if self.instance.quantile is None:
            return len(stages)
        late = self.pricing.promise.room * (1 + TOLERANCE) + ROUNDING
        return sum(self.pricing.least_reach(s) > late for s in stages)

    def _seconds(self, choice: BlockChoice, far: int) -> float:
        """Seconds of a block up to the stage at a position, on the slower of its pools; on machines if these may do."""
        ends = self.structures.pace_s(choice, self.structures.counted_cold_s(choice.function))
        promise = self.pricing.promise
        if self.instance.quantile is not None and promise.apart and promise.queued(choice):
            ends = self.structures.on_machines_s(choice)
        count = min(choice.last + 1, far) - choice.first
        return ends[count - 1] if count > 0 else 0.0

    def _per_stage(self, choice: BlockChoice) -> Floats:
        """Seconds of each stage in a block, on the slower of its pools."""
        seconds = np.zeros(self.cutting.last)
        ends = self.structures.pace_s(choice, self.structures.counted_cold_s(choice.function))
        seconds[choice.first : choice.last + 1] = np.diff(ends, prepend=0.0)
        return seconds


def _fixed(measure: Sum | Reached, most: float) -> ListingLimit:
    return ListingLimit(measure, lambda: most)
