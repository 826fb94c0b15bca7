"""Structures whose blocks take batches: each has machines of one type, a function, or both, a batch size and a wait.

Beside a function so many batches may wait for machines as are never late. Of at most r for each worker none waits
longer than r of the longest: in that time every worker has taken r others. So a structure says how many such rounds may
pass, its path counts them whole, and nobody is late for waiting.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import combinations, product

from serflow_opt.ground.tolerances import ROUNDING, TOLERANCE
from serflow_opt.problem.offers import Option
from serflow_opt.traffic.provision.hops import Tiers
from serflow_opt.traffic.provision.structures import BlockChoice, Structures

ONE_BY_ONE = ((1, 0.0),)
ROUNDS = (0, 1, 2, 4)
"""Rounds of waiting batches to choose from, where requests come at random."""


@dataclass(frozen=True, slots=True)
class BatchWay:
    """Blocks on tiers: the choices of each, hand-overs included."""

    blocks: tuple[tuple[BlockChoice, ...], ...]


class BatchStructures(Structures):
    """The structures of an instance in which blocks take batches; times are those of full batches, waits included.

    Attributes
    ----------
    beside
        Whether blocks may have functions beside machines.
    waits_beside
        Whether batches may wait for machines there.
    """

    beside = False
    waits_beside = True

    def pace_s(self, choice: BlockChoice, cold_s: float) -> tuple[float, ...]:
        """Seconds from the first request of a batch to the end of each stage of a block, at most.

        `cold_s` is what a cold start adds on the function.
        """
        ways = []
        if choice.machine is not None:
            times = self._full(choice.machine, choice, choice.batch)
            clock = choice.batch_wait_s + choice.rounds * (times[-1] + choice.sending_s)
            ways.append([clock + t for t in times])
        if choice.function is not None:
            clock = choice.batch_wait_s + cold_s
            ways.append([clock + t for t in self._full(choice.function, choice, choice.call or choice.batch)])
        return tuple(map(max, zip(*ways, strict=True))) if len(ways) > 1 else tuple(ways[0])

    def _full(self, p: int, choice: BlockChoice, batch: int) -> list[float]:
        """Seconds from the start of a full batch to the end of each stage of a block."""
        times = [self.full_s(self.option(p), s, batch) for s in range(choice.first, choice.last + 1)]
        return [math.fsum(times[: n + 1]) for n in range(len(times))]

    @staticmethod
    def full_s(option: Option, s: int, batch: int) -> float:
        """Seconds of a stage for a full batch.

        Parameters
        ----------
        option
            What runs the stage.
        s
            The stage, from 0.
        batch
            Requests of a full batch.
        """
        return option.stage_seconds[s] if option.batching is None else option.batching.seconds[s][batch - 1]

    def choices(self, first: int, last: int) -> list[BlockChoice]:
        """Return what can run a block; hand-overs are left out."""
        found = []
        for p, option in enumerate(self.instance.options):
            if not self._fits(p, first, last):
                continue
            machine = option.tier in self.machine_tiers
            for batch, wait in ONE_BY_ONE if option.batching is None else option.batching.choices:
                if (batch > 1 and not wait > 0) or not self._fits_batch(option, first, last, batch):
                    continue
                pools: tuple[int | None, int | None] = (p, None) if machine else (None, p)
                found.append(replace(BlockChoice(first, last, *pools), batch=batch, batch_wait_s=wait))
        return [*found, *self._with_functions(found)] if self.beside else found

    def _with_functions(self, alone: Sequence[BlockChoice]) -> list[BlockChoice]:
        """Return machines with functions beside them, without what another beats in money and time."""
        found = []
        for own in alone:
            if own.machine is None:
                continue
            takes = [
                replace(own, function=f, call=call, rounds=rounds)
                for f in self.functions(own.first, own.last)
                for call in self._calls(f, own)
                for rounds in (ROUNDS if self.waits_beside else ROUNDS[:1])
            ]
            if self.instance.latency_slo_s is None:  # waiting costs nothing
                takes = [choice for choice in takes if choice.rounds == (ROUNDS[-1] if self.waits_beside else 0)]
            found += [one for one in takes if not any(self._beats(other, one) for other in takes if other != one)]
        return found

    def _beats(self, one: BlockChoice, other: BlockChoice) -> bool:
        """Whether a function beside the same machines takes no more money and time than another, whatever comes.

        Larger calls of the same function do where their times are no longer than those of their parts together;
        billing by steps, and a least of each call, only help them.
        """
        f, g = one.function, other.function
        if f is None or g is None or one.rounds != other.rounds:
            return False
        if any(a > b for a, b in zip(self._times(one), self._times(other), strict=True)):
            return False
        if f == g:
            joined = one.call > other.call and (one.call == one.batch or one.call % other.call == 0)
            return joined and all(map(self._joins, itertools.repeat(f), range(one.first, one.last + 1)))
        ours, theirs = (self._function_merits(p, one.first, one.last) for p in (f, g))
        as_good = all(a <= b for a, b in zip(ours, theirs, strict=True))
        return one.call == other.call == 1 and as_good and (ours != theirs or f < g)

    def _times(self, choice: BlockChoice) -> tuple[float, ...]:
        """What counts of time, less is better: on the slower pool, with a cold start and without, and their share."""
        assert choice.function is not None
        f = choice.function
        return (self.option(f).cold_share, *self.pace_s(choice, self.cold_s(f)), *self.pace_s(choice, 0.0))

    @cache  # noqa: B019 - a search has one of these, and a few hundred pairs
    def _joins(self, f: int, s: int) -> bool:
        """Whether a stage takes requests of a function together in no more time than in two parts, one by one."""
        batching = self.option(f).batching
        times = (0.0, *(batching.seconds[s] if batching else ()))
        return all(
            times[n] <= (times[k] + times[n - k]) * (1 + ROUNDING)
            for n in range(2, len(times))
            for k in range(1, n // 2 + 1)
        )

    def _calls(self, f: int, choice: BlockChoice) -> list[int]:
        """Return how many requests of a batch may go into a call of a function, at most."""
        batching = self.option(f).batching
        sizes = {1} if batching is None else {min(size, choice.batch) for size in batching.sizes}
        return [n for n in sorted(sizes) if self._fits_batch(self.option(f), choice.first, choice.last, n)]

    def _fits_batch(self, option: Option, first: int, last: int, batch: int) -> bool:
        """Whether parameters and the activations of a batch fit, and a call of it may run so long."""
        stages = self.instance.stages[first : last + 1]
        largest = max(self.instance.received_bytes(first), *(stage.activation_bytes for stage in stages))
        held = math.fsum(stage.parameter_bytes for stage in stages) + batch * largest
        if option.memory_bytes is not None and held > option.memory_bytes * (1 + TOLERANCE):
            return False
        seconds = math.fsum(self.full_s(option, s, batch) for s in range(first, last + 1))
        return option.run_max_s is None or seconds <= option.run_max_s * (1 + TOLERANCE)

    def ways(self) -> Iterator[BatchWay]:
        """Yield the cuts and tiers of blocks, fewest blocks first, with what can run each block."""
        stages = len(self.instance.stages)
        for count in range(1, self.most + 1):
            for cuts in combinations(range(1, stages), count - 1):
                ends = list(zip((0, *cuts), (*cuts, stages), strict=True))
                offers = [self.offers(first, last - 1) for first, last in ends]
                for taken in product(*(tuple(offer) for offer in offers)):
                    way = self._way(taken, [first for first, _ in ends], [o[t] for o, t in zip(offers, taken)])  # noqa: B905
                    if way is not None:
                        yield way

    def _way(
        self, taken: Sequence[Tiers], firsts: Sequence[int], offered: Sequence[Sequence[BlockChoice]]
    ) -> BatchWay | None:
        hops = self._hops(taken, firsts)
        if hops is None:
            return None
        held = [*(hop.seconds for hop in hops[1:]), 0.0]
        return BatchWay(
            tuple(
                tuple(self.placed(choice, hop, behind) for choice in own)
                for own, hop, behind in zip(offered, hops, held, strict=True)
            )
        )
