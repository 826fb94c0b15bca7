"""The best rows of one setting where a server and limits couple its groups: group by group, all sums worth keeping.

A label is what the groups so far come to: sums of the goal, of the server's work and of what is limited, and their
longest chain. One that no other beats in all of these is kept, if bounds on what the groups left add let it stay within
the limits and below the best plan known. The bounds are those of the multipliers that `inner` found: the least
that the groups left add to each sum of columns, by the time of a round. Groups that are alike make few labels; where
there are too many, nothing is proven, and the model has to be solved.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from serflow_opt.families.training.inner import BestRows, Setup
from serflow_opt.families.training.sums import GroupSums, Taken
from serflow_opt.ground.arrays import Floats, Ints
from serflow_opt.ground.deadline import Deadline
from serflow_opt.ground.tolerances import EQUAL, SLACK

NARROW, WIDE = 400, 60_000
"""Labels kept after a group: in a first pass that finds a plan, and in the one that proves."""


@dataclass(frozen=True, slots=True, eq=False)
class _Cut:
    """Σ over all groups of columns by `by`, and `per_t` T, are at most `most` in every plan that is looked for.

    `left` has for the groups from each on, and each time of a round, the least that they add at that time or later.
    """

    by: Floats
    most: float
    left: Floats


def by_labels(setup: Setup, best: BestRows, below: float, deadline: Deadline) -> BestRows | None:
    """Return the best plan, proven; None: there are too many labels, or time ran out.

    Parameters
    ----------
    setup
        A setting with its goal; no quantity has a negative weight.
    best
        What multipliers say of it.
    below
        Plans from here on are of no use.
    deadline
        When to give up.
    """
    sweep = _LabelSweep(setup, best.by)
    for width in (NARROW, WIDE):
        found, whole = sweep.run(_just_below(min(best.value, below)), width, deadline)
        if found is not None:
            value = setup.value(found)[0]
            if value < best.value:
                best = replace(best, value=value, choice=found)
        if whole:
            return replace(best, bound=max(best.bound, _just_below(min(best.value, below))))
    return None


def _just_below(value: float) -> float:
    """What is better by more than a tie."""
    return value - EQUAL * abs(value) if math.isfinite(value) else value


class _LabelSweep:
    """Labels of a setting, group by group."""

    def __init__(self, setup: Setup, by: tuple[float, ...]) -> None:
        self.setup = setup
        columns = [setup.weight, *(own.a for own in setup.coupled)]
        if setup.has_server:
            columns.append(setup.rows.served)
        self.times = setup.times[setup.ends]
        self.groups = GroupSums(setup, columns, float(self.times[-1]))
        self.columns = self.groups.columns
        self.sorted = np.take_along_axis(self.groups.worth, setup.order, axis=1)
        lasts = np.take_along_axis(setup.lasts, setup.order, axis=1)
        self.in_by = np.array([np.searchsorted(own, self.times, side="right") - 1 for own in lasts])
        self.goals = self._goals(by)
        self.limits = self._limits()

    def _goals(self, by: tuple[float, ...]) -> list[tuple[Floats, float, float, Floats]]:
        """Bounds on the goal: with the multipliers, and with the round as long as the server's work."""
        setup, size = self.setup, self.columns.shape[2]
        first = np.zeros(size)
        first[0] = 1.0
        found = [(first.copy(), setup.per_t, setup.fixed)]
        if setup.has_server and setup.per_t > 0:
            found.append((first + setup.per_t * np.eye(size)[-1], 0.0, setup.fixed))
        rows = setup.rows_coupled()
        if by:
            weights, per_t, fixed = first.copy(), setup.per_t, setup.fixed
            server = len(by) - len(setup.coupled)  # whether the first multiplier is the server's
            for n, (row, factor) in enumerate(zip(rows, by, strict=True)):
                weights[size - 1 if n < server else 1 + n - server] += factor
                per_t += factor * row.b
                fixed -= factor * row.most
            if per_t < 0 and server and rows[0].b < 0:
                weights[-1] += per_t
                per_t = 0.0
            if per_t >= 0 and (weights >= 0).all():
                found.append((weights, per_t, fixed))
        return [(weights, per_t, fixed, self._left(weights, per_t)) for weights, per_t, fixed in found]

    def _limits(self) -> list[_Cut]:
        """What limits leave to the groups."""
        setup, size = self.setup, self.columns.shape[2]
        found = []
        for n, row in enumerate(setup.coupled):
            alone, most = np.eye(size)[1 + n], row.most + SLACK * (abs(row.most) or 1.0)
            found.append(_Cut(alone, most, self._left(alone, row.b)))
            if setup.has_server and row.b > 0:
                both = alone + row.b * np.eye(size)[-1]
                found.append(_Cut(both, most, self._left(both, 0.0)))
        if setup.has_server and math.isfinite(setup.most_t):
            alone = np.eye(size)[-1]
            found.append(_Cut(alone, setup.most_t * (1 + SLACK), self._left(alone, 0.0)))
        return found

    def _left(self, by: Floats, per_t: float) -> Floats:
        """The least that the groups from each on add, in their order, at a time of a round or later."""
        value = np.take_along_axis(self.columns @ by, self.setup.order, axis=1)
        lowest = np.minimum.accumulate(np.where(self.sorted, value, np.inf), axis=1)
        each = np.where(self.in_by >= 0, np.take_along_axis(lowest, np.maximum(self.in_by, 0), axis=1), np.inf)
        order = self.groups.order
        least = np.zeros((len(order) + 1, len(self.times)))
        least[:-1] = np.cumsum(each[order[::-1]], axis=0)[::-1]
        least += per_t * self.times
        return np.minimum.accumulate(least[:, ::-1], axis=1)[:, ::-1]

    def run(self, upper: float, width: int, deadline: Deadline) -> tuple[Ints | None, bool]:
        """Return the best rows below a value of the goal, and whether no better ones are left out.

        Parameters
        ----------
        upper
            Of the goal.
        width
            Labels kept after each group, those of the least bounds.
        deadline
            When to give up.
        """
        sums, last = self.groups.nothing()
        back: list[Taken] = []
        whole = True
        for n, k in enumerate(self.groups.order):
            if deadline.expired:
                return None, False
            sums, last, taken = self.groups.extended(k, sums, last)
            at = np.searchsorted(self.times, last)
            bound = np.max([sums @ by + left[n + 1][at] + fixed for by, _, fixed, left in self.goals], axis=0)
            keep = bound < upper
            for cut in self.limits:
                keep &= sums @ cut.by + cut.left[n + 1][at] <= cut.most
            there = np.flatnonzero(keep)
            if not len(there):
                return None, whole
            there = there[self.groups.unbeaten(sums[there], last[there])]
            if len(there) > width:
                there, whole = there[np.argsort(bound[there], kind="stable")[:width]], False
                if width == WIDE:
                    return None, False
            back.append(taken.of(there))
            sums, last = sums[there], last[there]
        return self._best(sums, last, back), whole

    def _best(self, sums: Floats, last: Floats, back: list[Taken]) -> Ints | None:
        """The rows of the best label that keeps all limits."""
        setup = self.setup
        t = np.maximum(last, sums[:, -1]) if setup.has_server else last
        value = sums[:, 0] + setup.per_t * t
        for label in np.argsort(value, kind="stable").tolist():
            choice: Ints = self.groups.choices(back, np.array([label]))[0]
            if math.isfinite(setup.value(choice)[0]):
                return choice
        return None
