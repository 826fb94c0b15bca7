"""What a structure promises of latency, as if a request always met the slower pool of a block.

Cold starts count as people meet them: whole in the worst case, by their share in the mean, and in a percentile as what
happens to a share of those who reach a function, whatever their exit. Stages that nobody reaches take no time. Where
requests come at random and a block has machines alone, those who find no free worker wait (`waits.py`): in the mean
their wait counts, in a percentile they count as late; the worst case is of those who need not wait.
"""

from __future__ import annotations

import itertools
import math
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from serflow_opt.formulations.provisioning import Late
from serflow_opt.ground.tolerances import ROUNDING, TOLERANCE
from serflow_opt.traffic.carrying import Carrying
from serflow_opt.traffic.demand.rates import Rates
from serflow_opt.traffic.provision.structures import BlockChoice, Structure, Structures
from serflow_opt.traffic.provision.waits import Waits
from serflow_opt.traffic.service import Service

if TYPE_CHECKING:
    from collections.abc import Callable


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
    """

    def __init__(self, structures: Structures, demand: Rates, carrying: Carrying) -> None:
        self.structures, self.instance = structures, structures.instance
        self.measure = self.instance.latency_measure
        self.random = carrying.arrivals == "random"
        self.seconds, self.share = Waits(demand, mean=True), Waits(demand, mean=False)

    @property
    def room(self) -> float:
        """The latency limit in its unit: seconds, or the share of the requests that may be late; inf: none."""
        bound, quantile = self.instance.latency_slo_s, self.instance.quantile
        return math.inf if bound is None else bound if quantile is None else 1 - quantile

    def waits(self, choice: BlockChoice) -> Waits | None:
        """Return what a block's machines make requests wait, in the unit of the limit; None where that is no matter."""
        alone = choice.machine is not None and choice.function is None
        if not (alone and self.random) or self.instance.latency_slo_s is None or self.measure == "worst":
            return None
        return self.seconds if self.measure == "mean" else self.share

    def late(self, structure: Structure, least_reach: Callable[[int], float]) -> Late | None:
        """Return what latency asks of the thresholds and counts of a structure; None where they cannot keep it.

        Parameters
        ----------
        least_reach
            Least share of the requests that enters stage s (1..M).
        """
        bound = self.instance.latency_slo_s
        if bound is None:
            return Late()
        if self.measure == "worst":
            return Late() if self.structures.done_s(structure)[-1] <= bound * (1 + TOLERANCE) else None
        if self.measure == "mean":
            done = self.structures.done_s(structure)
            weights = tuple(max(0.0, now - before) for before, now in itertools.pairwise([0.0, *done]))
        else:
            weights = self._late_from(structure, bound)
        if not any(weights) and not any(self.waits(choice) for choice in structure):
            return Late()
        least = math.fsum(weight * least_reach(s) for s, weight in enumerate(weights, start=1) if weight)
        return None if least > self.room * (1 + TOLERANCE) + ROUNDING else Late(weights, self.room)

    def spare(self, structure: Structure, service: Service) -> float:
        """Return what is left of the limit for waiting, in its unit, within the tolerance; below 0: it is broken."""
        bound = self.instance.latency_slo_s
        if bound is None:
            return math.inf
        if self.measure == "worst":
            return bound * (1 + TOLERANCE) - self.worst_s(structure, service)
        if self.measure == "mean":
            return bound * (1 + TOLERANCE) - self.path_s(structure, service)
        assert self.instance.quantile is not None
        return 1 - self.instance.quantile * (1 - TOLERANCE) - self.late_share(structure, service)

    def wait(self, choice: BlockChoice, service: Service, b: int, count: int) -> float:
        """Return what waiting takes of the limit in block b with so many machines; 0 where that is no matter.

        Parameters
        ----------
        choice
            What runs the block.
        service
            At the thresholds in question: they say what enters the block, and for how long.
        b
            Position of the block in the service.
        count
            Machines.

        Returns
        -------
        float
            In the unit of the limit: seconds of the mean, or a share of the requests.
        """
        waits = self.waits(choice)
        return 0.0 if waits is None else self._waited(waits, service, b, count)

    def worst_s(self, structure: Structure, service: Service) -> float:
        """Seconds until the last stage that anybody reaches is done, cold starts whole."""
        done = self.structures.done_s(structure, [self.structures.cold_s(choice.function) for choice in structure])
        return max((t for share, t in zip(service.shares, done, strict=True) if share > 0), default=0.0)

    def path_s(self, structure: Structure, service: Service) -> float:
        """Mean seconds of a request that need not wait, cold starts by their share."""
        done = self.structures.done_s(structure, [self._mean_cold_s(choice.function) for choice in structure])
        return math.fsum(share * t for share, t in zip(service.shares, done, strict=True))

    def waiting_s(self, structure: Structure, service: Service, counts: Sequence[int]) -> float:
        """Mean seconds that a request waits for machines without a function.

        Parameters
        ----------
        structure
            What runs each block.
        service
            The structure at its thresholds.
        counts
            Machines by block.
        """
        return self._sum(self.seconds, structure, service, counts)

    def late_share(self, structure: Structure, service: Service) -> float:
        """Share of the requests that end after the limit without having waited; 0 where there is none."""
        if self.instance.latency_slo_s is None:
            return 0.0
        late = itertools.accumulate(self._late_from(structure, self.instance.latency_slo_s))
        return math.fsum(share * own for share, own in zip(service.shares, late, strict=True))

    def waiting_share(self, structure: Structure, service: Service, counts: Sequence[int]) -> float:
        """Share of the requests that wait at most: the sum of the blocks' shares.

        Parameters
        ----------
        structure, service, counts
            As of `waiting_s`.
        """
        return self._sum(self.share, structure, service, counts)

    def _sum(self, waits: Waits, structure: Structure, service: Service, counts: Sequence[int]) -> float:
        alone = [b for b, choice in enumerate(structure) if choice.machine is not None and choice.function is None]
        return math.fsum(self._waited(waits, service, b, counts[b]) for b in alone) if self.random else 0.0

    def _waited(self, waits: Waits, service: Service, b: int, count: int) -> float:
        machine = service.blocks[b].machines[0]
        found = waits.of(count * machine.workers, service.reach(b) * service.busy_s(b, machine))
        return found * service.variability(b, machine) if waits.mean else found

    def _mean_cold_s(self, p: int | None) -> float:
        return 0.0 if p is None else self.structures.option(p).cold_share * self.structures.cold_s(p)

    def _late_from(self, structure: Structure, bound: float) -> tuple[float, ...]:
        """By stage, share of the requests that would end after the bound there, and not a stage before.

        It is the share that meets cold starts which add up to that.
        """
        late = [0.0] * (structure[-1].last + 1)
        for share, cold in self._colds(structure):
            clock = 0.0
            for choice, added in zip(structure, cold, strict=True):
                clock += choice.hop_s
                pace = self.structures.pace_s(choice, added)
                if clock + pace[-1] > bound * (1 + TOLERANCE):
                    late[choice.first + bisect_right(pace, bound * (1 + TOLERANCE) - clock)] += share
                    break
                clock += pace[-1]
        return tuple(late)

    def _colds(self, structure: Structure) -> Iterator[tuple[float, tuple[float, ...]]]:
        """Yield the ways to meet cold starts, each with its share of the requests and the seconds by block."""
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
        return ((share, cold) for share, cold in ways if share > 0)
