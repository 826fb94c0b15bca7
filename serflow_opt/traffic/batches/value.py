"""What a deployment with batches costs and promises, exactly, from the service; shares nothing with models and lines.

A machine's share of busy time stays within the utilisation cap. Where requests come at random, batches wait for
machines as customers of an M/M/c queue (Erlang C): their times vary less than exponential ones. A request is promised
the wait of its batch whole, and the time of full batches. Beside a function as many batches wait as are never late, and
the others go there (`beside.py`): how many machines there are is a matter of money alone.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from heapq import heappop, heappush
from typing import TYPE_CHECKING

import numpy as np

from serflow_opt.ground.tolerances import ROUNDING, TOLERANCE
from serflow_opt.traffic.batches.beside import lost_share
from serflow_opt.traffic.batches.filled import BlockBatches, filled
from serflow_opt.traffic.carrying import Carrying
from serflow_opt.traffic.provision.promise import Promise
from serflow_opt.traffic.provision.result import Part
from serflow_opt.traffic.provision.structures import Structure, Structures
from serflow_opt.traffic.provision.waits import Wait
from serflow_opt.traffic.queues.erlang import erlang_c
from serflow_opt.traffic.queues.waiting import Waiting
from serflow_opt.traffic.service import Service

if TYPE_CHECKING:
    from serflow_opt.ground.arrays import Floats

MOST_TRIED = 2_000
"""Numbers of machines that are tried for given thresholds, at most, cheapest first."""
MOST_BESIDE = 10_000
"""Machines beside a function, at most."""


@dataclass(frozen=True, slots=True)
class ValuedBatches:
    """Numbers of machines for a service, the batches of its blocks, what they wait, and the share on functions."""

    counts: tuple[int, ...]
    batches: tuple[BlockBatches, ...]
    waits: tuple[Wait | None, ...]
    usd_per_s: float
    called: tuple[float, ...]


class Valuing:
    """Values services of an instance.

    Parameters
    ----------
    structures, promise
        Of the instance, for full batches.
    rate
        λ, requests a second.
    carrying
        How requests come.
    wait_max
        Share of the batches that may wait for a machine; None: any.
    """

    def __init__(
        self, structures: Structures, promise: Promise, rate: float, carrying: Carrying, wait_max: float | None
    ) -> None:
        self.structures, self.promise, self.rate = structures, promise, rate
        self.carrying, self.wait_max = carrying, wait_max

    def value(self, structure: Structure, service: Service, below: float = math.inf) -> ValuedBatches | None:
        """Return the fewest machines, by money, that keep the target; None: none do, or not for less than `below`.

        Parameters
        ----------
        structure
            Blocks on options.
        service
            The service that they make at some thresholds.
        below
            USD/s that it has to cost less than.
        """
        floor = self.structures.instance.accuracy_min
        if floor is not None and service.accuracy < floor * (1 - TOLERANCE):
            return None
        if not self._full(service):
            return None
        batches = tuple(filled(service, b, self.rate, self.carrying.arrivals) for b in range(len(structure)))
        least = []
        for b, own in enumerate(batches):
            beside = structure[b].machine is not None and structure[b].function is not None
            least.append(self._cheapest(structure, service, b, own) if beside else self._least(service, b, own))
            limit = service.blocks[b].machines[0].machines_max if service.blocks[b].machines else None
            if limit is not None and least[-1] > limit:
                return None
        return self._kept(structure, service, batches, tuple(least), below)

    def _full(self, service: Service) -> bool:
        """Whether batches fill where requests come evenly: B - 1 <= λ R τ."""
        return self.carrying.arrivals == "random" or all(
            block.batch - 1 <= self.rate * service.reach(b) * block.batch_wait_s * (1 + TOLERANCE)
            for b, block in enumerate(service.blocks)
        )

    def fewest(self, service: Service, valued: ValuedBatches) -> list[int]:
        """Return by block the fewest machines that the cap and the share that may wait leave, any beside a function."""
        beside = [bool(block.machines) and block.function is not None for block in service.blocks]
        return [1 if own else self._least(service, b, valued.batches[b]) for b, own in enumerate(beside)]

    def with_counts(
        self, structure: Structure, service: Service, valued: ValuedBatches, counts: tuple[int, ...]
    ) -> ValuedBatches:
        """Return what other numbers of machines cost, and what batches wait for them.

        Parameters
        ----------
        structure, service
            As `value` takes them.
        valued
            What `value` returned for them.
        counts
            Machines by block.
        """
        called = self._called(structure, service, valued.batches, counts)
        usd = self._other(structure, service, valued.batches, called) + math.fsum(map(_times, _rents(service), counts))
        return ValuedBatches(counts, valued.batches, self._waits(service, valued.batches, counts), usd, called)

    def _other(
        self,
        structure: Structure,
        service: Service,
        batches: tuple[BlockBatches, ...],
        called: tuple[float, ...],
    ) -> float:
        """USD per second of all but machines, where functions take a share of the batches of each block."""
        return math.fsum(
            self.rate * service.reach(b) * block.hop_usd + share * own.batches * self._usd(structure, b, own)
            for b, (block, own, share) in enumerate(zip(service.blocks, batches, called, strict=True))
        )

    def _usd(self, structure: Structure, b: int, own: BlockBatches) -> float:
        """USD of a batch on the function, cold starts included."""
        return own.usd + own.calls * self._cold_usd(structure, b)

    def _called(
        self, structure: Structure, service: Service, batches: tuple[BlockBatches, ...], counts: tuple[int, ...]
    ) -> tuple[float, ...]:
        """Share of the batches of each block that goes to its function: what machines leave, all without any."""
        return tuple(
            0.0 if block.function is None else 1.0 if not count else self._left(structure, service, b, own, count)
            for b, (block, own, count) in enumerate(zip(service.blocks, batches, counts, strict=True))
        )

    def _left(self, structure: Structure, service: Service, b: int, own: BlockBatches, count: int) -> float:
        """Share of the batches of a block that machines leave to the function beside them."""
        servers = count * service.blocks[b].machines[0].workers
        return lost_share(self.carrying, servers, structure[b].rounds * servers, own)

    def _cheapest(self, structure: Structure, service: Service, b: int, own: BlockBatches) -> int:
        """Machines beside a function of the least cost: rent, and calls for what they leave."""
        machine = service.blocks[b].machines[0]
        rent, all_called = machine.usd_per_s, own.batches * self._usd(structure, b, own)
        most = math.inf if machine.machines_max is None else machine.machines_max
        best, least, count = 1, math.inf, 1
        while count <= min(most, MOST_BESIDE) and rent * count < least:
            left_usd = all_called * self._left(structure, service, b, own, count)
            if rent * count + left_usd < least:
                best, least = count, rent * count + left_usd
            if left_usd <= rent:
                break  # more machines take no more than that
            count += 1
        return best

    def _least(self, service: Service, b: int, own: BlockBatches) -> int:
        """Machines that carry a block and make no more batches wait than allowed; 0 on a function."""
        if not service.blocks[b].machines:
            return 0
        workers = service.blocks[b].machines[0].workers
        count = max(1, math.ceil(own.load / (self.carrying.cap * workers) * (1 - ROUNDING)))
        if self.wait_max is not None and self.carrying.arrivals == "random":
            while own.load < count * workers and erlang_c(count * workers, own.load) > self.wait_max:
                count += 1
        return count

    def _kept(
        self,
        structure: Structure,
        service: Service,
        batches: tuple[BlockBatches, ...],
        least: tuple[int, ...],
        below: float,
    ) -> ValuedBatches | None:
        """Return the cheapest numbers of machines that keep the latency target."""
        called = self._called(structure, service, batches, least)
        other, rents = self._other(structure, service, batches, called), _rents(service)
        lateness = self.promise.lateness(structure, service)
        open_, seen = [(other + math.fsum(map(_times, rents, least)), least)], {least}
        for _ in range(MOST_TRIED):
            if not open_:
                return None
            usd, counts = heappop(open_)
            if usd >= below:
                return None
            waits = self._waits(service, batches, counts)
            if self.promise.taken(lateness, waits, service) <= self.promise.most * (1 + TOLERANCE):
                return ValuedBatches(counts, batches, waits, usd, called)
            for b, wait in enumerate(waits):
                limit = service.blocks[b].machines[0].machines_max if service.blocks[b].machines else None
                more = (*counts[:b], counts[b] + 1, *counts[b + 1 :])
                if wait is None or more in seen or (limit is not None and more[b] > limit):
                    continue
                if float(wait.seconds.max()) <= ROUNDING * batches[b].seconds:
                    continue  # nobody waits here any more
                seen.add(more)
                heappush(open_, (usd + rents[b], more))
        return None

    def _waits(
        self, service: Service, batches: Sequence[BlockBatches], counts: Sequence[int]
    ) -> tuple[Wait | None, ...]:
        """Return what batches wait for machines, by block."""
        if self.carrying.arrivals == "smooth":
            return (None,) * len(counts)
        found: list[Wait | None] = []
        for b, (own, count) in enumerate(zip(batches, counts, strict=True)):
            if not count or not own.load > 0 or service.blocks[b].function is not None:
                found.append(None)
                continue
            servers = count * service.blocks[b].machines[0].workers
            found.append(_exponential(servers, own))
        return tuple(found)

    def _cold_usd(self, structure: Structure, b: int) -> float:
        return self.structures.cold_usd(structure[b].function)

    def parts(self, structure: Structure, service: Service, valued: ValuedBatches) -> tuple[Part, ...]:
        """Return the blocks of a deployment.

        Parameters
        ----------
        structure, service
            As `value` takes them.
        valued
            What `value` returned for them.
        """
        tiers = self.structures.instance.tiers
        found = []
        for b, (block, own, count) in enumerate(zip(service.blocks, valued.batches, valued.counts, strict=True)):
            share, called = valued.called[b], self._usd(structure, b, own)
            reach, machine, function = service.reach(b), block.machines[0] if block.machines else None, block.function
            entering, workers = self.rate * reach, machine.workers if machine else 0
            each = self.carrying.cap * workers * own.mean / own.seconds if machine and own.seconds else 0.0
            beside = machine is not None and function is not None
            tier = self.structures.tier(structure[b].machine), self.structures.tier(structure[b].function)
            found.append(
                Part(
                    first=block.first + 1,
                    last=block.last + 1,
                    machine=machine.name if machine else None,
                    count=count,
                    queue_max=structure[b].rounds * count * workers if beside else None,
                    machine_rate=each,
                    function=function.name if function else None,
                    function_usd=called / own.mean if function else math.inf,
                    reach=reach,
                    rate=entering,
                    spilled=entering * share,
                    busy=own.load * (1 - share) / (count * workers) if machine else 0.0,
                    usd_machines=count * machine.usd_per_s if machine else 0.0,
                    usd_functions=share * own.batches * called if function else 0.0,
                    usd_links=entering * block.hop_usd,
                    random_spill=share if beside and self.carrying.arrivals == "random" else None,
                    random_wait=erlang_c(count * workers, own.load) if machine and not beside else None,
                    machine_tier=None if tier[0] is None else tiers[tier[0]].name,
                    function_tier=None if tier[1] is None else tiers[tier[1]].name,
                    batch=block.batch,
                    batch_wait_s=block.batch_wait_s,
                    batch_mean=own.mean,
                    function_batch=block.call,
                )
            )
        return tuple(found)


def _exponential(servers: int, own: BlockBatches) -> Wait:
    """Return the waits of batches at machines, M/M/c: P(W > t) = C(c, a) exp(-(c - a) t / seconds)."""
    spare = servers - own.load
    waiting = erlang_c(servers, own.load) if spare > 0 else 1.0
    lost, mean = np.zeros(1), np.array([waiting * own.seconds / spare if spare > 0 else math.inf])

    def beyond(times: Floats) -> Floats:
        longer: Floats = waiting * np.exp(-max(spare, 0.0) / own.seconds * times[None, :])
        return longer

    return Wait(lost, mean, Waiting("M/M/c", True, lost, lambda: mean, beyond))


def _rents(service: Service) -> list[float]:
    return [block.machines[0].usd_per_s if block.machines else 0.0 for block in service.blocks]


def _times(rent: float, count: int) -> float:
    return rent * count
