"""What is decided, in positions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from serflow_opt.problem.kinds import AS_IS


@dataclass(frozen=True, slots=True)
class BatchedBlock:
    """Stages that a batch goes through together.

    Attributes
    ----------
    first, last
        Positions of the stages.
    size, wait_s
        Requests in a full batch, and how long its first may wait for the others; 1 and 0: one by one.
    """

    first: int
    last: int
    size: int = 1
    wait_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Decision:
    """A choice in positions.

    Attributes
    ----------
    options
        Position of the option of each stage in the instance's list; fewer than there are stages where the plan ends
        before, at a stage where everybody leaves.
    weights
        For each stage, how often each menu entry is used; sums to 1. One entry is 1 for a menu; two neighbours share
        for interpolated thresholds; any for randomized ones. Entries are of the menu of the stage's variant.
    ways
        For each stage, how it is handed over to, where something crosses a link; empty: as it is, everywhere.
    variants
        For each stage, the position of its variant, or `AS_IS`; empty: as they are, all.
    batches
        The blocks that batches go through, in order, of all stages that are placed; empty: one by one, all.
    """

    options: tuple[int, ...]
    weights: tuple[tuple[float, ...], ...]
    ways: tuple[int, ...] = ()
    variants: tuple[int, ...] = ()
    batches: tuple[BatchedBlock, ...] = ()

    def way(self, stage: int) -> int:
        """Position of the way to hand over to the stage at this position."""
        return self.ways[stage] if stage < len(self.ways) else 0

    def variant(self, stage: int) -> int:
        """Position of the variant of the stage at this position, or `AS_IS`."""
        return self.variants[stage] if stage < len(self.variants) else AS_IS

    def first(self, stages: int) -> Decision:
        """Return what is decided about the first stages."""
        own = shortest(self.options[:stages], self.weights[:stages], self.ways[:stages], self.variants[:stages])
        kept = tuple(replace(b, last=min(b.last, stages - 1)) for b in self.batches if b.first < stages)
        return replace(own, batches=kept) if kept else own

    def block(self, stage: int) -> BatchedBlock | None:
        """Return the block of batches that the stage at this position is in; None: requests are served one by one."""
        return next((b for b in self.batches if b.first <= stage <= b.last), None)


def shortest(
    options: Sequence[int], weights: Sequence[tuple[float, ...]], ways: Sequence[int], variants: Sequence[int]
) -> Decision:
    """Return a decision in its shortest form: what is as it is everywhere is left out, so that equals compare equal.

    Parameters
    ----------
    options, weights, ways, variants
        As in `Decision`, one a stage; `ways` and `variants` may be empty.
    """
    adapted = tuple(variants) if any(v != AS_IS for v in variants) else ()
    return Decision(tuple(options), tuple(weights), tuple(ways) if any(ways) else (), adapted)
