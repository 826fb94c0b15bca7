"""What a structure promises of latency, as if a request always met the slower pool of a block where it does not wait.

Cold starts count as people meet them: whole in the worst case, by their share in the mean, and in a percentile as what
happens to a share of those who reach a function, whatever their exit. Stages that nobody reaches take no time. Where
requests come at random they wait for machines (`waits.py`), and what counts is whether they are in time all the same
(`lateness.py`). In percentiles stage times vary as far as their standard deviations are stated (`scatter.py`).

Who waits in a block is on its machines, and not on a function that is slower. With m_b and f_b the seconds of block b
on machines and function, e_b = max(m_b, f_b) - m_b, and T = Σ_b max(m_b, f_b) at most L, a request is late only if

    Σ_b (W_b - e_b)⁺ > L - T,    hence only if    Σ_b W_b > L - T + min_b e_b,

the least of the blocks in front of whose machines it may wait: what it takes in block b is W_b + m_b or f_b, and
neither is more than max(m_b, f_b) + (W_b - e_b)⁺. Of these terms one at least is above 0, and has its e_b taken off. A
request that is late on the slower pools anyway counts as late.

In percentiles, where one block alone has machines and a function is beside them, no more is late than is: with B the
share that finds no room, at every rate, and late^M, late^F whether one is late on the machines, without waiting, and on
the function (no sooner than on the machines, and with its cold starts),

    late  =  B late^F + (1 - B) late^M + P(W > L - T^M)

of those who are not late on machines anyway: who goes to the function does not wait, and who waits does not go there.
Sets of thresholds have no bound of that first term, and are split until it shows: so all this is where they are few
(`tells_pools_apart`), and elsewhere all meet the slower pool.
"""

from __future__ import annotations

import itertools
import math
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from serflow_opt.formulations.pools import LateLimit
from serflow_opt.ground.tolerances import ROUNDING, TOLERANCE
from serflow_opt.traffic.carrying import Carrying
from serflow_opt.traffic.demand.rates import Rates
from serflow_opt.traffic.provision.lateness import TAIL, Ending, Lateness, waited_s
from serflow_opt.traffic.provision.scatter import levels, scattered
from serflow_opt.traffic.provision.structures import BlockChoice, Structure, Structures
from serflow_opt.traffic.provision.waits import HoldingTime, Queues, Wait
from serflow_opt.traffic.service import Service

if TYPE_CHECKING:
    from collections.abc import Callable

    from serflow_opt.problem.instance import Instance


FEW_THRESHOLDS = 200
"""Ways to choose all thresholds up to which it counts which pool a request is on."""


def tells_pools_apart(instance: Instance) -> bool:
    """Return whether it counts which pool of a block a request is on: thresholds are few, and no mean counts."""
    return (
        instance.latency_measure != "mean"
        and math.prod(max(1, len(menu.thresholds)) for menu in instance.menus) <= FEW_THRESHOLDS
    )


