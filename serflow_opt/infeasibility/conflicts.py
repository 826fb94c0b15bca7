"""Which sets of limits clash: all smallest ones, and the smallest sets that have to give way, from yes-no answers.

A set is *minimal infeasible* when no plan keeps all its limits and each limit less leaves one. Whatever is loosened
must hit every such set; the smallest hitting sets are the smallest repairs (minimal correction sets, Reiter 1987).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import combinations

Keys = frozenset[str]


@dataclass(slots=True)
class KnownSets:
    """What is known of sets of limits; what a plan keeps answers for all subsets, what clashes for all supersets.

    Attributes
    ----------
    kept
        Sets that some plan keeps.
    clashing
        Sets that no plan keeps.
    """

    kept: list[Keys] = field(default_factory=list)
    clashing: list[Keys] = field(default_factory=list)

    def can_be_kept(self, keys: Keys) -> bool | None:
        """Whether some plan keeps a set; None: not known."""
        if any(keys <= known for known in self.kept):
            return True
        if any(known <= keys for known in self.clashing):
            return False
        return None

    def tell(self, keys: Keys, feasible: bool) -> None:
        """Note an answer."""
        (self.kept if feasible else self.clashing).append(keys)


def smallest_clashes(keys: Sequence[str], can_be_kept: Callable[[Keys], bool | None]) -> tuple[list[Keys], bool]:
    """Return all minimal infeasible sets, the smallest first, and whether every question was answered.

    Parameters
    ----------
    keys
        The limits; all subsets are gone through by size, so there should be no more than ten.
    can_be_kept
        Answers for a set; None: it cannot tell. What it cannot tell counts as kept.
    """
    found: list[Keys] = []
    complete = True
    for size in range(len(keys) + 1):
        for some in map(frozenset, combinations(keys, size)):
            if any(known <= some for known in found):
                continue
            answer = can_be_kept(some)
            complete &= answer is not None
            if answer is False:
                found.append(some)  # every smaller set was found to be kept
    return found, complete


def smallest_repairs(keys: Sequence[str], clashes: Sequence[Keys]) -> list[Keys]:
    """Return the smallest sets of limits that hit every clash: those whose loosening can make room for a plan."""
    for size in range(1, len(keys) + 1):
        hit = [some for some in map(frozenset, combinations(keys, size)) if all(some & clash for clash in clashes)]
        if hit:
            return hit
    return []
