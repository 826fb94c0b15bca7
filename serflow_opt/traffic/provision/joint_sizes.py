"""The cheapest sizes of blocks that share a latency limit: what they may cost is raised until some keep it.

What a block costs by itself, if nobody waits elsewhere, is no more than it costs beside others. So where all together
may cost U, only sizes of a block count that cost no more than U less the least of the others: few, as long as U is near
the sum of the least. All combinations of these are looked at, of the last two blocks at once (`joint_lateness.py`).
"""

from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING

import numpy as np

from serflow_opt.ground.tolerances import EQUAL, ROUNDING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from serflow_opt.ground.deadline import Deadline
    from serflow_opt.traffic.provision.joint_lateness import ChosenWaits, JointTaken
    from serflow_opt.traffic.provision.waits import Size, Wait

FIRST = 1 / 128
"""Part of the sum of the least that all may cost beyond it at first; then twice as much, and so on."""


class JointSizes:
    """Sizes of blocks that share a limit.

    Parameters
    ----------
    options
        Returns the sizes of a block that cost at most so much, USD per second, and are in time if nobody waits
        elsewhere.
    joint
        Returns what waits of some blocks take, given the blocks and the waits of each, two blocks at least.
    keeps
        Whether waits, by block, are in time.
    most
        The limit.
    deadline
        When to stop: OutOfTime is raised then.
    """

    def __init__(
        self,
        options: Callable[[int, float], Sequence[Size]],
        joint: Callable[[Sequence[int], Sequence[Sequence[Wait]]], JointTaken],
        keeps: Callable[[dict[int, Wait | None]], bool],
        most: float,
        deadline: Deadline,
    ) -> None:
        self._options, self._joint, self._keeps, self._deadline = options, joint, keeps, deadline
        self._most = most + EQUAL * abs(most) + ROUNDING

    def cheapest(self, least: Mapping[int, float], below: float) -> dict[int, Size] | None:
        """Return the cheapest sizes; None where none cost less than `below`, USD per second.

        Parameters
        ----------
        least
            By block, what it costs at least, USD per second.
        below
            Where it is infinite, some sizes have to be in time.
        """
        whole = math.fsum(least.values())
        more = FIRST * whole
        while True:
            self._deadline.check()
            asked = min(whole + more, below)
            found = self._within(least, asked)
            if found is not None or asked >= below:
                return found
            more *= 2

    def _within(self, least: Mapping[int, float], below: float) -> dict[int, Size] | None:
        """Return the cheapest sizes; None where none cost less than `below`."""
        whole = math.fsum(least.values())
        each = {b: self._options(b, below - (whole - usd)) for b, usd in least.items()}
        waiting = {b: sorted((s for s in own if s.wait is not None), key=lambda s: s.usd) for b, own in each.items()}
        still = {
            b: min((s for s in own if s.wait is None), key=lambda s: s.usd, default=None) for b, own in each.items()
        }
        best: dict[int, Size] | None = None
        for wait in itertools.product((True, False), repeat=len(least)):
            some = [b for b, own in zip(least, wait, strict=True) if own]
            others = {b: still[b] for b in least if b not in some}
            known = {b: own for b, own in others.items() if own is not None}
            if len(known) < len(others) or not all(waiting[b] for b in some):
                continue
            spent = math.fsum(own.usd for own in known.values())
            found = self._of_waiting(some, [waiting[b] for b in some], below - spent)
            if found is not None:
                best = {**known, **found}
                below = math.fsum(own.usd for own in best.values())
        return best

    def _of_waiting(
        self, blocks: Sequence[int], options: Sequence[Sequence[Size]], below: float
    ) -> dict[int, Size] | None:
        """Return the cheapest sizes of blocks that all wait, below a cost; options are cheapest first."""
        if math.fsum(own[0].usd for own in options) >= below:
            return None
        if len(blocks) < 2:
            return {b: own[0] for b, own in zip(blocks, options, strict=True)}
        taken = self._joint(blocks, [[size.wait for size in own if size.wait is not None] for own in options])
        usd = [np.array([size.usd for size in own]) for own in options]
        rest = [math.fsum(float(own[0]) for own in usd[n + 1 :]) for n in range(len(blocks))]
        best: tuple[int, ...] | None = None

        def kept(chosen: tuple[int, ...]) -> bool:
            return self._keeps({b: own[i].wait for b, own, i in zip(blocks, options, chosen, strict=True)})

        def extend(before: ChosenWaits, spent: float, chosen: tuple[int, ...]) -> None:
            nonlocal best, below
            self._deadline.check()
            n = len(chosen)
            if n < len(blocks) - 2:
                for i, own in enumerate(usd[n].tolist()):
                    if spent + own + rest[n] >= below:
                        return
                    behind = taken.chosen(before, n, i)
                    if behind.taken <= self._most:
                        extend(behind, spent + own, (*chosen, i))
                return
            second, last = usd[-2][usd[-2] < below - spent - usd[-1][0]], usd[-1][usd[-1] < below - spent - usd[-2][0]]
            if not (len(second) and len(last)):
                return
            whole = spent + second[:, None] + last
            whole[taken.pairs(before, len(second), len(last)) > self._most] = math.inf
            while whole.min() < below:
                j, k = divmod(int(whole.argmin()), len(last))
                if kept((*chosen, j, k)):  # told as it always is, to the last digit
                    best, below = (*chosen, j, k), float(whole[j, k])
                else:
                    whole[j, k] = math.inf

        extend(taken.none(), 0.0, ())
        return None if best is None else {b: own[i] for b, own, i in zip(blocks, options, best, strict=True)}
