"""The cheapest pools of machines where each block may have two, at given cuts and thresholds.

What blocks cost with machines filled to the cap, whatever anybody waits, adds up: the ways to give each block its pools
are looked at in the order of that sum, each valued exactly with its hand-overs, until no other can be cheaper.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from heapq import heappop, heappush

from serflow_opt.ground.deadline import NEVER, Deadline, OutOfTime
from serflow_opt.ground.tolerances import EQUAL, TOLERANCE
from serflow_opt.problem.instance import Instance
from serflow_opt.traffic.provision.candidates import Candidates
from serflow_opt.traffic.provision.counts import StructureSizes
from serflow_opt.traffic.provision.lateness import Ending, Lateness
from serflow_opt.traffic.provision.pool_pairs import PoolPairs, in_time
from serflow_opt.traffic.provision.pools import Apart, Strands, joined, pools_of
from serflow_opt.traffic.provision.question import ProvisionQuestion, SizedStructure
from serflow_opt.traffic.provision.search import ProvisionSearch
from serflow_opt.traffic.provision.service_of import machine_of, service_of
from serflow_opt.traffic.provision.structures import BlockChoice, Structure
from serflow_opt.traffic.provision.waits import Wait
from serflow_opt.traffic.service import Service

STEPS = 40
"""Shares of a pool are multiples of one part in so many, or fill machines to the cap."""
LEAST = 1e-3
"""Share that is worth a pool."""
MOST_LOOKED = 20_000
"""Ways that are looked at, at most: the rest is bounded."""


@dataclass(frozen=True, slots=True)
class TwoPoolOutcome:
    """What came of it.

    Attributes
    ----------
    found
        The cheapest deployment where it is below the best known; None: none is.
    bound
        No way to share costs less, USD per second.
    winner
        Position of the search that has the network.
    best
        The least cost known, USD per second.
    anywhere
        No deployment costs less, at whatever cut, thresholds and shares, USD per second.
    """

    found: SizedStructure | None
    bound: float
    winner: int
    best: float
    anywhere: float = 0.0


def shared(
    question: ProvisionQuestion, searches: Sequence[ProvisionSearch], gap: float, deadline: Deadline
) -> TwoPoolOutcome | None:
    """Look for two pools a block, at the cut and thresholds of the best with one; None where there are none to go by.

    Where machines are limited in number, those of the best without that limit are tried, too.

    Parameters
    ----------
    question
        What is asked.
    searches
        With one pool a block, of the network as it is and cut short.
    gap, deadline
        As of `provision`.
    """
    best = min((own.best for own in searches if own.found is not None), default=math.inf)
    tried: list[tuple[int, SizedStructure]] = []
    for n, own in enumerate(searches):
        if own.found is not None:
            tried = [(n, own.found)]
    tried += _unlimited(question, searches, gap, deadline)
    results = list[TwoPoolOutcome]()
    for n, found in dict.fromkeys((n, replace(found, sizes=())) for n, found in tried):
        way = _Ways(searches[n], found, gap, deadline)
        cheaper, bound = way.run(best)
        best = way.best
        results.append(TwoPoolOutcome(cheaper, bound, n, best))
    if not results:
        return None
    last = next((own for own in reversed(results) if own.found is not None), results[0])
    bound = min(own.bound for own in results) if last.found is None else last.bound
    anywhere = min(_anywhere(own, best, deadline) for own in searches)
    return replace(last, bound=max(bound, anywhere), anywhere=anywhere)


def _anywhere(search: ProvisionSearch, best: float, deadline: Deadline) -> float:
    """Return what no deployment of a network costs less than, at any cut and thresholds, with two pools or one."""
    fluid = Candidates(search.pricing, search.cutting).fluid
    if not math.isfinite(best):
        return fluid
    pairs = PoolPairs(search.pricing, best, waits_beside=not search.without_waits)
    return max(min(fluid, best), min(pairs.bound(deadline), search.bound))


def _unlimited(
    question: ProvisionQuestion, searches: Sequence[ProvisionSearch], gap: float, deadline: Deadline
) -> Iterator[tuple[int, SizedStructure]]:
    """Yield the best with one pool a block if there could be any number of machines, where some are limited."""
    limited = {t for t, tier in enumerate(question.instance.tiers) if tier.scaling.machines_max is not None}
    if not any(option.tier in limited for option in question.instance.options):
        return
    best, winner = math.inf, None
    for n, own in enumerate(searches):
        search = ProvisionSearch(replace(question, instance=_boundless(own.instance)), gap, deadline, best=best)
        search.run()
        if search.found is not None:
            best, winner = search.best, (n, search.found)
    if winner is not None:
        yield winner


def _boundless(instance: Instance) -> Instance:
    tiers = (replace(tier, scaling=replace(tier.scaling, machines_max=None)) for tier in instance.tiers)
    return replace(instance, tiers=tuple(tiers))


class _Ways:
    """The ways to give blocks their pools, at one cut and its thresholds."""

    def __init__(self, search: ProvisionSearch, found: SizedStructure, gap: float, deadline: Deadline) -> None:
        self.search, self.levels, self.gap, self.deadline = search, found.levels, gap, deadline
        self.pricing, self.structures = search.pricing, search.structures
        self.cut = [(choice.first, choice.last) for choice in found.structure]
        self.best = math.inf

    def run(self, best: float) -> tuple[SizedStructure | None, float]:
        """Return the cheapest deployment below a cost, and a bound of all that are.

        Parameters
        ----------
        best
            USD per second.
        """
        self.best = best
        found: SizedStructure | None = None
        bound, self.pricing.deadline = 0.0, self.deadline
        try:
            for looked, (usd, blocks) in enumerate(self._rising()):
                bound = min(usd * (1 - EQUAL), self.best)
                if bound >= self.best * (1 - self.gap) or looked >= MOST_LOOKED:
                    return found, bound
                self.deadline.check()
                found = self._valued(blocks) or found
        except OutOfTime:
            return found, bound
        finally:
            self.pricing.deadline = NEVER
        return found, self.best

    def _rising(self) -> Iterator[tuple[float, Structure]]:
        """Yield ways to run the blocks in the order of what they cost at least, USD per second."""
        offers = [_Offers(self.search, self.cut, b, self.levels) for b in range(len(self.cut))]
        for own in offers:
            own.sharpen(self.best - math.fsum(other.least for other in offers if other is not own))
        if not all(own.usd for own in offers):
            return
        open_ = [(math.fsum(own.least for own in offers), (0,) * len(offers))]
        while open_:
            usd, at = heappop(open_)
            yield usd, tuple(own.choices[n] for own, n in zip(offers, at, strict=True))
            for b in range(len(at)):  # each way once: from the one that is behind in its last place off the first
                if at[b] + 1 < len(offers[b].usd):
                    more = (*at[:b], at[b] + 1, *at[b + 1 :])
                    heappush(open_, (math.fsum(own.usd[n] for own, n in zip(offers, more, strict=True)), more))
                if at[b]:
                    break

    def _valued(self, blocks: Structure) -> SizedStructure | None:
        """Return the cheapest machines of a way where it is cheaper than the best, which it is then."""
        structure = joined(self.structures, blocks)
        if structure is None or not in_time(self.pricing, structure):
            return None
        service = service_of(self.structures, structure, self.levels)
        pools = pools_of(self.structures, structure)
        links = math.fsum(
            self.pricing.demand.mean * service.reach(b) * own.hop_usd for b, own in enumerate(service.blocks)
        )
        single = tuple(pool.choice for pool in pools)
        strands = Strands(self.search.promise, structure, service)
        counts = StructureSizes(self.pricing, single, Apart.of(service, pools), strands.taken)
        sizes = counts.best(self.best * (1 - TOLERANCE) - links)
        if sizes is None or any(pool.share < 1 and not size.count for pool, size in zip(pools, sizes, strict=True)):
            return None
        found = SizedStructure(structure, self.levels, sizes)
        cost = self._usd(found)
        if not cost < self.best * (1 - TOLERANCE):
            return None
        self.best = cost
        return self._evened(found)

    def _usd(self, found: SizedStructure) -> float:
        service = service_of(self.structures, found.structure, self.levels)
        return math.fsum(part.usd_per_s for part in self.search.parts(found.structure, service, found.sizes))

    def _evened(self, found: SizedStructure) -> SizedStructure:
        """Return the same machines with the shares, among those that cost no more, at which the least wait too long."""
        for b, choice in enumerate(found.structure):
            if choice.second is None:
                continue
            those = [found]
            for n in range(1, STEPS):
                changed = replace(choice, share=n / STEPS)
                other = replace(found, structure=(*found.structure[:b], changed, *found.structure[b + 1 :]))
                if self._usd(other) <= self.best * (1 + EQUAL):
                    those.append(other)
            found = min(those, key=self._strain)
        return found

    def _strain(self, found: SizedStructure) -> tuple[float, float]:
        """What a deployment takes of the latency limit, and how long requests wait; inf: a pool gets too much."""
        service = service_of(self.structures, found.structure, self.levels)
        pools, promise = pools_of(self.structures, found.structure), self.search.promise
        apart = Apart.of(service, pools)
        counts = StructureSizes(self.pricing, tuple(pool.choice for pool in pools), apart, lambda waits: 0.0)
        full = any(
            pool.choice.machine is not None
            and pool.choice.function is None
            and size.count < (counts.enough(n) or math.inf)
            for n, (pool, size) in enumerate(zip(pools, found.sizes, strict=True))
        )
        if full:
            return math.inf, math.inf
        strands, sizes = Strands(promise, found.structure, service), enumerate(found.sizes)
        waits = [promise.wait(apart, n, size.count, size.room, called=strands.called) for n, size in sizes]
        return strands.taken(waits), promise.waiting_s(apart, waits)


def _shares(first: Sequence[float], second: Sequence[float]) -> list[float]:
    """Return the shares of the first of two pools that are tried: in equal steps, and where either is full."""
    full = [*first, *(1 - share for share in second)]
    return sorted({n / STEPS for n in range(1, STEPS)} | {share for share in full if LEAST < share < 1 - LEAST})


class _Offers:
    """What may run a block, and what it costs at least, USD per second, cheapest first.

    Parameters
    ----------
    search
        With one pool a block.
    cut
        Positions of the first and the last stage of each block.
    b
        Position of the block.
    levels
        Thresholds.
    """

    def __init__(self, search: ProvisionSearch, cut: Sequence[tuple[int, int]], b: int, levels: Sequence[int]) -> None:
        self.pricing, structures = search.pricing, search.structures
        first, last = cut[b]
        functions, machines = structures.functions(first, last), structures.pools(first, last)
        bare = [BlockChoice(first, last, p, f) for f in (None, *functions) for p in machines]
        plain = service_of(structures, tuple(BlockChoice(*own, None, None) for own in cut), levels)
        fills = {p: self._fills(plain, b, BlockChoice(first, last, p, None)) for p in machines}
        pairs = [
            ((one, share), (other, 1 - share))
            for one, other in itertools.combinations(bare, 2)
            if one.function == other.function
            for share in _shares(fills[one.machine or 0], fills[other.machine or 0])
        ]
        single = [((choice, 1.0),) for choice in (*bare, *(BlockChoice(first, last, None, f) for f in functions))]
        self._pools = list(dict.fromkeys(pool for own in (*single, *pairs) for pool in own))
        at = {own: n for n, own in enumerate(self._pools)}
        choices = tuple(choice for choice, _ in self._pools)
        self._apart = Apart(
            plain.name,
            service_of(structures, choices, levels).blocks,
            plain.shares,
            plain.accuracies,
            whole=plain,
            pools=tuple((b, share) for _, share in self._pools),
        )
        late = {choice: self._lateness(choice) for choice in bare} if search.promise.limited else {}
        self._late = [late.get(choice) for choice in choices]
        self._counts = StructureSizes(self.pricing, choices, self._apart, self._taken)
        self._sharp: dict[int, float] = {}
        rough = [self._roughly(n) for n in range(len(self._pools))]
        ways = [tuple(at[pool] for pool in own) for own in (*single, *pairs)]
        self._sort([(math.fsum(rough[n] for n in way), way) for way in ways])

    def _fills(self, service: Service, b: int, choice: BlockChoice) -> list[float]:
        """Return the shares at which 1, 2, .. machines are full, but for what they hand over."""
        machine, pricing = machine_of(self.pricing.structures, choice), self.pricing
        load = pricing.demand.peak * service.reach(b) * service.busy_s(b, machine)
        takes = pricing.carrying.cap * machine.workers
        if not load > 0:
            return []
        counts = range(1, min(machine.machines_max or STEPS, math.ceil(load / takes) - 1) + 1)
        return [count * takes / load for count in {*counts[:STEPS], *counts[-1:]}]

    @property
    def least(self) -> float:
        """Of all."""
        return self.usd[0] if self.usd else math.inf

    def _sort(self, offers: list[tuple[float, tuple[int, ...]]]) -> None:
        self._offers = sorted(own for own in offers if math.isfinite(own[0]))
        self.usd = [usd for usd, _ in self._offers]
        self.choices = [self._choice(own) for _, own in self._offers]

    def _choice(self, pools: tuple[int, ...]) -> BlockChoice:
        choice, share = self._pools[pools[0]]
        return choice if len(pools) == 1 else replace(choice, second=self._pools[pools[1]][0].machine, share=share)

    def _roughly(self, n: int) -> float:
        """What a pool costs at least if nobody waited."""
        if self._pools[n][0].machine is not None:
            return self._counts.least_usd(n)
        return self.pricing.demand.mean * self._apart.reach(n) * self._counts.call_usd(n)

    def sharpen(self, below: float) -> None:
        """Raise the costs of offers below a cost to those of machines that are in time, if all else is quick."""
        offers = []
        for usd, pools in self._offers:
            if usd < below:
                for n in pools:
                    if n not in self._sharp:
                        machines = self._pools[n][0].machine is not None
                        self._sharp[n] = self._counts.alone_usd(n) if machines else self._roughly(n)
                usd = max(usd, math.fsum(self._sharp[n] for n in pools))
            offers.append((usd, pools))
        self._sort(offers)

    def _taken(self, waits: Sequence[Wait | None]) -> float:
        """What the waits of one pool take of the limit, at least."""
        n = next((n for n, wait in enumerate(waits) if wait is not None), None)
        wait = None if n is None else waits[n]
        if n is None or wait is None:
            return 0.0
        promise, late = self.pricing.promise, self._late[n]
        if late is None:
            return 0.0
        if promise.measure == "mean":
            return late.mean_s([wait], [self._apart.reach(n)])
        return self._pools[n][1] * late.late([wait])

    def _lateness(self, choice: BlockChoice) -> Lateness:
        """Return who is late behind a pool if all other stages run on the fastest options, with no hand-overs."""
        promise, fastest = self.pricing.promise, self.pricing.fastest_s
        start = math.fsum(fastest[: choice.first])
        done = [*itertools.accumulate(fastest[: choice.first])]
        done += [start + t for t in promise.least_pace_s(choice)]
        done += [done[-1] + t for t in itertools.accumulate(fastest[choice.last + 1 :])]
        mean = promise.measure == "mean"
        endings = [
            Ending(0, share, seconds)
            for s, (share, seconds) in enumerate(zip(self._apart.shares, done, strict=False))
            if mean or s >= choice.first
        ]
        if promise.varies and not mean:  # times that vary may be shorter than they are on average
            endings = [replace(own, seconds=0.0) for own in endings]
        return Lateness(promise.queues, endings, None if mean else promise.instance.latency_slo_s)
