"""The best threshold of a stage as a function of what follows it: a lower envelope of lines, and its inverse.

With multiplier μ on accuracy, a request that is at the end of stage s and would meet V if it went on meets

    φ(V) = min_l { (1 - ε_l) V - μ ε_l r_l } = μ min_l { (1 - ε_l) (V / μ) - ε_l r_l }.

The lines (1 - ε_l) u - ε_l r_l do not depend on μ, so their lower envelope is made once a stage, and φ is one search in
its breakpoints. φ is concave and never falls; so is its inverse: the most that may follow if no more than y is to come
out.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np

from serflow_opt.ground.arrays import Floats, Ints


@dataclass(frozen=True)
class Envelope:
    """Thresholds of a stage's menu that are best for some value of what follows.

    Attributes
    ----------
    rate, mass
        ε_l and ε_l r_l of every threshold.
    level
        The thresholds on the envelope, by falling 1 - e: the first is best where what follows is worth having.
    breaks
        Values V / μ at which the next of them becomes the best.
    """

    rate: Floats
    mass: Floats
    level: Ints
    breaks: Floats

    @classmethod
    def of(cls, rate: Floats, mass: Floats) -> Envelope:
        """Make the envelope of a menu."""
        slopes, heights = (1 - rate).tolist(), mass.tolist()  # plain numbers: arrays are slow one by one
        kept: list[int] = []
        for i in sorted(range(len(slopes)), key=lambda i: (-slopes[i], -heights[i])):
            if kept and slopes[kept[-1]] == slopes[i]:
                continue  # the same exits with less mass
            while len(kept) > 1 and _never_lowest(slopes, heights, kept[-2], kept[-1], i):
                kept.pop()
            kept.append(i)
        breaks = [(heights[a] - heights[b]) / (slopes[a] - slopes[b]) for a, b in pairwise(kept)]
        return cls(rate, mass, np.array(kept), np.array(breaks))

    @cached_property
    def _go_on(self) -> Floats:
        return 1 - self.rate[self.level]

    @cached_property
    def _per_go_on(self) -> Floats:
        """1 / (1 - e); 1 where everybody leaves."""
        return 1 / np.where(self._go_on > 0, self._go_on, 1.0)

    @cached_property
    def _mass(self) -> Floats:
        return self.mass[self.level]

    @cached_property
    def _at_breaks(self) -> Floats:
        """φ / μ at the breakpoints."""
        values: Floats = self._go_on[1:] * self.breaks - self._mass[1:]
        return values

    def best(self, value: Floats, multiplier: Floats) -> Ints:
        """Return the position on the envelope of the best threshold for each value of what follows.

        Parameters
        ----------
        value
            V.
        multiplier
            μ >= 0 of each.
        """
        if len(multiplier) and multiplier.min() > 0:
            u = value / multiplier
        else:
            with np.errstate(divide="ignore", invalid="ignore"):
                u = value / multiplier
            u = np.where(np.isnan(u), np.inf, u)
        positions: Ints = self.breaks.searchsorted(u)
        return positions

    def leaving(self, position: Ints) -> tuple[Floats, Floats]:
        """Return e and e r of positions on the envelope."""
        return 1 - self._go_on[position], self._mass[position]

    def most_after(self, value: Floats, multiplier: float) -> Floats:
        """Return the largest V with φ(V) <= value: infinite where everybody leaves and that is good enough."""
        if multiplier == 0:
            least = np.where(value >= 0, self._go_on[-1], self._go_on[0])
            with np.errstate(divide="ignore", invalid="ignore"):
                return np.where((least == 0) & (value >= 0), np.inf, value / least)
        y = value / multiplier
        position = self._at_breaks.searchsorted(y, side="right")  # from φ's last value on V is unbounded
        above = y + self._mass[position]
        u: Floats = above * self._per_go_on[position]
        if self._go_on[-1] == 0:  # only the last can be flat
            u = np.where(position < len(self.breaks), u, np.where(above >= 0, np.inf, -np.inf))
        return u * multiplier


def _never_lowest(slope: list[float], height: list[float], a: int, b: int, c: int) -> bool:
    """Whether the line of b is nowhere below both that of a, which is steeper, and that of c, which is flatter."""
    return (height[a] - height[c]) * (slope[a] - slope[b]) <= (height[a] - height[b]) * (slope[a] - slope[c])
