"""Structures one after the other, only those that can be within limits: what cannot be completed is never made.

Structures grow from their end. Each piece knows what it comes to by every measure, and `completions.py` what the
cheapest blocks in front would add: only pieces that can be completed within all limits grow. They grow many at a time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from serflow_opt.ground.arrays import Floats, Ints, Mask
from serflow_opt.ground.deadline import NEVER, Deadline
from serflow_opt.ground.tolerances import EQUAL, ROUNDING
from serflow_opt.traffic.provision.cutting import Cutting
from serflow_opt.traffic.provision.hops import Hop
from serflow_opt.traffic.provision.structures import BlockChoice, Structure

CHUNK = 256
"""Pieces that grow together."""


class Measure(Protocol):
    """What structures come to at least; 0 behind the last stage.

    Attributes
    ----------
    behind
        Least behind each cut in each state.
    """

    behind: Floats

    def extended(self, cut: int, state: int, values: Floats) -> Floats:
        """Return what each block ahead of a cut makes of each value behind it, values x blocks.

        Parameters
        ----------
        cut
            The first stage behind the blocks, from 0.
        state
            What blocks in front see of those behind, by number.
        values
            By structure behind the cut, in the unit of the measure.
        """
        ...

    def completed(self, blocks: int, first: Ints, state: Ints, values: Floats) -> Floats:
        """Return the least of whole structures, given their value from `first` on and at most so many blocks before.

        Parameters
        ----------
        blocks
            Most blocks before.
        first, state
            By structure, its first stage, and what blocks in front see of it.
        values
            By structure, in the unit of the measure.
        """
        ...


@dataclass(frozen=True, slots=True)
class ListingLimit:
    """A measure, and what structures may come to by it: a finite number, which may fall while they are listed."""

    measure: Measure
    most: Callable[[], float]

    def kept(self, least: Floats) -> Mask:
        """Which structures that come to at least so much may be within it."""
        most = self.most()
        within: Mask = least <= most + EQUAL * abs(most) + ROUNDING
        return within


@dataclass(frozen=True, slots=True)
class _Pieces:
    """Pieces of structures behind a cut.

    Attributes
    ----------
    cut, state
        Where they begin.
    values
        What each comes to, one array a limit.
    trail
        N x blocks x 3: cut, state and row of `Cutting.ahead` for each block, from the last one on.
    """

    cut: int
    state: int
    values: list[Floats]
    trail: Ints

    def rows(self, chosen: Ints | slice) -> _Pieces:
        """Return some of them."""
        return _Pieces(self.cut, self.state, [own[chosen] for own in self.values], self.trail[chosen])


class StructureListing:
    """The structures within limits.

    Parameters
    ----------
    cutting
        Cuts of the instance.
    most
        Most blocks.
    limits
        What all structures must be within.
    deadline
        When to stop.
    """

    def __init__(self, cutting: Cutting, most: int, limits: Sequence[ListingLimit], deadline: Deadline = NEVER) -> None:
        self.cutting, self.most, self.limits, self.deadline = cutting, most, limits, deadline
        self._placed: dict[tuple[BlockChoice, Hop], BlockChoice] = {}

    def __iter__(self) -> Iterator[tuple[float, Structure]]:
        """Yield them, in no order, each with what it comes to by the first limit; 0 without limits.

        Raises
        ------
        OutOfTime
            When the deadline passes.
        """
        none = np.zeros((1, 0, 3), dtype=np.int64)
        waiting = [_Pieces(self.cutting.last, 0, [np.zeros(1)] * len(self.limits), none)]
        while waiting:
            self.deadline.check()
            pieces = waiting.pop()
            if len(pieces.trail) > CHUNK:
                waiting.append(pieces.rows(slice(CHUNK, None)))
                pieces = pieces.rows(slice(CHUNK))
            if pieces.cut:
                waiting += self._grown(pieces)
            else:
                yield from zip(self._whole(pieces), map(self._structure, pieces.trail.tolist()), strict=True)

    def _whole(self, pieces: _Pieces) -> list[float]:
        """Return what whole structures come to by the first limit."""
        if not self.limits:
            return [0.0] * len(pieces.trail)
        begin, state = np.array([0]), np.array([pieces.state])
        whole: list[float] = self.limits[0].measure.completed(0, begin, state, pieces.values[0][:, None])[:, 0].tolist()
        return whole

    def blocks(self) -> set[BlockChoice]:
        """Return what can run blocks of them, and some more: by each limit the best can be in front and behind."""
        found = set[BlockChoice]()
        for cut in range(1, self.cutting.last + 1):
            others = self.most - 1 - (cut < self.cutting.last)  # in front, at most: one at least is behind
            if others < 0:
                continue
            for state in self.cutting.at[cut]:
                ahead, after = self.cutting.ahead(cut, state), self.cutting.after(cut, state)
                there = np.flatnonzero(after >= 0)
                good = np.ones(len(there), dtype=bool)
                for limit in self.limits:
                    behind = limit.measure.behind[cut, state]
                    value = limit.measure.extended(cut, state, np.array([behind]))[:, there]
                    good &= limit.kept(limit.measure.completed(others, ahead.first[there], after[there], value)[0])
                found.update(ahead.choices[row] for row in there[good].tolist())
        return found

    def _grown(self, pieces: _Pieces) -> Iterator[_Pieces]:
        """Put a block in front of each piece, in all ways that can be completed."""
        cut, state = pieces.cut, pieces.state
        first, after = self.cutting.ahead(cut, state).first, self.cutting.after(cut, state)
        left = self.most - pieces.trail.shape[1] - 1
        there = np.flatnonzero((after >= 0) & ((first == 0) | (left > 0)))
        first, after = first[there], after[there]
        good = np.ones((len(pieces.trail), len(there)), dtype=bool)
        values = list[Floats]()
        for limit, own in zip(self.limits, pieces.values, strict=True):
            value = limit.measure.extended(cut, state, own)[:, there]
            good &= limit.kept(limit.measure.completed(left, first, after, value))
            values.append(value)
        piece, block = np.nonzero(good)
        steps = np.stack([np.full(len(piece), cut), np.full(len(piece), state), there[block]], axis=1)
        trail = np.concatenate([pieces.trail[piece], steps[:, None, :]], axis=1)
        group = first[block] * len(self.cutting.states) + after[block]
        order = np.argsort(group, kind="stable")
        ends = np.flatnonzero(np.diff(group[order])) + 1
        for alike in np.split(order, ends) if len(order) else []:
            where, what = divmod(int(group[alike[0]]), len(self.cutting.states))
            yield _Pieces(where, what, [whole[piece[alike], block[alike]] for whole in values], trail[alike])

    def _structure(self, trail: list[list[int]]) -> Structure:
        """Put the blocks of a trail together, with what it takes to hand over to each."""
        cut, state, row = trail[-1]
        hop = self.cutting.entries[int(self.cutting.after(cut, state)[row])]
        blocks = []
        for cut, state, row in reversed(trail):
            ahead = self.cutting.ahead(cut, state)
            blocks.append(self._with(ahead.choices[row], hop))
            hop = ahead.hops[row]
        return tuple(blocks)

    def _with(self, choice: BlockChoice, hop: Hop) -> BlockChoice:
        if (choice, hop) not in self._placed:
            self._placed[choice, hop] = replace(choice, hop_s=hop.seconds, hop_usd=hop.usd)
        return self._placed[choice, hop]
