"""Deployments with ever more slack, one after another: what is tried where a simulation does not confirm the first.

From one to the next a block has fewer places to wait in beside its function, or a machine more: of these steps the one
that takes most off the latency limit for its money, as the formula for waits has both. Each next one leaves less to
wait, so where one keeps the limit, those behind it do, and the first that does is found by bisection (`trials.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from serflow_opt.ground.tolerances import SMALLEST
from serflow_opt.traffic.provision.waits import ROOMS, Size

if TYPE_CHECKING:
    from serflow_opt.traffic.service import Block

Valuation = Callable[[Sequence["Size"]], tuple[float, float]]
"""What sizes cost, USD per second, and what they take of the latency limit by the formula, in its unit."""


@dataclass(frozen=True, slots=True)
class Rung:
    """Machines and places by pool, what they cost, USD per second, and what they take of the limit by the formula."""

    sizes: tuple[Size, ...]
    usd: float
    taken: float


class SlackLadder:
    """Deployments by rising slack, each found when it is asked for.

    Parameters
    ----------
    first
        Machines and places by pool, to begin with.
    blocks
        By pool, its block with its type of machine alone.
    valuation
        What sizes cost and take.
    keep_rooms
        Whether places to wait in stay as they are.

    Attributes
    ----------
    base
        What is taken of the limit where nobody waits.
    """

    def __init__(
        self, first: Sequence[Size], blocks: Sequence[Block], valuation: Valuation, *, keep_rooms: bool
    ) -> None:
        self._blocks, self._valuation, self._keep_rooms = blocks, valuation, keep_rooms
        self._rungs = [Rung(tuple(first), *valuation(first))]
        self._ended = False
        self.base = valuation([replace(own, room=0) for own in first])[1]

    def __getitem__(self, n: int) -> Rung:
        """Return one that there is (`last`)."""
        return self._rungs[self.last(n)]

    def last(self, n: int) -> int:
        """Return the number of the last deployment up to number n."""
        while len(self._rungs) <= n and not self._ended:
            self._extend()
        return min(n, len(self._rungs) - 1)

    def first_within(self, taken: float, low: int, high: int) -> int:
        """Return the number of the first in a range that takes no more than so much of the limit; its end, if none.

        That is where the ladder ends, too, and where one takes as much as the one before: steps are no help there.

        Parameters
        ----------
        taken
            In the unit of the limit.
        low, high
            The range, with its beginning above 0.
        """
        for n in range(low, high):
            if self.last(n) < n or not taken < self[n].taken < self[n - 1].taken:
                return n
        return high

    def _extend(self) -> None:
        now = self._rungs[-1]
        steps = [Rung(sizes, *self._valuation(sizes)) for sizes in self._steps(now.sizes)]

        def worth(step: Rung) -> tuple[float, float]:
            gain = max(now.taken - step.taken, 0.0) if step.taken == step.taken else 0.0
            return gain / max(step.usd - now.usd, SMALLEST), now.usd - step.usd

        if steps:
            self._rungs.append(max(steps, key=worth))
        else:
            self._ended = True

    def _steps(self, sizes: tuple[Size, ...]) -> Iterator[tuple[Size, ...]]:
        """Yield what one place fewer of the list, or a machine more, makes of sizes, where anybody waits."""
        for n, (own, block) in enumerate(zip(sizes, self._blocks, strict=True)):
            if not own.count or own.room == 0 or (self._keep_rooms and own.room is not None):
                continue
            most = block.machines[0].machines_max
            changed = [] if most is not None and own.count >= most else [replace(own, count=own.count + 1)]
            if own.room is not None:
                changed.append(replace(own, room=max(room for room in ROOMS if room < own.room)))
            yield from ((*sizes[:n], step, *sizes[n + 1 :]) for step in changed)
