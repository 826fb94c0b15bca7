"""What blocks cost at least by themselves, and the structures that these leave, with weights of their cost."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

import numpy as np

from serflow_opt.ground.tolerances import EQUAL, TOLERANCE
from serflow_opt.search.lagrangian import LinearCost, StageExits, solve_dual
from serflow_opt.traffic.batches.structures import BatchWay

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from serflow_opt.problem.instance import Instance
    from serflow_opt.traffic.batches.lines import ReachLines
    from serflow_opt.traffic.batches.structures import BatchStructures
    from serflow_opt.traffic.provision.structures import BlockChoice, Structure

    Floats = NDArray[np.float64]

CHUNK = 2_000
"""Structures that are bounded together."""


class Weighing(Protocol):
    """What a search says of structures: what they are of, which it takes, the best known, and their weights."""

    instance: Instance
    structures: BatchStructures
    keep: Callable[[Structure], bool] | None
    best: float

    def weight(self, lines: ReachLines, structure: Structure) -> Floats:
        """Return what a unit of reach of each stage costs at least, USD per second."""
        ...


class BlockCosts:
    """Weights and least costs of blocks by themselves.

    Parameters
    ----------
    search
        For its structures and limits.
    lines, exits
        Of all thresholds.
    """

    def __init__(self, search: Weighing, lines: ReachLines, exits: StageExits) -> None:
        self.search, self.lines, self.exits = search, lines, exits
        self._known: dict[BlockChoice, tuple[Floats, float]] = {}
        self._least: dict[BlockChoice, float] = {}

    def of(self, way: BatchWay, best: float) -> Iterator[tuple[list[Structure], Floats, Floats]]:
        """Yield structures of a way that may cost less than `best`: with weights of their cost, and its least."""
        search = self.search
        blocks = [self._useful(own) for own in way.blocks]
        if not all(blocks):
            return
        self._know([c for own in blocks for c in own])
        least = [np.array([self._known[c][1] for c in own]) for own in blocks]
        slo = search.instance.latency_slo_s if search.instance.latency_measure == "worst" else None
        late = [np.array([c.hop_s + search.structures.slowest(c) for c in own]) for own in blocks]
        total, seconds = least[0], late[0]
        for one, two in zip(least[1:], late[1:], strict=True):
            total, seconds = np.add.outer(total, one), np.add.outer(seconds, two)
        inside = total < best
        if slo is not None:
            inside &= seconds <= slo * (1 + TOLERANCE)
            inside &= ~self._more_may_wait(blocks, seconds, slo)
        at = np.argwhere(inside)
        fixed = total[inside]
        order = np.argsort(fixed, kind="stable")
        for start in range(0, len(order), CHUNK):
            some = order[start : start + CHUNK]
            some = some[fixed[some] < search.best]
            rows = at[some].tolist()
            structures = [tuple(own[k] for own, k in zip(blocks, row, strict=True)) for row in rows]
            kept = [n for n, structure in enumerate(structures) if search.keep is None or search.keep(structure)]
            if not kept:
                continue
            weight = sum(np.array([self._known[structures[n][b]][0] for n in kept]) for b in range(len(blocks)))
            yield [structures[n] for n in kept], np.asarray(weight), fixed[some][kept]

    def _more_may_wait(self, blocks: Sequence[Sequence[BlockChoice]], seconds: Floats, slo: float) -> NDArray[np.bool_]:
        """Say of structures of one block whether another is as they are but that more may wait beside its function."""
        if len(blocks) > 1:
            return np.zeros(seconds.shape, dtype=bool)
        own = [replace(c, rounds=0) if c.rounds or c.function is not None else c for c in blocks[0]]
        late: dict[BlockChoice, int] = {}
        for n, (choice, bare) in enumerate(zip(blocks[0], own, strict=True)):
            if seconds[n] <= slo * (1 + TOLERANCE):
                late[bare] = max(late.get(bare, 0), choice.rounds)
        return np.array([c.rounds < late.get(bare, 0) for c, bare in zip(blocks[0], own, strict=True)])

    def _useful(self, choices: Sequence[BlockChoice]) -> list[BlockChoice]:
        """Return choices whose batches may fill, none that waits longer than another whose batches are always full."""
        bare = [replace(choice, batch_wait_s=0.0) for choice in choices]
        least: dict[BlockChoice, float] = {}
        for choice, own in zip(choices, bare, strict=True):
            if self.lines.always_full(choice):
                least[own] = min(least.get(own, math.inf), choice.batch_wait_s)
        return [
            choice
            for choice, own in zip(choices, bare, strict=True)
            if self.lines.fill(choice) <= self.lines.high(choice.first) * (1 + TOLERANCE)
            and choice.batch_wait_s <= least.get(own, math.inf)
        ]

    def _know(self, choices: Sequence[BlockChoice]) -> None:
        """Find the weights of choices, and what each costs at least by itself."""
        search, lines = self.search, self.lines
        new = [c for c in dict.fromkeys(choices) if c not in self._known]
        if not new:
            return
        weights = []
        for choice in new:
            weights.append(search.weight(lines, (choice,)))
        alone = solve_dual(
            self.exits, search.instance.accuracy_min, LinearCost(np.zeros(len(new)), np.array(weights))
        ).bound
        for choice, weight, cost in zip(new, weights, alone.tolist(), strict=True):
            least = cost * (1 - EQUAL)
            if choice.machine is not None and math.isfinite(least):
                rent = search.structures.option(choice.machine).rent_per_s
                if choice.function is not None:
                    self._known[choice] = weight, max(least, rent)
                    continue
                links = float(lines.usd(choice)[choice.first]) * lines.high(choice.first)
                least = max(least, rent * max(1, math.ceil((least - links) / rent * (1 - EQUAL))) if rent else least)
            self._known[choice] = weight, least
