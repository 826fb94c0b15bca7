"""How many may wait in time in several blocks together, at the thresholds of a set.

What is spilled falls with the places to wait in, and what is late rises. So a size of a block stands for a range of
numbers of places: it spills what the last does, and makes late what the first does. Where a bound likes thresholds at
which the last makes too many late the range is split at the least number that does: below it these thresholds spill
more, from there on they are out.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from serflow_opt.traffic.provision.flows import FlowLine
from serflow_opt.traffic.provision.lateness import Lateness
from serflow_opt.traffic.provision.sizing import OPENED, Sized, Sizing

if TYPE_CHECKING:
    from serflow_opt.ground.arrays import Floats


class PlacesInTime:
    """Places to wait in of the blocks of a structure, at a set of thresholds.

    Parameters
    ----------
    sizings
        By block; None: it has no machines.
    lateness
        What is late of those who leave at each stage in each way.
    shares
        Of the ways to meet cold starts.
    room
        Share of the requests that may be late.
    """

    def __init__(self, sizings: Sequence[Sizing | None], lateness: Lateness, shares: Floats, room: float) -> None:
        self._sizings, self._lateness, self._shares, self._room = sizings, lateness, shares, room

    @staticmethod
    def fewest(own: Sequence[Sized]) -> list[int | None]:
        """Return positions in `ROOMS` of the fewest that may wait in each block; None: all, or none."""
        return [sized.rooms[0] if sized.rooms else None for sized in own]

    def parted(self, own: tuple[Sized, ...], reach: Floats) -> list[tuple[Sized, ...]]:
        """Split the numbers of places of one block at the least that makes too many late at some reaches.

        The others have the fewest that they may have. Where all may have the most in time, nothing comes back; where
        only one block by itself always may, the widest is split in the middle.

        Parameters
        ----------
        own
            Sizes, by block.
        reach
            Share of the requests that enters each stage.
        """
        first, last = self.fewest(own), [sized.rooms[1] if sized.rooms else None for sized in own]
        if self.over(own, first, reach) > 0:
            return [own]
        open_ = sorted((b for b, sized in enumerate(own) if sized.spans), key=lambda b: own[b].spans)
        for b in open_:
            at = self._first_late(own, first, b, reach)
            if at is not None:
                return self._cut(own, b, at)
        if not open_ or self.over(own, last, reach) <= 0:
            return []
        low, high = own[open_[-1]].rooms or (0, 0)
        return self._cut(own, open_[-1], (low + high + 1) // 2)

    def _first_late(self, own: tuple[Sized, ...], first: Sequence[int | None], b: int, reach: Floats) -> int | None:
        """Return the least position in `ROOMS` of places in a block that makes too many late, from below; None: none.

        Parameters
        ----------
        own, reach
            As `parted` takes them.
        first
            Positions in `ROOMS` of the fewest places.
        b
            The block.
        """

        def late(n: int) -> bool:
            return self.over(own, [*first[:b], n, *first[b + 1 :]], reach) > 0

        (low, high), step = own[b].rooms or (0, 0), 1
        while low < high:
            after = min(low + step, high)
            if late(after):
                return bisect_left(range(low + 1, after), True, key=late) + low + 1
            low, step = after, 2 * step
        return None

    def _cut(self, own: tuple[Sized, ...], b: int, at: int) -> list[tuple[Sized, ...]]:
        """Return sizes with fewer places in a block than a position of `ROOMS`, and with as many or more."""
        sizing, (low, high) = self._sizings[b], own[b].rooms or (0, 0)
        assert sizing is not None
        halves = (sizing.of(own[b].count, *ends) for ends in ((low, at - 1), (at, high)))
        return [(*own[:b], half, *own[b + 1 :]) for half in halves]

    def over(self, sized: Sequence[Sized], rooms: Sequence[int | None], reach: Floats) -> float:
        """Return what is late of the limit at some reaches beyond it.

        Parameters
        ----------
        sized, rooms
            As `late` takes them.
        reach
            Share of the requests that enters each stage.
        """
        late = self.late(sized, rooms)
        return late.fixed + float(late.weight @ reach)

    def late(self, sized: Sequence[Sized], rooms: Sequence[int | None]) -> FlowLine:
        """Return what is late of the limit at least, as a line that is at most 0: waits in a row are independent.

        Parameters
        ----------
        sized
            Sizes, by block.
        rooms
            Positions in `ROOMS` of how many may wait in each; None: all, or none.
        """
        queues = [
            None if sizing is None else sizing.queue(own, room)
            for sizing, own, room in zip(self._sizings, sized, rooms, strict=True)
        ]
        late = self._lateness.late_each(queues)
        by_stage = self._shares @ late.reshape(len(self._shares), -1)
        return FlowLine(-OPENED, np.diff(by_stage, prepend=0.0) / self._room)
