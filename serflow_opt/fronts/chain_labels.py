"""Labels of one placement, as far as they can get below one of some corners.

A label of stage s is what a choice of thresholds makes of the stages from s on, a number for each objective that
thresholds change, and minus the accuracy where it is one of them or has a floor. It goes

* when no prefix completes it to the accuracy floor;
* when for no corner u all weighted sums of it can stay below: with a weighting w and the multiplier μ that bounded the
  placement in it, the best that prefixes make of y = w V - μ accuracy(V) follows from

      y <- w weight_{s-1} + min_l { -μ ε r + (1 - ε) y },   down to stage 1,

  the recursion of `lagrangian.py` from its other end. It never falls in y, so its inverse says, for each corner and
  stage, below what y has to be (`envelope.py`);
* when another label of the stage dominates it. In front of the first stage right answers beyond the floor are worth
  nothing.

Where thresholds change a single objective, the best thresholds are all there is to find (`threshold_labels.py`).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from serflow_opt import kernels
from serflow_opt.fronts.placement_bounds import NO_LIMIT, Sides
from serflow_opt.ground.arrays import Floats, Ints
from serflow_opt.ground.deadline import NEVER, Deadline
from serflow_opt.ground.dominance import nondominated
from serflow_opt.search.threshold_labels import ThresholdTask, best_thresholds

Labels = tuple[Floats, Ints, Ints]
"""N x D, the threshold of each, and its row among those before."""
_Growing = Callable[[int, Floats, Floats, Floats, int, int], Labels]
"""Stage, e and e r of its thresholds, labels of what follows, first and last threshold."""
AT_ONCE = 2_000_000
"""Candidates made at once, about."""
CUT = np.int64(-(1 << 12))
"""Leaves 40 bits of a number: those that differ in less than that, 1e-12, are one."""


class ChainLabels:
    """The threshold problem of placement n.

    Parameters
    ----------
    sides, n, stages
        Placements, which of them, and how many stages it has.
    """

    def __init__(self, sides: Sides, n: int, stages: int) -> None:
        self.sides = sides
        exits, sums = sides.exits, sides.varying[sides.varying < len(sides.weight)]
        used = np.zeros(stages, np.int64) if exits.used is None else exits.used[n, :stages]
        self.menus = [exits.menus[s][menu] for s, menu in enumerate(used.tolist())]
        self.numbers = exits.lines.first[:stages] + used
        self.accurate = sides.accurate is not None or sides.floor is not None
        lost = np.zeros(stages) if exits.lost is None else exits.lost[n, :stages]
        weighting = sides.weighting[:, : len(sums)]
        self.adds = sides.weight[sums, n, :stages].T
        self.weights = weighting
        if self.accurate:
            self.adds = np.column_stack([self.adds, lost])
            self.weights = np.column_stack([weighting, sides.multiplier[n]])
        self.adds, self.weights = np.ascontiguousarray(self.adds), np.ascontiguousarray(self.weights)
        asked = 0.0 if sides.accurate is None else sides.weighting[:, -1] / sides.accurate
        held = (sides.multiplier[n] - asked) * sides.floor if sides.floor is not None else np.zeros(len(weighting))
        self.fixed = sides.fixed[sums, n]
        self.given = weighting @ self.fixed + held
        self.falls = len(sides.varying) == 2
        self.behind = sides.weight.shape[2] - stages

    def plans(self, corners: Floats, deadline: Deadline = NEVER) -> tuple[Floats, Ints, int]:
        """Return undominated plans below corners: points (P x V), thresholds (P x M), and how many labels were kept.

        Parameters
        ----------
        corners
            C x V, by rising first column.
        deadline
            When to stop.

        Raises
        ------
        OutOfTime
            When the deadline passes.
        """
        betas = self.weights[:, -1] if self.accurate else np.zeros(len(self.weights))
        room = np.minimum(corners @ self.sides.weighting.T - self.given, NO_LIMIT)
        rows = zip(self.weights, betas.tolist(), room.T, strict=True)
        allowed = np.stack([self._allowances(*row) for row in rows], axis=2)
        most = np.full(len(self.menus), np.inf)
        if self.sides.floor is not None:
            alone = np.zeros(self.weights.shape[1])
            alone[-1] = 1.0
            most = self._allowances(alone, 1.0, np.array([-self.sides.floor]))[:, 0].copy()
        grow = self._growing(allowed, most)
        values, kept = np.zeros((1, self.adds.shape[1])), 0
        way: list[tuple[Ints, Ints]] = []
        for s in range(len(self.menus) - 1, -1, -1):
            values, level, row = self._put(s, values, grow, deadline)
            kept += len(level)
            way.append((level, row))
        rows_ = np.arange(len(values))
        levels = np.zeros((len(values), len(way) + self.behind), dtype=np.int64)
        for s, (level, row) in enumerate(reversed(way)):
            levels[:, s], rows_ = level[rows_], row[rows_]
        return self._points(values), levels, kept

    def _points(self, values: Floats) -> Floats:
        """The objectives that thresholds change, in the units of `Sides`."""
        sums = self.fixed + values[:, : len(self.fixed)]
        return sums if self.sides.accurate is None else np.column_stack([sums, values[:, -1] / self.sides.accurate])

    def best(self, k: int, most: float, deadline: Deadline = NEVER) -> tuple[float | None, Ints, int]:
        """Return the least of the k-th objective that thresholds change, these, and how many labels it took.

        Parameters
        ----------
        k
            Not the accuracy, and it must have a floor.
        most
            What the objective has to stay below, in the units of `Sides`; None is returned where it does not.
        deadline
            When to stop.

        Raises
        ------
        OutOfTime
            When the deadline passes.
        """
        assert self.sides.floor is not None
        columns = [k, self.adds.shape[1] - 1]
        limits = np.array([np.inf, -self.sides.floor])
        task = ThresholdTask(
            self.menus, np.ascontiguousarray(self.adds[:, columns]), limits, self.sides.exits.lines, self.numbers
        )
        weights = np.array([1.0, self.weights[k, -1]])
        room = min(most - self.fixed[k] - self.weights[k, -1] * self.sides.floor, NO_LIMIT)
        found, kept = best_thresholds(task, weights, room, deadline=deadline)
        if found is None:
            return None, np.empty((0, len(self.menus) + self.behind), dtype=np.int64), kept
        levels = np.append(found.levels, np.zeros(self.behind, dtype=np.int64))
        return float(self.fixed[k] + found.columns[0]), levels[None], kept

    def key(self, k: int) -> bytes:
        """Return what tells whether another placement's problem in the k-th objective alone is the same."""
        parts = (self.adds[:, k], self.adds[:, -1], self.numbers, self.fixed[k : k + 1])
        return b"".join(np.ascontiguousarray(part).tobytes() for part in parts)

    def _put(self, s: int, after: Floats, grow: _Growing, deadline: Deadline) -> Labels:
        """Put stage s in front of labels: the undominated that may add to the front, thresholds, rows."""
        menu = self.menus[s]
        parts: list[Labels] = []
        levels = max(1, AT_ONCE // max(1, len(after)))
        columns = len(self.fixed) if s == 0 and self.sides.accurate is None else after.shape[1]
        for first in range(0, len(menu.rate), levels):
            deadline.check()
            end = min(first + levels, len(menu.rate))
            parts.append(_undominated([*parts, grow(s, menu.rate, menu.mass, after, first, end)], columns))
            del parts[:-1]
        return parts[0]

    def _growing(self, allowed: Floats, most: Floats) -> _Growing:
        """Return what puts stages in front of labels, as far as they may add to the front."""
        if kernels.compiled:
            from serflow_opt.kernels.front_labels import Grow

            run: _Growing = Grow(self.adds, self.weights, allowed, most, self.accurate, self.falls).run
            return run

        def grow(s: int, rate: Floats, mass: Floats, after: Floats, first: int, end: int) -> Labels:
            values = self.adds[s] + (1 - rate[first:end])[:, None, None] * after
            if self.accurate:
                values[:, :, -1] -= mass[first:end, None]
            values = values.reshape(-1, after.shape[1])
            rows = np.flatnonzero(values[:, -1] <= most[s]) if self.accurate else np.arange(len(values))
            below = np.ones((len(rows), allowed.shape[1]), dtype=bool)
            for k, weights in enumerate(self.weights):
                below &= (values[rows] @ weights)[:, None] < allowed[s, :, k]
            rows = rows[below.any(axis=1)]
            return values[rows], first + rows // len(after), rows % len(after)

        return grow

    def _allowances(self, weights: Floats, beta: float, most: Floats) -> Floats:
        """The largest weighted sums that labels of each stage may have if prefixes complete them to limits: M x C."""
        added = self.adds @ weights
        if kernels.compiled:
            from serflow_opt.kernels.thresholds import Along

            along = Along(self.sides.exits.lines, self.numbers, added, beta)
            return along.allowances_of(np.ascontiguousarray(most))
        allowed = np.empty((len(added), len(most)))
        left = most
        for s, envelope in enumerate(self.menus):
            allowed[s] = left
            left = envelope.most_after(left - added[s], beta)
        return allowed


def _undominated(parts: list[Labels], columns: int) -> Labels:
    """Join labels, and keep those that no other beats in the first columns."""
    values, level, row = (np.concatenate(each) for each in zip(*parts, strict=True)) if len(parts) > 1 else parts[0]
    best = nondominated((values.view(np.int64) & CUT).view(np.float64)[:, :columns])
    return values[best], level[best], row[best]
