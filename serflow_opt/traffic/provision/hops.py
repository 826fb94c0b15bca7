"""Between which tiers blocks hand requests over, and what that takes.

Machines keep the order of the tiers: a request moves down the list, never up. Functions stand in one network with the
machines that they share a link with, so that hand-over goes either way. Tiers without a link cannot hand over. Within a
tier a hand-over takes what the tier's link to functions takes (to machines, for functions), nothing without one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from serflow_opt.problem.instance import Instance
from serflow_opt.problem.offers import Link

Tiers = tuple[int | None, int | None]
"""Positions of the tiers of a block's machines and of its function; None: no such pool."""


@dataclass(frozen=True, slots=True)
class Hop:
    """What handing a request over takes and costs, s and USD, on the slowest and on the dearest way."""

    seconds: float = 0.0
    usd: float = 0.0


class Hops:
    """The hand-overs of an instance.

    Parameters
    ----------
    instance
        The problem.
    machines, functions
        Positions of its tiers of either kind that have options.
    """

    def __init__(self, instance: Instance, machines: Sequence[int], functions: Sequence[int]) -> None:
        self.instance, self.machines, self.functions = instance, machines, functions

    def into_first(self, tiers: Tiers) -> Hop | None:
        """Return the way of the input into a block; None where one of its tiers cannot be reached from the source."""
        entries = self.instance.entry_links()
        used = [t for t in tiers if t is not None]
        if any(t not in entries for t in used):
            return None
        return self._hop([entries[t] for t in used], 0)

    def between(self, before: Tiers, after: Tiers, stage: int) -> Hop | None:
        """Return the hand-over before the stage at a position; None where one of the ways does not exist.

        Parameters
        ----------
        before, after
            Tiers of the block that hands over and of the one that takes over; every pair of their pools is a way.
        stage
            Position of the first stage of the block that takes over: its input is what is sent.
        """
        links: list[Link | None] = []
        for i in before:
            for j in after:
                if i is None or j is None:
                    continue
                found = self._within(i) if i == j else self._across(i, j)
                if found is None:
                    return None
                links += found
        return self._hop(links, stage)

    def _across(self, i: int, j: int) -> list[Link] | None:
        """Return the link from a tier to another; None where there is none, or machines would hand up the list."""
        names = [tier.name for tier in self.instance.tiers]
        link = self.instance.links.get((names[i], names[j]))
        if link is None and (i in self.functions) != (j in self.functions):
            link = self.instance.links.get((names[j], names[i]))
        return None if link is None else [link]

    def _within(self, i: int) -> list[Link]:
        """Return the links of a tier to those of the other kind."""
        others = self.machines if i in self.functions else self.functions
        return [link for j in others for link in self._across(i, j) or ()]

    def _hop(self, links: Sequence[Link | None], stage: int) -> Hop:
        size = self.instance.received_bytes(stage)
        seconds = [link.seconds(size) for link in links if link is not None]
        usd = [link.usd_per_byte * size for link in links if link is not None]
        return Hop(max(seconds, default=0.0), max(usd, default=0.0))
