"""Structures whose blocks take batches: each block has machines of one type or a function, a batch size and a wait."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import combinations, product

from serflow_opt.ground.tolerances import TOLERANCE
from serflow_opt.problem.offers import Option
from serflow_opt.traffic.provision.hops import Tiers
from serflow_opt.traffic.provision.structures import BlockChoice, Structures

ONE_BY_ONE = ((1, 0.0),)


@dataclass(frozen=True, slots=True)
class BatchWay:
    """Blocks on tiers: the choices of each, hand-overs included."""

    blocks: tuple[tuple[BlockChoice, ...], ...]


class BatchStructures(Structures):
    """The structures of an instance in which blocks take batches; times are those of full batches, waits included."""

    def pace_s(self, choice: BlockChoice, cold_s: float) -> tuple[float, ...]:
        """Seconds from the first request of a batch to the end of each stage of a block, at most.

        `cold_s` is what a cold start adds on the function.
        """
        p = choice.machine if choice.function is None else choice.function
        assert p is not None
        clock = choice.batch_wait_s + (0.0 if choice.function is None else cold_s)
        times = [self.full_s(self.option(p), s, choice.batch) for s in range(choice.first, choice.last + 1)]
        return tuple(clock + math.fsum(times[: n + 1]) for n in range(len(times)))

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
        return found

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
