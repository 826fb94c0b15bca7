"""Between what thresholds are in a block, as far as its waits depend on it: the boxes that sets are split into.

How long requests wait depends on how many enter, how long each holds a worker on average, and how much that scatters.
All three follow from the work W, its second moment S and the reach R, which are linear in the reaches of the stages:
one who enters holds a worker for W / R, with a squared coefficient of variation of R S / W² - 1.
"""

from __future__ import annotations

from dataclasses import dataclass

Range = tuple[float, float]
"""The least and the most."""


@dataclass(frozen=True, slots=True)
class BlockRanges:
    """Between what some thresholds are, in one block.

    Attributes
    ----------
    work
        W, seconds that a request of the service holds a worker.
    square
        S, mean square of these seconds, s²; None: any, or no matter.
    reach
        R, share of the requests that enters; None: any, or no matter.
    """

    work: Range
    square: Range | None = None
    reach: Range | None = None

    def spreads(self) -> dict[str, float]:
        """Return how wide each range is beside its upper end; what is 0 or does not matter is left out."""
        named = (("work", self.work), ("square", self.square), ("reach", self.reach))
        return {name: (own[1] - own[0]) / own[1] for name, own in named if own is not None and own[1] > 0}


def within(own: Range, known: Range) -> Range:
    """Return a range as far as it is within another."""
    return max(own[0], known[0]), min(own[1], known[1])