class Promise:
    """Latency of the structures of an instance.

    Parameters
    ----------
    structures
        Of the instance.
    demand
        Rates of arrival.
    carrying
        How requests arrive.

    Attributes
    ----------
    apart
        Whether it counts which pool of a block a request is on.
    waits_beside
        Whether requests may wait beside a function where the limit is on the worst case.
    """

    def __init__(self, structures: Structures, demand: Rates, carrying: Carrying) -> None:
        self.waits_beside = True
        self.structures, self.instance = structures, structures.instance
        self.measure = self.instance.latency_measure
        self.random = carrying.arrivals == "random"
        self.varies = structures.varies
        self.queues = Queues(demand)
        self.apart = self.random and tells_pools_apart(self.instance)

    @property
    def room(self) -> float:
        """The latency limit in its unit: seconds of the mean, or the share of late requests; inf: none."""
        bound, quantile = self.instance.latency_slo_s, self.instance.quantile
        if bound is None:
            return math.inf
        return bound if self.measure == "mean" else TAIL if quantile is None else 1 - quantile

    @property
    def most(self) -> float:
        """The largest `taken` that keeps the limit, within the tolerance; inf: there is none."""
        quantile = self.instance.quantile
        if self.measure == "mean":
            return self.room * (1 + TOLERANCE)
        return self.room if quantile is None else 1 - quantile * (1 - TOLERANCE)

    @property
    def limited(self) -> bool:
        """Whether there is a latency limit."""
        return self.instance.latency_slo_s is not None

    def queued(self, choice: BlockChoice) -> bool:
        """Whether requests may wait for a block's machines: all without a function, else as many as a target allows."""
        if choice.machine is None or not self.random:
            return False
        return choice.function is None or (self.limited and (self.measure != "worst" or self.waits_beside))

    def late(self, structure: Structure, least_reach: Callable[[int], float]) -> LateLimit | None:
        """Return what latency asks of the thresholds of a structure, waits left out; None where they cannot keep it.

        Parameters
        ----------
        least_reach
            Least share of the requests that enters stage s (1..M).
        """
        bound = self.instance.latency_slo_s
        if bound is None:
            return LateLimit()
        if self.measure == "worst":
            return LateLimit() if self.structures.done_s(structure)[-1] <= bound * (1 + TOLERANCE) else None
        if self.measure == "mean":
            done = self.structures.done_s(structure)
            weights = tuple(max(0.0, now - before) for before, now in itertools.pairwise([0.0, *done]))
        else:
            weights = self._late_from(self._served_by_machines(structure), bound)
        if not any(weights) and not (self.measure == "mean" and any(map(self.queued, structure))):
            return LateLimit()
        least = math.fsum(weight * least_reach(s) for s, weight in enumerate(weights, start=1) if weight)
        return None if least > self.room * (1 + TOLERANCE) + ROUNDING else LateLimit(weights, self.room)

    def least_pace_s(self, choice: BlockChoice) -> tuple[float, ...]:
        """Seconds from the start of a block to the end of each of its stages, at least, of those who wait in it."""
        return self.structures.on_machines_s(choice) if self.apart else self.structures.pace_s(choice, 0.0)

    def called_block(self, structure: Structure) -> int | None:
        """Return the block whose function makes late those alone who go there; None: the slower pool counts for all.

        It alone has machines, one pool of them, and the limit is on a percentile of requests that come at random.
        """
        used = [b for b, choice in enumerate(structure) if choice.machine is not None]
        if len(used) != 1 or self.instance.quantile is None or not self.apart:
            return None
        choice = structure[used[0]]
        return used[0] if choice.function is not None and choice.second is None and self.queued(choice) else None

    def _served_by_machines(self, structure: Structure) -> Structure:
        """Return a structure without the function of `called_block`."""
        b = self.called_block(structure)
        return structure if b is None else (*structure[:b], replace(structure[b], function=None), *structure[b + 1 :])

    def lateness(self, structure: Structure, service: Service, *, apart: bool = False) -> Lateness:
        """Return what waits take of the limit at the thresholds of a service.

        Parameters
        ----------
        structure, service
            What runs each block, and the same at its thresholds.
        apart
            Whether it is one of several ways through pools: then the slower pool counts for all.
        """
        block_of = [b for b, choice in enumerate(structure) for _ in range(choice.first, choice.last + 1)]
        endings = [
            Ending(b, share * own, seconds)
            for share, done in self.waiting_ways(structure, apart=apart)
            for b, own, seconds in zip(block_of, service.shares, done, strict=False)
        ]
        bound = None if self.measure == "mean" else self.instance.latency_slo_s
        called = None if apart else self._called(structure, service)
        return Lateness(self.queues, endings, bound, varies=self.varies, called=called)

    def _called(self, structure: Structure, service: Service) -> tuple[int, float] | None:
        """Return `called_block`, and how many more of all requests would be late on its function than on machines."""
        b, bound = self.called_block(structure), self.instance.latency_slo_s
        if b is None or bound is None:
            return None

        def late(way: Structure) -> float:
            from_stage = itertools.accumulate(self._late_from(way, bound))
            return math.fsum(own * share for own, share in zip(from_stage, service.shares, strict=False))

        return b, max(0.0, late(structure) - late(self._served_by_machines(structure)))

    def taken(self, lateness: Lateness, waits: Sequence[Wait | None], service: Service) -> float:
        """Return what a deployment takes of the limit, in its unit; 0 where there is none.

        Parameters
        ----------
        lateness
            At the thresholds of the service.
        waits
            By block; None: nobody waits.
        service
            Says what enters each block.
        """
        if self.instance.latency_slo_s is None:
            return 0.0
        if self.measure == "mean":
            return lateness.mean_s(waits, [service.reach(b) for b in range(len(waits))])
        return lateness.late(waits)

    def wait(self, service: Service, b: int, count: int, room: int | None, *, called: bool = False) -> Wait | None:
        """Return the waits of a block; None where nobody waits.

        Parameters
        ----------
        service, b
            At the thresholds in question, and the block.
        count
            Machines.
        room
            Requests that may wait; None: all.
        called
            Whether it is asked for, too, where nobody waits, since it counts how many go to the function.
        """
        if not self.random or not service.blocks[b].machines or ((not count or room == 0) and not called):
            return None
        machine, reach = service.blocks[b].machines[0], service.reach(b)
        held = HoldingTime.of(service, b, replace(machine, sd_s=()) if self.measure == "worst" else machine)
        if not (held.seconds > 0 and reach > 0):
            return None
        return self.queues.of(count * machine.workers, room, reach, held.seconds, held.cv2)

    def worst_s(self, structure: Structure, service: Service) -> float:
        """Seconds until the last stage that anybody reaches is done, cold starts whole."""
        done = self.structures.done_s(structure, [self.structures.cold_s(choice.function) for choice in structure])
        return max((t for share, t in zip(service.shares, done, strict=True) if share > 0), default=0.0)

    def path_s(self, structure: Structure, service: Service) -> float:
        """Mean seconds of a request that need not wait, cold starts by their share."""
        done = self.structures.done_s(structure, [self._mean_cold_s(choice.function) for choice in structure])
        return math.fsum(share * t for share, t in zip(service.shares, done, strict=True))

    def waiting_s(self, service: Service, waits: Sequence[Wait | None]) -> float:
        """Mean seconds that a request waits for machines; waits are by block."""
        return waited_s(self.queues, waits, [service.reach(b) for b in range(len(waits))])

    def _mean_cold_s(self, p: int | None) -> float:
        return 0.0 if p is None else self.structures.option(p).cold_share * self.structures.cold_s(p)

    def _late_from(self, structure: Structure, bound: float) -> tuple[float, ...]:
        """By stage, share of the requests that would end after the bound there, and not a stage before.

        It is the share that meets cold starts, and takes times, which add up to that.
        """
        late = [0.0] * (structure[-1].last + 1)
        for share, done in self.ways(structure):
            first = bisect_right(done, bound * (1 + TOLERANCE))
            if first < len(done):
                late[first] += share
        return tuple(late)

    def ways(self, structure: Structure, *, few: bool = False) -> Iterator[tuple[float, Sequence[float]]]:
        """Yield how requests may fare: the share that does, and the seconds until each stage is done, waits apart.

        They meet cold starts or not; where stage times vary, they take long or not: `few` ways end no later than all.
        """
        for share, cold in self.colds(structure):
            yield from ((share * own, done) for own, done in self._times(structure, cold, few=few))

    def waiting_ways(
        self, structure: Structure, *, few: bool = False, apart: bool = False
    ) -> Iterator[tuple[float, Sequence[float]]]:
        """Yield `ways`, with the seconds that count for those who wait: L less what they may wait.

        T less the least e_b of the blocks in front of whose machines they may wait; T where that is above the limit.

        Parameters
        ----------
        structure
            What runs each block.
        few
            As of `ways`.
        apart
            As of `lateness`.
        """
        if self.measure == "mean" or not self.limited or (self.called_block(structure) is not None and not apart):
            yield from self.ways(self._served_by_machines(structure), few=few)
            return
        if not self.apart:
            yield from self.ways(structure, few=few)
            return
        most = (self.instance.latency_slo_s or math.inf) * (1 + TOLERANCE)
        for share, cold in self.colds(structure):
            less = self._on_machines(structure, cold)
            for own, done in self._times(structure, cold, few=few):
                yield share * own, [t - e if t <= most else t for t, e in zip(done, less, strict=True)]

    def _times(
        self, structure: Structure, cold: Sequence[float], *, few: bool
    ) -> Iterator[tuple[float, Sequence[float]]]:
        """Yield the shares that take long or not, and the seconds until each stage is done, with cold starts."""
        if not self.varies:
            yield 1.0, self.structures.done_s(structure, cold)
            return
        times = scattered(*self.structures.varying_s(structure, cold), few=few, law=self.structures.law)
        yield from zip(levels(few)[0].tolist(), times.tolist(), strict=True)

    def _on_machines(self, structure: Structure, cold: Sequence[float]) -> list[float]:
        """Return by stage the least e_b of blocks on the way there in which requests may wait; 0 where they do nowhere.

        Where times vary only cold starts count: the slower pool is not the same at every level.
        """
        found, least = list[float](), math.inf
        for choice, added in zip(structure, cold, strict=True):
            stages = choice.last + 1 - choice.first
            if not self.queued(choice):
                found += [least] * stages
                continue
            if choice.function is None:
                own = [0.0] * stages
            elif self.varies:
                own = [added] * stages
            else:
                machine = self.structures.on_machines_s(choice)
                own = [slow - t for slow, t in zip(self.structures.pace_s(choice, added), machine, strict=True)]
            found += [min(least, e) for e in own]
            least = min(least, own[-1])
        return [e if math.isfinite(e) else 0.0 for e in found]

    def colds(self, structure: Structure) -> Iterator[tuple[float, tuple[float, ...]]]:
        """Yield the ways to meet cold starts as the measure counts them, with their shares and the seconds by block."""
        if self.measure == "worst":
            yield 1.0, tuple(self.structures.cold_s(choice.function) for choice in structure)
            return
        if self.measure == "mean":
            yield 1.0, tuple(self._mean_cold_s(choice.function) for choice in structure)
            return
        ways: list[tuple[float, tuple[float, ...]]] = [(1.0, ())]
        for choice in structure:
            seconds = self.structures.cold_s(choice.function)
            if not seconds or choice.function is None:
                ways = [(share, (*cold, 0.0)) for share, cold in ways]
                continue
            met = self.structures.option(choice.function).cold_share
            ways = [
                (share * own, (*cold, added)) for share, cold in ways for own, added in ((1 - met, 0.0), (met, seconds))
            ]
        yield from ((share, cold) for share, cold in ways if share > 0)
