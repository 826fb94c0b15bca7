"""What goes wrong in a simulation on purpose."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Faults:
    """Failures: in a window of seconds, whose start belongs to it and whose end does not, or at random.

    Attributes
    ----------
    no_start
        (machine name, from, to): orders of this type fail at once and are never billed.
    throttle
        (from, to, limit): no function takes more than so many requests at once.
    interruptions
        Whether machines are taken away as often as they say, at random, at the next decision; they end what they have
        begun, as within a notice, and one that is ordered in the place of another serves when that is replaced.
    """

    no_start: tuple[tuple[str, float, float], ...] = ()
    throttle: tuple[tuple[float, float, int], ...] = ()
    interruptions: bool = False

    def fails(self, machine: str, now_s: float) -> bool:
        """Whether a machine ordered now fails to start."""
        return any(name == machine and start <= now_s < end for name, start, end in self.no_start)

    def limit(self, now_s: float) -> float:
        """Most requests that a function takes at once now."""
        return min((limit for start, end, limit in self.throttle if start <= now_s < end), default=math.inf)
