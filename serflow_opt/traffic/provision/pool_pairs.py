"""What no deployment costs less than that has two pools in some block, at whatever cut and thresholds.

Blocks with one pool or two, each with its numbers of machines, and lines below what they cost (`priced_machines.py`),
are put together wherever that may be cheaper than the best known. Each whole is bounded over all thresholds like those
with one pool a block (`by_count.py`). Those that are left are looked at once more with no more work for machines alone
than waits for them allow (`pair_waits.py`).
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from serflow_opt.ground.deadline import NEVER, Deadline, OutOfTime
from serflow_opt.ground.tolerances import EQUAL
from serflow_opt.traffic.provision.by_count import LINES, PRICES, PricedRow, PricedSize, bounds_of
from serflow_opt.traffic.provision.pair_waits import PairWaits, largest_ratio, ways_through
from serflow_opt.traffic.provision.pools import joined
from serflow_opt.traffic.provision.priced_machines import PricedMachines
from serflow_opt.traffic.provision.pricing import Pricing
from serflow_opt.traffic.provision.structures import BlockChoice, Structure

if TYPE_CHECKING:
    from serflow_opt.ground.arrays import Floats

MOST_OFFERS, MOST_ROWS = 200_000, 20_000
"""Ways to run blocks, and ways to put them together, that are looked at: beyond, nothing is told."""
STEP = 20_000 // LINES
"""Rows that are bounded at once."""


@dataclass(frozen=True, slots=True)
class SizedBlock:
    """What may run a block with how many machines, and lines below what it costs by the work of its first machines.

    Attributes
    ----------
    least
        What it costs at least, USD per second.
    choice, counts
        What runs it, the share left open, and machines by pool.
    size
        None: a function alone.
    """

    least: float
    choice: BlockChoice
    counts: tuple[int, ...]
    size: PricedSize | None


Row = tuple[SizedBlock, ...]
"""Blocks of a whole network."""


class PoolPairs:
    """Deployments in which some block has two pools.

    Parameters
    ----------
    pricing
        What blocks cost with one.
    best
        USD per second: what costs as much is of no interest; finite.
    waits_beside
        Whether requests may wait beside a function.
    """

    def __init__(self, pricing: Pricing, best: float, *, waits_beside: bool) -> None:
        self.pricing, self.structures, self.best, self.waits_beside = pricing, pricing.structures, best, waits_beside
        self.stages = len(pricing.instance.stages)

    def bound(self, deadline: Deadline = NEVER) -> float:
        """Return what none costs less than, at most `best`, USD per second; 0 where there is too much to look at.

        Parameters
        ----------
        deadline
            When to stop.
        """
        self.pricing.deadline = deadline
        try:
            offers = self._offers()
            rows = None if offers is None else self._rows(offers)
            return 0.0 if rows is None else self._least(rows)
        except OutOfTime:
            return 0.0
        finally:
            self.pricing.deadline = NEVER

    def _least(self, rows: Sequence[Row]) -> float:
        """Return the least of what rows of blocks cost, or `best`."""
        known: dict[tuple[BlockChoice, ...], Structure | None] = {}
        placed = []
        for row in rows:
            choices = tuple(own.choice for own in row)
            if choices not in known:
                self.pricing.deadline.check()
                structure = joined(self.structures, choices)
                known[choices] = structure if structure and in_time(self.pricing, structure) else None
            structure = known[choices]
            if structure is not None:
                placed.append((structure, row))
        bounds, waits = self._bounds(placed), PairWaits(self.pricing)
        worked, left = list[list[float | None]](), list[tuple[Structure, Row]]()
        for (structure, row), bound in zip(placed, bounds.tolist(), strict=True):
            if bound < self.best:
                self.pricing.deadline.check()
                works = [waits.most_work(structure, b, own.counts) for b, own in enumerate(row)]
                if all(work is None or work > 0 for work in works):
                    left.append((structure, row))
                    worked.append(works)
        return min(float(self._bounds(left, worked).min(initial=math.inf)) * (1 - EQUAL), self.best)

    def _bounds(
        self, placed: Sequence[tuple[Structure, Row]], works: Sequence[Sequence[float | None]] | None = None
    ) -> Floats:
        """Bound rows of blocks; `works` are the most seconds of work by block, None: as much as machines can do."""
        known = works or [[None] * len(row) for _, row in placed]
        rows = [self._priced(*own, most) for own, most in zip(placed, known, strict=True)]
        some = [bounds_of(self.pricing, rows[begin : begin + STEP]) for begin in range(0, len(rows), STEP)]
        apart = [math.fsum(own.least for own in row) for _, row in placed]
        bounds: Floats = np.maximum(np.concatenate([np.zeros(0), *some]), apart)
        return bounds

    def _priced(self, structure: Structure, row: Row, works: Sequence[float | None]) -> PricedRow:
        """Put a row together; `works` are the most that machines of a block may have to do, None: not known."""
        pricing, weight = self.pricing, np.zeros(self.pricing.data.last)
        machines, sizes = list[BlockChoice](), list[PricedSize]()
        for choice, own, work in zip(structure, row, works, strict=True):
            size = own.size
            weight += pricing.weights(choice) if size is None else pricing.handing(choice)
            if size is not None and work is not None:
                pools = (choice.machine, choice.second)
                rents = math.fsum(
                    count * self.structures.option(p or 0).rent_per_s
                    for p, count in zip(pools, own.counts, strict=False)
                )
                slopes = PRICES * self.best / work
                size = PricedSize(rents, slopes, rents - slopes * work)
            if size is not None:
                machines.append(own.choice)
                sizes.append(size)
        return PricedRow(0, 0.0, weight, machines, tuple(sizes))

    def _offers(self) -> dict[tuple[int, int], list[SizedBlock]] | None:
        """Return what may run each block, cheapest first; None: too much."""
        found, count = dict[tuple[int, int], list[SizedBlock]](), 0
        blocks = self.structures.most
        for first, last in itertools.combinations(range(self.stages + 1), 2):
            if (blocks == 1 and last - first < self.stages) or (blocks == 2 and first and last < self.stages):
                continue
            own = list[SizedBlock]()
            for function in (None, *self.structures.functions(first, last - 1)):
                self.pricing.deadline.check()
                if function is not None:
                    alone = BlockChoice(first, last - 1, None, function)
                    own.append(SizedBlock(self.pricing.least(alone), alone, (), None))
                machines = self._machines(first, last - 1, function)
                count += sum(map(len, machines)) + sum(len(a) * len(b) for a, b in itertools.combinations(machines, 2))
                if count > MOST_OFFERS:
                    return None
                for a, one in enumerate(machines):
                    own += self._sized(one, machines[a + 1 :])
            found[first, last] = sorted((own for own in own if own.least < self.best), key=lambda own: own.least)
        return found

    def _machines(self, first: int, last: int, function: int | None) -> list[PricedMachines]:
        found = list[PricedMachines]()
        for p in self.structures.pools(first, last):
            choice = BlockChoice(first, last, p, function)
            if math.isfinite(self.pricing.least_work(choice)) and self.pricing.most_work(choice) > 0:
                rent = self.pricing.rent(choice)
                most = self.best / rent if rent > 0 else math.inf
                limit = self.structures.instance.tiers[self.structures.option(p).tier].scaling.machines_max
                most = min(most, math.inf if limit is None else limit, MOST_OFFERS)
                waits = self.waits_beside and self.pricing.promise.queued(choice)
                found.append(PricedMachines.of(self.pricing, choice, int(most), waits=waits))
        return found

    def _sized(self, one: PricedMachines, others: Sequence[PricedMachines]) -> Iterator[SizedBlock]:
        """Yield numbers of machines of a type by itself, and beside each of others."""
        work = self.pricing.least_work(one.choice)
        for other in (None, *others):
            choice = one.choice if other is None else replace(one.choice, second=other.choice.machine, share=0.5)
            ratio = 0.0 if other is None else largest_ratio(self.pricing, one.choice, other.choice)
            rents, slopes, starts = one.lines(other, ratio, self.best)
            least = np.maximum((starts + slopes * work).max(axis=-1), rents)
            for at in np.argwhere(least < self.best).tolist():
                own, line = float(least[*at]), slopes[*at] if slopes.ndim > 1 else slopes
                counts = tuple(n + 1 for n in at[: 1 if other is None else 2])
                yield SizedBlock(own, choice, counts, PricedSize(own, line, starts[*at]))

    def _rows(self, offers: dict[tuple[int, int], list[SizedBlock]]) -> list[Row] | None:
        """Return what whole networks may be run by, with two pools somewhere; None: too much."""
        most, rows = self.structures.most, list[Row]()
        least = np.full((most + 1, self.stages + 1, 2), math.inf)  # behind a cut: of any, and of those with two pools
        least[:, self.stages, 0] = 0.0
        for blocks in range(1, most + 1):
            for (first, last), own in offers.items():
                for pair in (0, 1):
                    here = next((o.least for o in own if len(o.counts) > pair or not pair), math.inf)
                    any_, two = least[blocks - 1, last]
                    least[blocks, first, pair] = min(least[blocks, first, pair], here + any_)
                    if pair and own:
                        least[blocks, first, 1] = min(least[blocks, first, 1], own[0].least + two)

        def grow(row: Row, cost: float, pair: bool) -> bool:
            cut, blocks = (row[-1].choice.last + 1 if row else 0), most - len(row)
            if cut == self.stages:
                rows.append(row)
                return len(rows) <= MOST_ROWS
            for last in range(cut + 1, self.stages + 1):
                any_, two = least[blocks - 1, last]
                for own in offers.get((cut, last), ()):
                    if cost + own.least + any_ >= self.best:
                        break
                    paired = pair or len(own.counts) > 1
                    whole = cost + own.least + (any_ if paired else two)
                    if whole < self.best and not grow((*row, own), cost + own.least, paired):
                        return False
            return True

        return rows if grow((), 0.0, False) else None


def in_time(pricing: Pricing, structure: Structure) -> bool:
    """Whether some thresholds may keep the latency limit; in the worst case all pools have to be quick enough."""
    ways = (pricing.promise.late(way, pricing.least_reach) is not None for way in ways_through(pricing, structure))
    return all(ways) if pricing.promise.measure == "worst" else any(ways)
