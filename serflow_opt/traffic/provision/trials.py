"""Which deployment is handed out, of some with ever more slack: the cheapest that simulated requests confirm.

The first is that of the formula. Where it is refuted, or not confirmed, the next trial is the first that the formula
would have in time if it were wrong by as much everywhere as the simulation found it to be here; and where that will not
do, ever further ones. Between one that would not do and one that did, the rest is bisected, as long as it is worth it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from serflow_opt.ground.deadline import Deadline
from serflow_opt.traffic.confirm.confirm import AT_LIMIT

if TYPE_CHECKING:
    from serflow_opt.traffic.confirm.result import Confirmation
    from serflow_opt.traffic.provision.slack import SlackLadder
    from serflow_opt.traffic.provision.waits import Size

MOST_TRIALS, MOST_OPEN = 20, 2
"""Deployments that are simulated, at most, and simulations without a verdict before one that confirms: more slack does
not help where requests are too few to tell."""
FAR = 64
"""Of the ladder as much is looked at for the next trial, at most."""
WORTH = 0.001
"""Of the cost: what less than this could be saved by is not bisected."""

LONGER = 6
"""Times the requests of other simulations where the next deployment costs more than 1 % more and two thirds of these
would be enough to confirm this one."""

Simulate = Callable[[Sequence["Size"], Deadline, int], "Confirmation"]
"""Simulates sizes until a deadline, with so many times the requests that are enough otherwise."""


@dataclass(frozen=True, slots=True)
class ChosenSizes:
    """A deployment, what simulations say of it, and what they say of that of the formula."""

    sizes: tuple[Size, ...]
    found: Confirmation
    first: Confirmation


class Trials:
    """Simulations of deployments with ever more slack.

    Parameters
    ----------
    ladder
        The deployments.
    simulate
        What simulates sizes until a deadline.
    deadline
        When to stop; each trial has half of what is left until then, so that one with more slack can follow.
    """

    def __init__(self, ladder: SlackLadder, simulate: Simulate, deadline: Deadline) -> None:
        self._ladder, self._simulate, self._deadline = ladder, simulate, deadline
        self._tried: dict[int, Confirmation] = {}

    def run(self) -> ChosenSizes:
        """Return the cheapest deployment that is confirmed; else the one that most is to be said for."""
        low, high, step, open_, n = -1, None, 1, 0, 0
        while True:
            left = self._deadline.left
            until = self._deadline.later(-left / 2) if self._deadline.limited else self._deadline
            own = self._simulate(self._ladder[n].sizes, until, 1)
            if self._nearly(n, own):
                own = self._simulate(self._ladder[n].sizes, until, LONGER)
            self._tried[n] = own
            if self._does(n, own):
                high = n
            else:
                low, open_ = n, open_ + (own.verdict == "undecided")
            following = self._following(low, high, step)
            if following is None or self._deadline.expired or len(self._tried) >= MOST_TRIALS:
                return self._chosen(high, following)
            if high is None and open_ > MOST_OPEN:
                return self._chosen(high, None)
            n, step = following, 2 * step

    def _dearer(self, n: int) -> bool:
        """Whether the next costs more by a larger part than what an interval may be off to be at the limit."""
        return self._ladder.last(n + 1) == n or self._ladder[n + 1].usd > self._ladder[n].usd * (1 + AT_LIMIT)

    def _nearly(self, n: int, found: Confirmation) -> bool:
        """Whether more requests are likely to confirm a deployment, and worth it: intervals shrink with their root."""
        room, half = found.target.limit - found.value, found.high - found.value
        likely = found.verdict == "undecided" and room > 0 and (half / room) ** 2 <= LONGER * 2 / 3
        return likely and not found.within <= AT_LIMIT and self._dearer(n)

    def _does(self, n: int, found: Confirmation) -> bool:
        """Whether a deployment is confirmed, or as good as that.

        That is at the limit where the next costs more than it is off, or where simulations know next to nothing: it may
        be off by as much as the limit is.
        """
        if found.verdict == "undecided" and found.within <= AT_LIMIT:
            return self._dearer(n)
        return found.verdict == "kept" or (found.verdict == "undecided" and not found.within < 1)

    def _following(self, low: int, high: int | None, step: int) -> int | None:
        """Return which to try after one that will not do and, where there is one, one that does; None: no other."""
        ladder = self._ladder
        if high is None:
            aimed = ladder.first_within(self._aim(low), low + 1, low + FAR)
            following = ladder.last(max(aimed, low + step))
            return None if following == low else following
        if high - low == 1 or ladder[high].usd <= ladder[low + 1].usd * (1 + WORTH):
            return None
        return (low + high) // 2

    def _aim(self, n: int) -> float:
        """What a deployment may take of the limit by the formula to keep it as simulated, where waits take alike."""
        found, said, base = self._tried[n], self._ladder[n].taken, self._ladder.base
        worst = found.high if math.isfinite(found.high) else 2 * found.value - found.low
        if not (math.isfinite(worst) and min(worst, said, found.target.limit) > base):
            return math.inf
        return base + (said - base) * (found.target.limit - base) / (worst - base)

    def _chosen(self, high: int | None, following: int | None) -> ChosenSizes:
        """Return what is handed out; `following` would have been tried next if there were time."""
        n = following if high is None else high
        if n is None:  # none keeps the limit: one that is not refuted, or the one with most slack
            broken = max((own for own, found in self._tried.items() if found.verdict == "broken"), default=-1)
            open_ = [own for own, found in self._tried.items() if found.verdict != "broken"]
            n = min(open_, key=lambda own: (own < broken, own), default=max(self._tried))
        sizes = self._ladder[n].sizes
        found = self._tried[n] if n in self._tried else self._simulate(sizes, Deadline(0.0), 1)
        return ChosenSizes(sizes, found, self._tried[0])
