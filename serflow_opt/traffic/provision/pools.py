"""Blocks with two pools of machines: each has a share of the block's requests, machines of one type, and a queue.

A request draws its pool when it enters a block, so that each pool of Poisson arrivals has Poisson arrivals, and what is
known of one pool holds for each. Who is late is a mixture over the ways through the pools (`Strands`).
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from serflow_opt.traffic.provision.hops import Hop, Tiers
from serflow_opt.traffic.provision.structures import BlockChoice, Structure, Structures
from serflow_opt.traffic.service import Machine, Service

if TYPE_CHECKING:
    from serflow_opt.traffic.provision.promise import Promise
    from serflow_opt.traffic.provision.waits import Wait


def apart(choice: BlockChoice) -> tuple[BlockChoice, ...]:
    """Return the pools of a block, each as if it were alone; one of two may hold its workers while they hand on."""
    if choice.second is None:
        return (choice,)
    first = replace(choice, second=None, share=1.0)
    return first, replace(first, machine=choice.second)


@dataclass(frozen=True, slots=True)
class BlockPool:
    """One pool of a block: the block's position, the pool's share of its requests, and what it would be alone."""

    block: int
    share: float
    choice: BlockChoice


def pools_of(structures: Structures, structure: Structure) -> tuple[BlockPool, ...]:
    """Return the pools of a structure, block by block.

    Parameters
    ----------
    structures
        Those of the instance.
    structure
        What runs each block.
    """
    found = []
    for b, choice in enumerate(structure):
        held = structure[b + 1].hop_s if b + 1 < len(structure) else 0.0
        for share, own in zip((choice.share, 1 - choice.share), apart(choice), strict=False):
            found.append(BlockPool(b, share, replace(own, sending_s=held if structures.holds(own) else 0.0)))
    return tuple(found)


def joined(structures: Structures, blocks: Sequence[BlockChoice]) -> Structure | None:
    """Put blocks behind each other, with the hand-overs between them; None where some cannot follow each other.

    Every pool hands over to every pool of the next block: the slowest and the dearest way count.
    """
    tiers = [[structures.tiers(own) for own in apart(choice)] for choice in blocks]
    machines = [[t for t, _ in own if t is not None] for own in tiers]
    used = [own for own in machines if own]
    if any(max(before) > min(after) for before, after in itertools.pairwise(used)):
        return None
    hops = [_slowest([structures.hops.into_first(own) for own in tiers[0]])]
    for before, after, choice in zip(tiers, tiers[1:], blocks[1:], strict=False):
        hops.append(_slowest(_between(structures, before, after, choice.first)))
    if any(hop is None for hop in hops):
        return None
    known = [hop for hop in hops if hop is not None]
    held = [*(hop.seconds for hop in known[1:]), 0.0]
    return tuple(structures.placed(*own) for own in zip(blocks, known, held, strict=True))


def _between(structures: Structures, before: Sequence[Tiers], after: Sequence[Tiers], stage: int) -> list[Hop | None]:
    return [structures.hops.between(i, j, stage) for i in before for j in after]


def _slowest(hops: Sequence[Hop | None]) -> Hop | None:
    known = [hop for hop in hops if hop is not None]
    if len(known) < len(hops):
        return None
    return Hop(max(hop.seconds for hop in known), max(hop.usd for hop in known))


@dataclass(frozen=True, slots=True)
class Apart(Service):
    """A service whose blocks are pools, each with its share of what enters the block that it is of.

    Attributes
    ----------
    whole
        The service.
    pools
        By pool, the position of its block and its share.
    """

    whole: Service | None = None
    pools: tuple[tuple[int, float], ...] = ()

    @classmethod
    def of(cls, service: Service, pools: Sequence[BlockPool]) -> Apart:
        """Return the pools of a service."""
        taken, blocks = -1, []
        for pool in pools:
            block = service.blocks[pool.block]
            nth = 1 if pool.block == taken else 0
            taken = pool.block
            blocks.append(replace(block, machines=block.machines[nth : nth + 1], shares=()))
        return cls(
            service.name,
            tuple(blocks),
            service.shares,
            service.accuracies,
            service.slo_s,
            service.quantile,
            whole=service,
            pools=tuple((pool.block, pool.share) for pool in pools),
        )

    @property
    def _whole(self) -> Service:
        assert self.whole is not None
        return self.whole

    def reach(self, b: int) -> float:
        """Share of all requests that enter a pool."""
        block, share = self.pools[b]
        return share * self._whole.reach(block)

    def outcome_shares(self, b: int) -> tuple[float, ...]:
        """As of the block."""
        return self._whole.outcome_shares(self.pools[b][0])

    def busy_s(self, b: int, machine: Machine) -> float:
        """As of the block."""
        return self._whole.busy_s(self.pools[b][0], machine)

    def cv2(self, b: int, machine: Machine) -> float:
        """As of the block."""
        return self._whole.cv2(self.pools[b][0], machine)


class Strands:
    """The ways through the pools of a structure, each with its share of the requests, and its latency.

    Parameters
    ----------
    promise
        What is promised of latency.
    structure, service
        What runs each block, and the same at its thresholds.

    Attributes
    ----------
    called
        Whether it counts how many go to a function.
    """

    def __init__(self, promise: Promise, structure: Structure, service: Service) -> None:
        self.promise, self.service = promise, service
        pools = pools_of(promise.structures, structure)
        of_block = [[n for n, pool in enumerate(pools) if pool.block == b] for b in range(len(structure))]
        self.ways = [
            (math.prod(pools[n].share for n in way), way, tuple(pools[n].choice for n in way))
            for way in itertools.product(*of_block)
        ]
        apart = len(self.ways) > 1
        self._late = [promise.lateness(strand, service, apart=apart) for _, _, strand in self.ways]
        self.called = any(late.called is not None for late in self._late)

    def taken(self, waits: Sequence[Wait | None]) -> float:
        """Return what waits take of the limit, by pool; see `Promise.taken`."""
        return math.fsum(
            share * self.promise.taken(late, [waits[n] for n in way], self.service)
            for (share, way, _), late in zip(self.ways, self._late, strict=True)
        )

    def late(self, waits: Sequence[Wait | None]) -> float:
        """Return the share of the requests that end after the limit."""
        return math.fsum(
            share * late.late([waits[n] for n in way])
            for (share, way, _), late in zip(self.ways, self._late, strict=True)
        )

    @property
    def worst_s(self) -> float:
        """Seconds on the slowest way."""
        return max(self.promise.worst_s(strand, self.service) for _, _, strand in self.ways)

    @property
    def path_s(self) -> float:
        """Mean seconds of a request that need not wait."""
        return math.fsum(share * self.promise.path_s(strand, self.service) for share, _, strand in self.ways)
