"""The least cost at any rate of mixes of thresholds (`mixes.py`), and what a plan misses of it.

With n machines and rate r a request may load n / r of one, so curve j costs n rent_j + r y_j(n / r): a straight line
in r between the rates n / x of its corners. The best n is next to r x of the corner that is the cheapest by fractional
machines, above or below, since the cost is convex in n. So between these rates the least cost is the least of straight
lines, which is concave, and a plan of which the cost is one misses most at an end.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from serflow_opt.ground.arrays import Floats, Ints
from serflow_opt.ground.tolerances import EQUAL, TOLERANCE
from serflow_opt.planner.mixes import ThresholdMixes
from serflow_opt.planner.rated import HOUR, Rated

STEPS = 1_000_000
"""Rates between which all costs are straight lines, at most."""
AT_ONCE = 1_000_000
"""Costs compared at once."""


@dataclass(frozen=True, slots=True)
class Best:
    """A plan that is the best at a rate: which mixes, and the load of a machine; USD an hour."""

    mixes: int
    load: float
    cost: float


class LeastCost:
    """Of mixes, over a range of rates.

    Attributes
    ----------
    steps
        Rates between which all costs are straight lines, E, both ends among them.
    left, right
        The least cost at both ends of the intervals between, E - 1, as those inside see it.
    """

    def __init__(self, mixes: Sequence[ThresholdMixes], steps: Floats) -> None:
        self.mixes, self.steps = mixes, steps
        corners = max(len(own.x) for own in mixes)
        self._x = np.full((len(mixes), corners + 1), np.inf)
        self._y = np.zeros((len(mixes), corners + 1))
        for j, own in enumerate(mixes):
            self._x[j, : len(own.x)], self._y[j, : len(own.y)] = own.x, own.y
            self._y[j, len(own.y) :] = own.y[-1]
        self._rent = np.array([own.rent for own in mixes])
        cheapest = [int(np.argmin(own.y + own.rent * own.x)) for own in mixes]
        self._plain = self._x[np.arange(len(mixes)), cheapest]
        with np.errstate(invalid="ignore"):
            slope = np.diff(self._y, axis=1) / np.diff(self._x, axis=1)
        self._slope = np.where(np.isfinite(self._x[:, 1:]), slope, 0.0)
        parts = [self._ends(steps[i : i + self._size + 1]) for i in range(0, len(steps) - 1, self._size)]
        self.left, self.right = (np.concatenate([part[k] for part in parts]) for k in (0, 1))

    @property
    def _size(self) -> int:
        return max(AT_ONCE // (2 * len(self.mixes)), 1)

    @classmethod
    def of(cls, mixes: Sequence[ThresholdMixes], low: float, high: float) -> LeastCost | None:
        """Return that of some mixes between two rates; None where the steps are too many.

        Parameters
        ----------
        mixes
            One at least.
        low, high
            The rates, requests a second.
        """
        steps = [np.array([low, high])]
        for own in mixes:
            plain = own.x[int(np.argmin(own.y + own.rent * own.x))]
            for x in own.x[own.x > 0].tolist():
                apart = abs(plain / x - 1)
                most = min(high * x, 1 / apart if apart * high * x > 1 else math.inf) + 1
                first = math.floor(low * x)
                if most - first > STEPS:
                    return None
                steps.append(np.arange(first, math.ceil(most) + 1) / x)
        if sum(map(len, steps)) > STEPS:
            return None
        every = np.unique(np.concatenate(steps))
        every = every[(every >= low) & (every <= high)]
        apart_enough = np.append(True, np.diff(every) > EQUAL * every[1:])
        apart_enough[-1] = True
        return cls(mixes, every[apart_enough])

    def _lines(self, rates: Floats) -> tuple[Floats, Floats, Floats]:
        """Of each of the mixes, with machines below and above what is the cheapest in parts, R x 2 J: n, and lines.

        Returns numbers of machines, heights (infinite where n do not do), and slopes in the rate.
        """
        below = np.floor(rates[:, None] * self._plain * (1 + TOLERANCE))
        count = np.concatenate([below, below + 1], axis=1)
        x, y = np.tile(self._x, (2, 1)), np.tile(self._y, (2, 1))
        at = (x[None] * rates[:, None, None] <= count[:, :, None] * (1 + TOLERANCE)).sum(axis=2) - 1
        one = np.arange(len(x))
        here = np.maximum(at, 0)
        slope = np.tile(self._slope, (2, 1))[one, here]
        heights = count * (np.tile(self._rent, 2) + slope)
        slopes = y[one, here] - slope * x[one, here]
        return count, np.where(at >= 0, heights, np.inf), slopes

    def _ends(self, steps: Floats) -> tuple[Floats, Floats]:
        """The least cost at both ends of intervals, as those inside see it."""
        _, heights, slopes = self._lines((steps[1:] + steps[:-1]) / 2)
        left: Floats = (heights + slopes * steps[:-1, None]).min(axis=1)
        right: Floats = (heights + slopes * steps[1:, None]).min(axis=1)
        return left, right

    def at(self, rates: Floats) -> Floats:
        """Return the least cost at some rates, USD an hour."""
        _, heights, slopes = self._lines(rates)
        least: Floats = (heights + slopes * rates[:, None]).min(axis=1)
        return least

    def best(self, rate: float) -> Best:
        """Return the best plan at a rate."""
        count, heights, slopes = self._lines(np.array([rate]))
        costs = (heights + slopes * rate)[0]
        n = int(costs.argmin())
        own = n % len(self.mixes)
        mixes = self.mixes[own]
        load = min(max(float(count[0, n]) / rate, float(mixes.x[0])), float(mixes.x[-1]))
        return Best(own, load, float(costs[n]))

    def terms(self, best: Best) -> Rated:
        """Return what a plan pays by the rate."""
        mixes = self.mixes[best.mixes]
        return Rated((mixes.rent,), (best.load,), mixes.cost(best.load) / HOUR)

    def missed(self, terms: Rated, low: float, high: float, enough: float) -> float:
        """Return what share of its cost a plan could save at most between two rates.

        Parameters
        ----------
        terms
            What the plan pays.
        low, high
            The rates.
        enough
            No smaller share has to be told apart from this.
        """
        first, last = np.searchsorted(self.steps, [low, high])
        full = [np.arange(math.floor(low * x) + 1, math.ceil(high * x)) / x for x in terms.loads if x > 0]
        points = np.unique(np.concatenate([[low, high], self.steps[first:last], *full]))
        points = points[(points >= low) & (points <= high)]
        behind = np.clip(np.searchsorted(self.steps, points, side="right") - 1, 0, len(self.left) - 1)
        ahead = np.clip(np.searchsorted(self.steps, points) - 1, 0, len(self.left) - 1)
        begin, end = self._chord(points, behind)[:-1], self._chord(points, ahead)[1:]
        middle = (points[1:] + points[:-1]) / 2
        slope = terms.per_request * HOUR
        rent = terms.usd_per_hour(middle) - slope * middle
        share = np.maximum(_saved(rent + slope * points[:-1], begin), _saved(rent + slope * points[1:], end))
        if share.max() > enough:  # between steps the chord is below the least cost: look closer
            inside = ~np.isin(points, self.steps)
            exact = self.at(points[inside])
            begin[inside[:-1]], end[inside[1:]] = exact[: inside[:-1].sum()], exact[len(exact) - inside[1:].sum() :]
            share = np.maximum(_saved(rent + slope * points[:-1], begin), _saved(rent + slope * points[1:], end))
        return float(share.max())

    def _chord(self, points: Floats, interval: Ints) -> Floats:
        """What the least cost at points of intervals is not below."""
        low, high = self.steps[interval], self.steps[interval + 1]
        share = (points - low) / (high - low)
        chord: Floats = (1 - share) * self.left[interval] + share * self.right[interval]
        return chord


def _saved(worth: Floats, least: Floats) -> Floats:
    """What share of its worth is above the least; what costs nothing saves nothing."""
    with np.errstate(divide="ignore", invalid="ignore"):
        share: Floats = np.where(worth > 0, np.maximum(1 - least / worth, 0.0), 0.0)
    return share
