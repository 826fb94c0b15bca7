"""The cheapest mixes of machines for a slot when machines have prices: a knapsack, for many slots at once.

Capacity is counted in units. Where the rates of all types are whole multiples of one unit that is fine enough, this is
exact. Elsewhere a rate is rounded up to units, or, where that would be off by much, the type comes in fractions: either
way mixes get cheaper, never dearer, so that their sum bounds from below.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from serflow_opt.ground.tolerances import WHOLE_MACHINE
from serflow_opt.traffic.schedule.slots import Slots

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Counts = NDArray[np.int64]

LEVELS = 4_000
"""Units at the peak, at most."""
PARTS = 64
"""Units that the slowest type may be cut into."""
FINE = 500
"""A rate of so many units may be rounded up to the next."""


@dataclass(frozen=True)
class Scale:
    """Capacity in units, by type.

    Attributes
    ----------
    unit
        Requests/s.
    weight
        Units that an item of a type has.
    share
        Machines that such an item is: 1, or a part of one.
    """

    unit: float
    weight: tuple[int, ...]
    share: tuple[float, ...]

    @property
    def whole(self) -> bool:
        """Whether all items are machines."""
        return all(share == 1.0 for share in self.share)

    @classmethod
    def of(cls, rates: Floats, peak: float) -> Scale:
        """Return the unit for rates and a peak, requests/s."""
        least, unit = float(rates.min()), 0.0
        for parts in range(1, PARTS + 1):
            in_units = rates / least * parts
            if np.all(np.abs(in_units - np.rint(in_units)) <= WHOLE_MACHINE * in_units):
                unit = least / parts
                break
        if not unit or peak / unit > LEVELS:
            unit = peak / LEVELS
        weights, shares = [], []
        for rate in rates.tolist():
            units = rate / unit
            if abs(units - round(units)) <= WHOLE_MACHINE * units and round(units):
                weights.append(round(units))
                shares.append(1.0)
            elif units >= FINE:
                weights.append(math.ceil(units))
                shares.append(1.0)
            else:
                weights.append(1)
                shares.append(1 / units)
        return cls(unit, tuple(weights), tuple(shares))


class Knapsack:
    """Mixes of machines for the slots from a to b.

    Attributes
    ----------
    left
        What is left over by a number of units, USD, units x slot.
    """

    def __init__(self, slots: Slots, scale: Scale, a: int, b: int) -> None:
        self.slots, self.scale, self.a, self.b = slots, scale, a, b
        top = max(1, math.ceil(float(slots.peak[a:b].max(initial=0.0)) / scale.unit * (1 - WHOLE_MACHINE)))
        units = np.arange(top + 1) * scale.unit
        self.left = slots.left_usd(np.arange(a, b)[None, :], np.asarray(units, dtype=float)[:, None])
        self.most = slots.most[a:b]
        self.items = [self._items(p) for p in range(slots.kinds)]

    def _items(self, p: int) -> list[int]:
        """Numbers of items of a type that are taken together: what they add up to is any number up to the most."""
        most = math.ceil(int(self.most[:, p].max(initial=0)) / self.scale.share[p])
        sizes, size = [], 1
        while most > 0:
            sizes.append(min(size, most))
            most -= sizes[-1]
            size *= 2
        return sizes

    def cheapest(self, prices: Floats) -> tuple[Floats, Floats]:
        """Return the least cost of each slot, and a mix that has it, slot x type.

        Parameters
        ----------
        prices
            Of a machine in a slot, slot x type, USD.
        """
        best, taken = self.left, []
        for p in range(self.slots.kinds - 1, -1, -1):
            for size in self.items[p]:
                best, take = self._with(best, p, size, prices)
                taken.append((p, size, take))
        mix = np.zeros((self.b - self.a, self.slots.kinds))
        have = np.zeros(self.b - self.a, dtype=np.int64)
        every, top = np.arange(self.b - self.a), len(self.left) - 1
        for p, size, take in reversed(taken):
            now = take[have, every]
            mix[now, p] += size * self.scale.share[p]
            have[now] = np.minimum(have[now] + size * self.scale.weight[p], top)
        return best[0], mix

    def _with(self, best: Floats, p: int, size: int, prices: Floats) -> tuple[Floats, NDArray[np.bool_]]:
        """The best with items of a type or without, and where with them."""
        shift = min(size * self.scale.weight[p], len(best))
        usd = size * self.scale.share[p] * prices[:, p]
        part = self.scale.share[p] if self.scale.share[p] < 1 else 0.0
        usd = np.where((self.most[:, p] > 0) & (size * self.scale.share[p] <= self.most[:, p] + part), usd, math.inf)
        other = np.concatenate([best[shift:], np.repeat(best[-1:], shift, axis=0)])
        other += usd
        return np.minimum(best, other), other < best

    def above(self, prices: Floats) -> list[Floats]:
        """Return by type, for each number of its machines, number x slot, what mixes with it cost above the cheapest.

        Parameters
        ----------
        prices
            Of a machine, slot x type, USD.

        Returns
        -------
        list
            At least so much, USD; inf for numbers that are of no use.
        """
        least, _ = self.cheapest(prices)
        found, top = [], len(self.left) - 1
        for p in range(self.slots.kinds):
            others = self.left
            for q in range(self.slots.kinds):
                if q != p:
                    for size in self.items[q]:
                        others, _ = self._with(others, q, size, prices)
            number = np.arange(int(self.most[:, p].max(initial=0)) + 1)
            units = number * (float(self.slots.rates[p]) / self.scale.unit * (1 - WHOLE_MACHINE))
            usd = number[:, None] * prices[None, :, p] + others[np.minimum(np.ceil(units).astype(np.int64), top)]
            usd[number[:, None] > self.most[None, :, p]] = math.inf
            found.append(np.maximum(usd - least, 0.0))
        return found
