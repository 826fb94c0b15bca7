"""Where a chain of stages can be cut, and which blocks can stand in front of each cut.

What is in front of a cut sees little of what is behind it: the tiers of the next block, to which it hands over, and the
first tier of machines behind, which its own must not be behind. That is the *state* of a cut. So structures are paths
through (cut, state), and whatever adds up along them is found by recursion, not by listing them.
"""

from __future__ import annotations

from collections import Counter
from copy import copy
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from serflow_opt.ground.arrays import Ints
from serflow_opt.problem.instance import Instance
from serflow_opt.traffic.provision.hops import Hop, Tiers
from serflow_opt.traffic.provision.structures import BlockChoice, Structures


class CutState(NamedTuple):
    """What blocks in front of a cut see of those behind it.

    Attributes
    ----------
    tiers
        Of the block behind; None: none is.
    lowest
        The first tier of machines behind; None: none are.
    """

    tiers: Tiers | None
    lowest: int | None


END = CutState(None, None)
"""Nothing follows."""


@dataclass(frozen=True, slots=True)
class Ahead:
    """The blocks that can stand in front of a cut, whatever follows the block behind it.

    Attributes
    ----------
    choices
        What runs each, with what its hand-over at the cut holds; the hand-over into it is left open.
    first
        Position of the first stage of each.
    hops
        Of each: its hand-over to the block behind.
    """

    choices: list[BlockChoice]
    first: Ints
    hops: list[Hop]


class Cutting:
    """The cuts of an instance, and what can be in front of them.

    Parameters
    ----------
    structures
        Of the instance.

    Attributes
    ----------
    last
        Number of stages: the cut behind all of them.
    states
        All states; positions in it stand for them elsewhere.
    at
        By cut, the states that it can have.
    """

    def __init__(self, structures: Structures) -> None:
        self.structures = structures
        self.last = len(structures.instance.stages)
        self.states = [END]
        self._number = {END: 0}
        self._ahead: dict[tuple[int, Tiers | None], Ahead] = {}
        self._after: dict[tuple[int, int], Ints] = {}
        at: list[set[int]] = [set() for _ in range(self.last)] + [{0}]
        for cut in range(self.last, 0, -1):
            for state in sorted(at[cut]):
                ahead = self.ahead(cut, state)
                for first, after in {*zip(ahead.first.tolist(), self.after(cut, state).tolist(), strict=True)}:
                    if after >= 0:
                        at[first].add(after)
        self.at = [sorted(own) for own in at]
        self.entries = {state: hop for state in self.at[0] if (hop := self._entry(state)) is not None}

    def _entry(self, state: int) -> Hop | None:
        tiers = self.states[state].tiers
        return None if tiers is None else self.structures.hops.into_first(tiers)

    def ahead(self, cut: int, state: int) -> Ahead:
        """Return what can be in front of a cut but for the order of machines' tiers (`after`)."""
        tiers = self.states[state].tiers
        if (cut, tiers) not in self._ahead:
            self._ahead[cut, tiers] = self._found(cut, tiers)
        return self._ahead[cut, tiers]

    def _found(self, cut: int, behind: Tiers | None) -> Ahead:
        choices, hops = list[BlockChoice](), list[Hop]()
        blocks = self.structures.most - (cut < self.last)
        for first in range(cut - 1, -1, -1) if blocks > 1 else [0]:
            for tiers, offer in self.structures.offers(first, cut - 1).items():
                hop = Hop() if behind is None else self.structures.hops.between(tiers, behind, cut)
                if hop is not None:
                    choices += [self.structures.placed(choice, Hop(), hop.seconds) for choice in offer]
                    hops += [hop] * len(offer)
        return Ahead(choices, np.array([choice.first for choice in choices], dtype=np.int64), hops)

    def after(self, cut: int, state: int) -> Ints:
        """Return for each block of `ahead` the state in front of it; -1 where its machines are behind others' tiers."""
        if (cut, state) not in self._after:
            known: dict[Tiers, int] = {}
            for choice in self.ahead(cut, state).choices:
                tiers = self.structures.tiers(choice)
                if tiers not in known:
                    known[tiers] = self._next(tiers, self.states[state].lowest)
            self._after[cut, state] = np.array(
                [known[self.structures.tiers(choice)] for choice in self.ahead(cut, state).choices], dtype=np.int64
            )
        return self._after[cut, state]

    def _next(self, tiers: Tiers, lowest: int | None) -> int:
        own = tiers[0]
        if own is not None and lowest is not None and own > lowest:
            return -1
        state = CutState(tiers, lowest if own is None else own)
        if state not in self._number:
            self._number[state] = len(self.states)
            self.states.append(state)
        return self._number[state]

    def under(self, instance: Instance) -> Cutting:
        """Return the same under other limits, which change nothing of what can run what."""
        other = copy(self)
        other.structures = self.structures.under(instance)
        return other

    def choices(self) -> list[BlockChoice]:
        """Return what can run blocks, with what their hand-over holds."""
        return list({choice: None for ahead in self._ahead.values() for choice in ahead.choices})

    def count(self, most: int | None = None) -> int:
        """Return how many structures there are, of at most so many blocks; None: of all."""
        ways: dict[tuple[int, int], int] = {(self.last, 0): 1}
        total = 0
        for _ in range(most or self.structures.most):
            further: dict[tuple[int, int], int] = {}
            for (cut, state), count in ways.items():
                if cut:
                    pairs = Counter(
                        zip(self.ahead(cut, state).first.tolist(), self.after(cut, state).tolist(), strict=True)
                    )
                    for key, own in pairs.items():
                        further[key] = further.get(key, 0) + count * own
            total += sum(count for (cut, state), count in further.items() if not cut and state in self.entries)
            ways = {key: count for key, count in further.items() if key[1] >= 0}
        return total
