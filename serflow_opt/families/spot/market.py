"""Where spot machines can be had from moment to moment, and machines that are started, lost and stopped there."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from serflow_opt.families.spot.problem import SpotPool
from serflow_opt.ground.tolerances import ROUNDING

if TYPE_CHECKING:
    from serflow_opt.ground.arrays import Floats, Mask


@dataclass(frozen=True, slots=True, eq=False)
class Market:
    """What a trace says, in steps of equal length.

    Attributes
    ----------
    name, step_s
        The trace, and how long a step lasts.
    up
        Whether machines of an offer can be had, T x offers.
    need
        Workers that are enough, T.
    requests
        In each step, T; 1 where only workers are asked for.
    late
        Share of late requests by workers up, for each of the different rates; `which` of them a step has.
    """

    name: str
    step_s: float
    up: Mask
    need: Floats
    requests: Floats
    late: Floats
    which: Floats

    def __len__(self) -> int:
        """Steps."""
        return len(self.need)


class MarketMachines:
    """Machines of a pool in a market, step by step.

    A machine that is started in a step serves from the first step after `start_s` on and is paid from that step to the
    one in which it is stopped or lost. Where an offer cannot be had all of it is lost, and starts fail.

    Parameters
    ----------
    pool, market
        What there is.

    Attributes
    ----------
    ready, booting
        By offer, how many serve, and how many do not yet.
    lost, starts, paid_s
        By offer: taken away in this step; started so far; machine-seconds paid so far.
    """

    def __init__(self, pool: SpotPool, market: Market) -> None:
        self.pool, self.market, self.now = pool, market, -1
        count = len(pool.offers)
        self._since: list[list[int]] = [[] for _ in range(count)]  # by offer, the steps from which they serve
        self.boots = [boot_steps(own.start_s, market.step_s) for own in pool.offers]
        self.lost, self.starts, self.paid_s = [0] * count, [0] * count, [0.0] * count

    @property
    def ready(self) -> list[int]:
        """By offer, how many serve."""
        return [sum(since <= self.now for since in own) for own in self._since]

    @property
    def held(self) -> list[int]:
        """By offer, how many there are."""
        return [len(own) for own in self._since]

    def next_step(self) -> None:
        """Go on by a step: what cannot be had any more is lost."""
        self.now += 1
        for j, up in enumerate(self.market.up[self.now].tolist()):
            self.lost[j] = 0 if up else len(self._since[j])
            if not up:
                self._since[j].clear()

    def start(self, j: int, count: int) -> int:
        """Start machines of an offer; return how many could be."""
        if not self.market.up[self.now, j]:
            return 0
        count = min(count, self.pool.offers[j].most - len(self._since[j]))
        self._since[j] += [self.now + (self.boots[j] if self.now else 0)] * count  # at the start all is there
        self.starts[j] += count
        return count

    def stop(self, j: int, count: int) -> None:
        """Stop machines of an offer, those that serve last first."""
        for _ in range(min(count, len(self._since[j]))):
            self._since[j].pop()

    def pay(self) -> None:
        """Pay for the step."""
        for j, own in enumerate(self._since):
            self.paid_s[j] += len(own) * self.market.step_s

    def workers(self) -> int:
        """Workers that serve."""
        return sum(count * offer.workers for count, offer in zip(self.ready, self.pool.offers, strict=True))


def boot_steps(start_s: float, step_s: float) -> int:
    """Whole steps until a machine serves."""
    return math.ceil(start_s / step_s * (1 - ROUNDING))
