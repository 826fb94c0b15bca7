"""The best threshold of a stage as a function of what follows it: a lower envelope of lines, and its inverse.

With multiplier μ on accuracy, a request that is at the end of stage s and would meet V if it went on meets

    φ(V) = min_l { (1 - ε_l) V - μ ε_l r_l } = μ min_l { (1 - ε_l) (V / μ) - ε_l r_l }.

The lines (1 - ε_l) u - ε_l r_l do not depend on μ, so their lower envelope is made once a stage, and φ is one search in
its breakpoints. φ is concave and never falls; so is its inverse: the most that may follow if no more than y is to come
out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate, pairwise

import numpy as np

from serflow_opt import kernels
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
    go_on, right
        1 - e and e r of these.
    breaks
        Values V / μ at which the next of them becomes the best.
    """

    rate: Floats
    mass: Floats
    level: Ints
    go_on: Floats
    right: Floats
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
        level = np.array(kept)
        return cls(rate, mass, level, 1 - rate[level], mass[level], np.array(breaks))

    @classmethod
    def of_many(cls, rate: Floats, mass: Floats, counts: Sequence[int]) -> list[Envelope]:
        """Make the envelopes of menus that lie one behind the other.

        Parameters
        ----------
        rate, mass
            Of the thresholds of one menu after the other.
        counts
            How many each menu has.
        """
        begin = [0, *accumulate(counts)]
        if not kernels.compiled:
            return [cls.of(rate[a:b], mass[a:b]) for a, b in pairwise(begin)]
        from serflow_opt.kernels.envelopes import lowest

        every = 1 - rate
        lines, breaks, first = lowest(every, mass, np.array(begin, dtype=np.int64))
        go_on, right, edges = every[lines], mass[lines], pairwise(first.tolist())
        return [
            cls(rate[a:b], mass[a:b], lines[c:d] - a, go_on[c:d], right[c:d], breaks[c : d - 1])
            for (a, b), (c, d) in zip(pairwise(begin), edges, strict=True)
        ]

    @cached_property
    def _per_go_on(self) -> Floats:
        """1 / (1 - e); 1 where everybody leaves."""
        return 1 / np.where(self.go_on > 0, self.go_on, 1.0)

    @cached_property
    def _at_breaks(self) -> Floats:
        """φ / μ at the breakpoints."""
        values: Floats = self.go_on[1:] * self.breaks - self.right[1:]
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
        return 1 - self.go_on[position], self.right[position]

    def most_after(self, value: Floats, multiplier: float) -> Floats:
        """Return the largest V with φ(V) <= value: infinite where everybody leaves and that is good enough."""
        if multiplier == 0:
            least = np.where(value >= 0, self.go_on[-1], self.go_on[0])
            with np.errstate(divide="ignore", invalid="ignore"):
                return np.where((least == 0) & (value >= 0), np.inf, value / least)
        y = value / multiplier
        position = self._at_breaks.searchsorted(y, side="right")  # from φ's last value on V is unbounded
        above = y + self.right[position]
        u: Floats = above * self._per_go_on[position]
        if self.go_on[-1] == 0:  # only the last can be flat
            u = np.where(position < len(self.breaks), u, np.where(above >= 0, np.inf, -np.inf))
        return u * multiplier


def _never_lowest(slope: list[float], height: list[float], a: int, b: int, c: int) -> bool:
    """Whether the line of b is nowhere below both that of a, which is steeper, and that of c, which is flatter."""
    return (height[a] - height[c]) * (slope[a] - slope[b]) <= (height[a] - height[b]) * (slope[a] - slope[c])
