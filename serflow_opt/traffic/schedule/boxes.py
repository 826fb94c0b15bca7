"""All mixes of machines that matter, slot by slot, and the cheapest way through them.

At given worths of machines every mix costs no less than the cheapest of its slot, and every change of it no less than
nothing; what it costs more is called above the bound here. In each slot a box of mixes, so many to so many machines of
each type, holds all that are above by less than the room of the slot. What to change from one box to the next costs is
a sum over types, so that the cheapest way to each mix takes a pass over the box a type, whatever the number of pairs.

The cheapest way through a window of slots raises the bound by what it is above, since worths settle windows among each
other. A way that leaves a box costs at least the room there, and what the rest of its window is known to.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from serflow_opt.ground.deadline import Deadline
from serflow_opt.ground.tolerances import WHOLE_MACHINE
from serflow_opt.traffic.schedule.mixes import Knapsack
from serflow_opt.traffic.schedule.prices import BlockMultipliers

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Counts = NDArray[np.int64]

VOLUME = 200_000
"""Mixes of a box at most."""
SHRINK = 0.75
SHRUNK = 24
"""Times that the room of a slot is halved for that; after these only one mix is left."""
CELLS = 30_000_000
"""Values kept at once to find a way back."""


class Boxes:
    """The mixes of each slot that may matter, at the worths found.

    Attributes
    ----------
    low, high
        Machines by slot and type, G x P.
    room
        By slot, what a way through a mix outside is above in the window that the box was made for, USD.
    """

    def __init__(self, prices: BlockMultipliers) -> None:
        self.prices, self.slots = prices, prices.slots
        shape = len(self.slots), self.slots.kinds
        self.low, self.high = np.zeros(shape, dtype=np.int64), np.zeros(shape, dtype=np.int64)
        self.room = np.zeros(len(self.slots))

    def fit(self, a: int, b: int, room: float) -> None:
        """Choose boxes for the slots from a to b, a window, with a room as long as they are not too large.

        Parameters
        ----------
        room
            USD.
        """
        prices = self.prices
        knapsack, rents = Knapsack(self.slots, prices.scale, a, b), prices.rents(a, b)
        through = self._through(a, b, knapsack.above(rents))
        one = np.rint(knapsack.cheapest(rents)[1]).astype(np.int64)
        self.low[a:b], self.high[a:b], self.room[a:b] = one, one, 0.0
        small = np.zeros(b - a, dtype=bool)
        for _ in range(SHRUNK):
            inside = through <= room
            low, high = inside.argmax(axis=2), inside.shape[2] - 1 - inside[:, :, ::-1].argmax(axis=2)
            fits = np.prod((high - low + 1).astype(float), axis=1) <= VOLUME
            now = ~small & fits & np.logical_and.reduce(inside.any(axis=2), axis=1)
            self.low[a:b][now], self.high[a:b][now], self.room[a:b][now] = low[now], high[now], room
            small |= now
            if small.all():
                return
            room *= SHRINK

    def _through(self, a: int, b: int, above: list[Floats]) -> Floats:
        """What ways through the slots from a to b are above, slot x type x number: the other types as they like."""
        slots, worth = self.slots, self.prices.worth
        own = np.full((b - a, slots.kinds, max(map(len, above))), math.inf)
        for p, values in enumerate(above):
            own[:, p, : len(values)] = values.T
        number = np.arange(own.shape[2])
        far = 1e6 * self.prices.dollar
        more = np.where(slots.up[a:b], np.maximum(slots.start_usd - worth[a:b], 0.0), far)[:, :, None] * number
        less = np.where(slots.down[a:b], np.maximum(worth[a:b], 0.0), far)[:, :, None] * number
        forth, back = own.copy(), np.zeros_like(own)
        for g in range(1, b - a):
            now = np.minimum.accumulate(forth[g - 1] - more[g], axis=1) + more[g]
            now = np.minimum.accumulate((now + less[g])[:, ::-1], axis=1)[:, ::-1] - less[g]
            forth[g] += now
        for g in range(b - a - 2, -1, -1):
            now = back[g + 1] + own[g + 1]
            now = np.minimum.accumulate((now + more[g + 1])[:, ::-1], axis=1)[:, ::-1] - more[g + 1]
            back[g] = np.minimum.accumulate(now - less[g + 1], axis=1) + less[g + 1]
        return np.asarray(forth + back)

    def above(self, g: int) -> Floats:
        """Return what the mixes of a box are above the bound in their slot, an axis a type."""
        slots, rents = self.slots, self.prices.rents(g, g + 1)[0]
        usd: Floats = np.zeros(())
        capacity: Floats = np.zeros(())
        for p in range(slots.kinds):
            number = np.arange(self.low[g, p], self.high[g, p] + 1)
            usd = usd[..., None] + number * rents[p]
            capacity = capacity[..., None] + number * slots.rates[p]
        if slots.demand.shape[1] == 1 and math.isfinite(slots.usd_per_request):
            left = np.maximum(slots.demand[g, 0] - capacity, 0.0) * (slots.length[g, 0] * slots.usd_per_request)
        else:  # in units, rounded up: no dearer than it is
            unit = self.prices.scale.unit
            most = math.ceil(float(slots.peak[g]) / unit * (1 - WHOLE_MACHINE))
            table = slots.left_usd(np.full(most + 1, g), np.asarray(np.arange(most + 1) * unit, dtype=float))
            left = table[np.minimum(np.ceil(capacity / unit * (1 - WHOLE_MACHINE)).astype(np.int64), most)]
        return np.asarray(np.maximum(usd + left - self.prices.least[g], 0.0))

    def step(self, usd: Floats, g: int) -> Floats:
        """Return the least to each mix of slot g, from what it is to those of slot g - 1."""
        for p in range(self.slots.kinds):
            old, new = (int(self.low[g - 1, p]), int(self.high[g - 1, p])), (int(self.low[g, p]), int(self.high[g, p]))
            usd = _change(usd, p, old, new, *self._changes(p, g))
        return usd

    def enter(self) -> Floats:
        """Return what the mixes of the first slot are above, their orders with them."""
        usd = self.above(0)
        for p in range(self.slots.kinds):
            order = max(float(self.slots.start_usd[p] - self.prices.worth[0, p]), 0.0)
            number = np.arange(self.low[0, p], self.high[0, p] + 1)
            usd = usd + (number * order).reshape([-1 if q == p else 1 for q in range(self.slots.kinds)])
        return usd

    def through(self, a: int, b: int, deadline: Deadline) -> float:
        """Return what the cheapest way from slot a to slot b, in the boxes, is above the bound, USD.

        Parameters
        ----------
        a, b
            Slots, from 0; a before b.
        deadline
            When to stop.

        Raises
        ------
        OutOfTime
            At the deadline.
        """
        usd = self.above(a) if a else self.enter()
        for g in range(a + 1, b):
            deadline.check()
            usd = self.step(usd, g) + self.above(g)
        return float(usd.min(initial=math.inf))

    def way(self, ahead: int, deadline: Deadline) -> Counts | None:
        """Return the numbers of machines, slot x type, along the cheapest way; None where the boxes leave none.

        Where boxes are too many to keep, it is found piece by piece, each with a view of the next.

        Parameters
        ----------
        ahead
            Slots of that view.
        deadline
            When to stop.

        Raises
        ------
        OutOfTime
            At the deadline.
        """
        total = len(self.slots)
        volume = np.cumsum(np.prod(self.high - self.low + 1, axis=1))
        numbers = np.zeros((total, self.slots.kinds), dtype=np.int64)
        usd, a = self.enter(), 0
        while True:
            b = min(max(int(np.searchsorted(volume, (volume[a - 1] if a else 0) + CELLS)), a + 2 * ahead), total)
            kept = [usd]
            for g in range(a + 1, b):
                deadline.check()
                usd = self.step(usd, g) + self.above(g)
                kept.append(usd)
            last = np.array(np.unravel_index(int(usd.argmin()), usd.shape))
            if not math.isfinite(usd[tuple(last)]):
                return None
            numbers[b - 1] = last + self.low[b - 1]
            for g in range(b - 1, a, -1):
                numbers[g - 1] = self._before(kept[g - 1 - a], numbers[g], g)
            if b == total:
                return numbers
            a = b - ahead
            usd = np.full(self.high[a] - self.low[a] + 1, math.inf)
            usd[tuple(numbers[a] - self.low[a])] = 0.0

    def _before(self, usd: Floats, numbers: Counts, g: int) -> Counts:
        """The mix of slot g - 1 from which the cheapest way leads to one of slot g."""
        for p in range(self.slots.kinds):
            more, less = self._changes(p, g)
            change = numbers[p] - np.arange(self.low[g - 1, p], self.high[g - 1, p] + 1)
            cost = np.zeros(len(change))
            cost[change > 0] = change[change > 0] * more
            cost[change < 0] = -change[change < 0] * less
            usd = usd + cost.reshape([-1 if q == p else 1 for q in range(self.slots.kinds)])
        return np.asarray(np.array(np.unravel_index(int(usd.argmin()), usd.shape)) + self.low[g - 1])

    def _changes(self, p: int, g: int) -> tuple[float, float]:
        """What one more and one less of a type where slot g begins is above, USD; inf where that cannot be."""
        slots, worth = self.slots, float(self.prices.worth[g, p])
        more = max(float(slots.start_usd[p]) - worth, 0.0) if slots.up[g, p] else math.inf
        return more, max(worth, 0.0) if slots.down[g, p] else math.inf


def _change(usd: Floats, axis: int, old: tuple[int, int], new: tuple[int, int], more: float, less: float) -> Floats:
    """The least to each number of a type, from what it is to numbers from old to old, by orders and stops."""
    values = np.moveaxis(usd, axis, 0)
    low, high = min(old[0], new[0]), max(old[1], new[1])
    wide = np.full((high - low + 1, *values.shape[1:]), math.inf)
    wide[old[0] - low : old[1] - low + 1] = values
    if math.isfinite(more):
        for k in range(max(old[0], low) - low + 1, new[1] - low + 1):
            wide[k] = np.minimum(wide[k], wide[k - 1] + more)
    if math.isfinite(less):
        for k in range(old[1] - low - 1, new[0] - low - 1, -1):
            wide[k] = np.minimum(wide[k], wide[k + 1] + less)
    return np.moveaxis(wide[new[0] - low : new[1] - low + 1], 0, axis)
