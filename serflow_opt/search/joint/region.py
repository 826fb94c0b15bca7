"""What reach any thresholds that keep the accuracy floor can have: cuts that all placements share.

For each direction d whose least value v over all such thresholds is proven, d · R >= v. A placement's bound is the
linear programme over these cuts, R_0 = 1 >= R_1 >= ... >= 0, its machines and limits, bounded by its multipliers
(`certifying.py`), so that a solver's tolerances do not count. In which direction a further cut would help is found from
the other side: over the reach of the thresholds that are known.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np

from serflow_opt.backend.linear import solve_linear
from serflow_opt.backend.matrix import Matrix
from serflow_opt.ground.arrays import Floats
from serflow_opt.search.joint.choices import PlacementChoices


@dataclass(frozen=True, slots=True)
class Box:
    """A placement with each number of machines between two whole numbers."""

    row: int
    low: tuple[int, ...]
    high: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Bound:
    """A bound on a box, and the machines where the linear programme has it."""

    value: float
    count: Floats


@dataclass(frozen=True, slots=True)
class RegionMultipliers:
    """Multipliers of a placement's loads and limits."""

    load: Floats
    use: Floats


@dataclass(slots=True)
class Region:
    """Cuts d · R >= v."""

    segments: int
    direction: list[Floats] = field(default_factory=list)
    least: list[float] = field(default_factory=list)

    def add(self, direction: Floats, least: float) -> None:
        """Add a cut."""
        size = float(np.abs(direction).max()) or 1.0
        self.direction.append(direction / size)
        self.least.append(least / size)

    def quick(self, choices: PlacementChoices, box: Box) -> float:
        """Bound by the best single cut, its direction shrunk until it is below the weights everywhere."""
        row, low = box.row, np.array(box.low, dtype=float)
        rent, weight = choices.rent[row], choices.weight[row]
        bound = -math.inf
        for weights, paid in ((weight, float(rent @ low)), (weight + rent @ choices.load[row], 0.0)):
            value = float(np.cumsum(weights).min())
            if self.direction and (weights[1:] >= 0).all():
                value = float(weights[0])
                cuts, least = np.array(self.direction), np.array(self.least)
                behind = cuts[:, 1:]
                ratio = np.where(behind > 0, weights[1:] / np.where(behind > 0, behind, 1.0), math.inf)
                shrink = ratio.min(axis=1, initial=math.inf)
                value += float(np.where(np.isfinite(shrink), shrink * (least - cuts[:, 0]), 0.0).max(initial=0.0))
            bound = max(bound, float(choices.fixed[row]) + value + paid)
        return bound

    def bound(self, choices: PlacementChoices, box: Box) -> Bound:
        """Bound what a placement can have; infinite where nothing can."""
        row, segments = box.row, self.segments
        weight, rent, load = choices.weight[row], choices.rent[row], choices.load[row]
        limited = np.flatnonzero(np.isfinite(choices.most[row]))
        use, use_rent = choices.use[row][limited], choices.use_rent[row][limited]
        most = choices.most[row][limited]
        slots, free = len(rent), segments - 1
        low, high = np.array(box.low, dtype=float), np.array(box.high, dtype=float)
        scale = abs(choices.fixed[row]) + float(np.abs(weight).sum()) + float(rent @ high) or 1.0
        used = np.hstack([use, use_rent])
        sizes = np.abs(used).max(axis=1, initial=0.0)
        sizes[sizes == 0] = 1.0
        cuts = np.array(self.direction).reshape(-1, segments)
        order = np.zeros((max(free - 1, 0), free + slots))
        for k in range(free - 1):
            order[k, k], order[k, k + 1] = -1.0, 1.0
        rows = [
            np.hstack([-cuts[:, 1:], np.zeros((len(cuts), slots))]),
            np.hstack([load[:, 1:], -np.eye(slots)]),
            used[:, 1:] / sizes[:, None],
            order,
        ]
        right = [cuts[:, 0] - np.array(self.least), -load[:, 0], (most - use[:, 0]) / sizes, np.zeros(len(order))]
        cost = np.concatenate([weight[1:], rent]) / scale
        ends = np.concatenate([np.zeros(free), low]), np.concatenate([np.ones(free), high])
        found = solve_linear(Matrix.at_most(cost, np.vstack(rows), np.concatenate(right), *ends))
        value = choices.fixed[row] + float(weight[0]) + found.bound * scale
        return Bound(value, low if found.values is None else found.values[free:])


def inner(choices: PlacementChoices, box: Box, reach: Floats, penalty: float) -> RegionMultipliers:
    """Return the multipliers with the best bound if only the given reach vectors were there (T x K).

    They are those of the least mean objective of a mixture of them. Where no mixture keeps a limit, breaking it costs
    `penalty` for its size.

    Parameters
    ----------
    choices, box
        The placements, and the one that is asked about, with its machines between two numbers.
    reach
        R_k, the share of requests inside each segment, for T choices of thresholds that are known.
    penalty
        In the unit of the objective.
    """
    row = box.row
    limited = np.flatnonzero(np.isfinite(choices.most[row]))
    use, use_rent = choices.use[row][limited], choices.use_rent[row][limited]
    load, rent, most = choices.load[row], choices.rent[row], choices.most[row][limited]
    slots, sides, count = len(rent), len(limited), len(reach)
    prices = RegionMultipliers(np.zeros(slots), np.zeros(len(choices.most[row])))
    if slots + sides == 0:
        return prices
    used = np.abs(np.hstack([use, use_rent])).max(axis=1, initial=0.0)
    sizes = np.concatenate([np.abs(load).max(axis=1, initial=0.0), used])
    sizes[sizes == 0] = 1.0
    rows = np.vstack([np.hstack([load @ reach.T, -np.eye(slots)]), np.hstack([use @ reach.T, use_rent])])
    rows = np.hstack([rows / sizes[:, None], -np.eye(slots + sides)])
    scale = penalty or 1.0
    some, further = np.ones(count), np.zeros(2 * slots + sides)
    cost = np.concatenate([reach @ choices.weight[row], rent, np.full(slots + sides, penalty)]) / scale
    mixture = np.concatenate([some, further])
    right = np.concatenate([np.zeros(slots), most]) / sizes
    low = np.concatenate([np.zeros(count), box.low, np.zeros(slots + sides)])
    high = np.concatenate([some, box.high, np.full(slots + sides, math.inf)])
    found = solve_linear(
        Matrix.dense(
            cost,
            np.vstack([rows, mixture]),
            np.append(np.full(len(right), -math.inf), 1.0),
            np.append(right, 1.0),
            low,
            high,
        )
    )
    if found.multipliers is not None and found.values is not None:
        dual = np.maximum(-found.multipliers[:-1] * scale, 0.0) / sizes
        prices.load[:] = dual[:slots]
        prices.use[limited] = dual[slots:]
    return prices
