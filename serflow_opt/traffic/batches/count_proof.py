"""The proof that nothing is cheaper by numbers of machines: structures that differ in waits together, then thresholds.

A set of structures is relaxed to the work of its longest waits and the slack of its shortest; what numbers of machines
are left (`by_count.py`) rules thresholds out, whose reaches make lines tighter, and so on. What remains is split: first
into fewer waits, then into sets of thresholds, down to one of each, which is valued exactly. No solver is asked, except
where a structure takes too many sets: then its model is.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

from serflow_opt.traffic.batches.by_count import LeastCounts
from serflow_opt.traffic.batches.level_sets import split
from serflow_opt.traffic.batches.models import Limits

if TYPE_CHECKING:
    from serflow_opt.formulations.coefficients import Data
    from serflow_opt.traffic.batches.lines import ReachLines
    from serflow_opt.traffic.provision.structures import Structure

NARROWINGS = 6
"""Times that levels of a set are looked through for those that are in nothing cheaper."""
NARROWS = 0.97
"""Another time only where no more than this share of the levels is left."""
MOST_SETS = 200
"""Sets of a structure before its model is asked."""


class Proving(Limits, Protocol):
    """What a search can do with a structure, beside what it is asked."""

    data: Data

    def enough(self) -> float:
        """What has at least this bound cannot improve on the best by more than the gap."""
        ...

    def lines_of(self, data: Data) -> ReachLines:
        """Return lines below what blocks take at some thresholds."""
        ...

    def offer(self, structure: Structure, levels: tuple[int, ...]) -> None:
        """Value thresholds, and keep them when they are the best."""
        ...

    def exactly(self, structure: Structure, data: Data) -> float:
        """Return what a structure costs where one level is left of each stage."""
        ...

    def look_into(
        self, structure: Structure, bound: float, keys: list[tuple[int, int]] | None = None
    ) -> tuple[float, float, bool]:
        """Return the bound of a structure, the same whatever a solver says, and whether it is done.

        Parameters
        ----------
        structure, bound
            The structure, and what it costs at least, USD/s.
        keys
            Levels that thresholds may have; None: any.
        """
        ...


@dataclass(frozen=True, slots=True)
class WaitSet:
    """Structures that differ in waits alone, thresholds, and lines for these where they are known."""

    structures: Sequence[Structure]
    data: Data
    lines: ReachLines | None


def without_waits(structure: Structure) -> Structure:
    """Return what structures share that differ in waits of batches alone."""
    return tuple(replace(choice, batch_wait_s=0.0) for choice in structure)


class CountProof:
    """Proves structures of machines without functions beside them.

    Parameters
    ----------
    search
        The search whose best is to be proven.
    lines
        Of all thresholds.

    Attributes
    ----------
    sets
        Looked at.
    """

    def __init__(self, search: Proving, lines: ReachLines) -> None:
        self.search, self.lines, self.sets = search, lines, 0

    def takes(self, structure: Structure) -> bool:
        """Whether numbers of machines tell anything of a structure: they come at random, and something is known."""
        machines = [choice for choice in structure if choice.machine is not None]
        rented = all(self.search.structures.option(choice.machine or 0).rent_per_s > 0 for choice in machines)
        alone = bool(machines) and rented and all(choice.function is None for choice in machines)
        return alone and self.search.carrying.arrivals == "random" and math.isfinite(self.search.best)

    def least(self, structures: Sequence[Structure]) -> tuple[float, float, bool]:
        """Return what structures of one kind cost at least, USD/s, the same whatever a solver says, and if all is done.

        Parameters
        ----------
        structures
            All that differ in waits alone.
        """
        search = self.search
        closed = sure = math.inf
        done, sets, open_ = True, 0, [WaitSet(structures, search.data, self.lines)]
        while open_:
            search.deadline.check()
            own, sets = open_.pop(), sets + 1
            if sets > MOST_SETS and len(own.structures) == 1:
                asked = search.look_into(own.structures[0], 0.0, _keys(own.data))
                closed, sure, done = min(closed, asked[0]), min(sure, asked[1]), done and asked[2]
                continue
            self.sets += 1
            low, rest = self._look(own)
            closed = closed if rest else min(closed, low)
            open_ += rest
        return closed, min(sure, closed), done

    def _look(self, own: WaitSet) -> tuple[float, list[WaitSet]]:
        """Bound a set; return its bound, and what it is split into where that is not enough."""
        search, data, lines = self.search, own.data, own.lines
        longest, shortest = _ends(own.structures, max), _ends(own.structures, min)
        least = LeastCounts(search, lines or search.lines_of(data), data, longest, shortest)
        left = least.left(search.best)
        for narrowing in range(NARROWINGS):
            if left is None:
                return search.best, []
            if left.usd >= search.enough():
                return left.usd, []
            keys, known = least.narrowed(left), sum(map(len, data.levels.values()))
            if len({s for s, _ in keys}) < data.last:
                return search.best, []
            if len(keys) == known:
                break
            data, lines = data.among(keys), None
            if len(keys) > NARROWS * known or narrowing == NARROWINGS - 1:
                break
            least = LeastCounts(search, search.lines_of(data), data, longest, shortest)
            left = least.left(search.best)
        assert left is not None
        if len(own.structures) > 1:
            return left.usd, [WaitSet(part, data, lines) for part in _halves(own.structures)]
        search.offer(own.structures[0], least.middle)
        if all(len(levels) == 1 for levels in data.levels.values()):
            return search.exactly(own.structures[0], data), []
        return left.usd, [WaitSet(own.structures, data.among(part), None) for part in split(data, None)]


def _keys(data: Data) -> list[tuple[int, int]]:
    return [(s, level) for s in data.stages for level in data.levels[s]]


def _ends(structures: Sequence[Structure], of: Callable[[Iterable[float]], float]) -> Structure:
    """Return structures with the longest or the shortest of their waits, by block."""
    waits = [of(choice.batch_wait_s for choice in own) for own in zip(*structures, strict=True)]
    return tuple(replace(c, batch_wait_s=wait) for c, wait in zip(structures[0], waits, strict=True))


def _halves(structures: Sequence[Structure]) -> list[list[Structure]]:
    """Split structures at the middle wait of the block that has most."""
    waits = [sorted({choice.batch_wait_s for choice in own}) for own in zip(*structures, strict=True)]
    b = max(range(len(waits)), key=lambda b: len(waits[b]))
    cut = waits[b][len(waits[b]) // 2]
    return [[s for s in structures if s[b].batch_wait_s >= cut], [s for s in structures if s[b].batch_wait_s < cut]]
