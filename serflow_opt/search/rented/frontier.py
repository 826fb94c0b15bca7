"""The least of a few falling curves, and whether others could still be below it: what placements are ruled out by.

A curve says what a plan pays by use (y) where a request may load so much of a machine (x). It is a straight line
between its corners, level behind the last one; before the first there is no plan.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from serflow_opt.ground.arrays import Floats, Mask
from serflow_opt.ground.tolerances import SMALLEST

Cut = tuple[float, float, float]
"""u, v, w: no plan has u x + v y below w."""


@dataclass(frozen=True, slots=True)
class Frontier:
    """A curve that is the least of others.

    Attributes
    ----------
    x, y
        Its corners, by rising x.
    """

    x: Floats
    y: Floats

    @classmethod
    def none(cls) -> Frontier:
        """Return that of no curve at all."""
        return cls(np.empty(0), np.empty(0))

    def at(self, x: Floats) -> Floats:
        """Return y at some x."""
        if not len(self.x):
            return np.full(len(x), np.inf)
        values: Floats = np.interp(x, self.x, self.y, left=np.inf)
        return values

    def within(self, x: Floats, y: Floats) -> Frontier:
        """Return the least of this and another curve.

        Parameters
        ----------
        x, y
            Corners of the other one, by rising x and falling y.
        """
        if not len(self.x):
            return Frontier(x, y)
        other, begin = Frontier(x, y), max(float(x[0]), float(self.x[0]))
        every = np.union1d(np.union1d(self.x, x), [np.nextafter(begin, -np.inf)])  # there one begins, with a jump
        with np.errstate(invalid="ignore"):
            apart = self.at(every) - other.at(every)
        finite = np.isfinite(apart)
        sign = np.where(finite, np.sign(apart), 0.0)
        turns = np.flatnonzero(sign[:-1] * sign[1:] < 0)
        share = apart[turns] / (apart[turns] - apart[turns + 1])
        every = np.union1d(every, every[turns] + share * (every[turns + 1] - every[turns]))
        least = np.minimum(self.at(every), other.at(every))
        there = np.isfinite(least)
        return Frontier(every[there], least[there])

    def rules_out(self, cuts: Sequence[Cut], rent: float, slack: float, low: float, high: float) -> bool:
        """Whether plans within cuts and a range of x cost at least what this says, but for a share.

        Parameters
        ----------
        cuts
            What is known of the plans.
        rent
            Of what x counts: a plan costs rent x + y at least, and that much where machines are full.
        slack
            The share.
        low, high
            The range.
        """
        every = np.array(cuts)
        sure = every[every[:, 1] > 0]
        begin = max([low, *(every[:, 2] / np.maximum(every[:, 0], SMALLEST))[every[:, 1] == 0].tolist()])
        if begin > high or not len(self.x):
            return bool(begin > high)
        slope, height = sure[:, 0] / sure[:, 1], sure[:, 2] / sure[:, 1]
        order = np.argsort(slope)
        slope, height = slope[order], height[order]
        with np.errstate(divide="ignore", invalid="ignore"):
            bends = np.diff(height) / np.diff(slope)
        points = np.concatenate([[begin, high], self.x, bends[np.isfinite(bends)]])
        points = points[(points >= begin) & (points <= high)]
        least = (height[:, None] - slope[:, None] * points).max(axis=0)
        return bool((least + rent * points >= (self.at(points) + rent * points) * (1 - slack)).all())

    def left(self, u: Floats, v: Floats, bounds: Floats, rent: float, slack: float) -> Mask:
        """Return which of N placements it may not rule out, N; quickly, so more than there are.

        Parameters
        ----------
        u, v, bounds
            W weights of both, and N x W bounds by these.
        rent, slack
            As `rules_out`.
        """
        there: Mask = np.logical_and.reduce(np.isfinite(bounds), axis=1)
        if not len(self.x):
            return there
        target = (self.y + rent * self.x) * (1 - slack) - rent * self.x
        out = np.zeros((len(bounds), max(len(self.x) - 1, 0)), bool)
        first = last = None
        for k, (a, b) in enumerate(zip(u.tolist(), v.tolist(), strict=True)):
            good = bounds[:, k, None] >= (a * self.x + b * target) if b else bounds[:, k, None] > a * self.x
            out |= good[:, :-1] & good[:, 1:]
            if not b:
                first = bounds[:, k] >= a * self.x[0]
            if not a:
                last = good[:, -1]
        assert first is not None
        assert last is not None
        left: Mask = there & ~(first & last & np.logical_and.reduce(out, axis=1))
        return left
