"""The best thresholds of many placements, with the labels of what they have in common set once.

Placements that are left after bounding mostly differ in little: in the size of a function, or where the cut is. So the
labels of a suffix are kept by the suffix, and the prefixes of the first stages by those. What a label may be worth is
then the most that any prefix allows at its state (`prefixes.most_value`), at multipliers that all share; so is the
reach that divides the tolerance. That is for two columns, the objective and the accuracy.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from serflow_opt.ground.arrays import Floats, Ints
from serflow_opt.ground.deadline import NEVER, Deadline
from serflow_opt.ground.tolerances import ROUNDING
from serflow_opt.search.bound_recursion import BoundTable
from serflow_opt.search.layered import Chain
from serflow_opt.search.placed import Placed, menus_used, task_of
from serflow_opt.search.placements import NOWHERE
from serflow_opt.search.prefixes import most_value
from serflow_opt.search.threshold_labels import Prefixes, ThresholdChoice, followed, meet, prefixes, put_stage

HALVINGS = 24
"""Allowances, each for half the slack of the one before, that bound the reach of a prefix."""


@dataclass(frozen=True, slots=True)
class _Suffix:
    """Labels of a suffix, without the hand-over before it, and how each came about."""

    values: Floats
    level: Ints
    row: Ints


class SharedLabels:
    """Labels of placements that a sweep left.

    Parameters
    ----------
    chain, weights, swept
        The arrays, C = 2 multipliers, and the sweep at these that left the placements.
    those
        The placements.
    most
        What the weighted columns may come to.
    tolerance
        How far the objective may stay behind the best there is within `most`, in its units.
    deadline
        When to stop: OutOfTime is raised.
    """

    def __init__(
        self,
        chain: Chain,
        weights: Floats,
        swept: BoundTable,
        those: Placed,
        most: float,
        tolerance: float,
        deadline: Deadline = NEVER,
    ) -> None:
        self.chain, self.weights, self.those, self.most = chain, weights, those, most
        self.deadline = deadline
        self.least = _least(chain, swept)
        limited = np.flatnonzero(np.isfinite(chain.limits))
        self.tested = np.concatenate([weights[None], np.eye(len(weights))[limited]])
        mosts = [most, *chain.limits[limited].tolist()]
        self.allowed = np.stack([most_value(chain, *test) for test in zip(self.tested, mosts, strict=True)], axis=-1)
        self.first = prefixes(task_of(chain, those, 0), weights, self._follows(0), most).stages
        self.reach = self._reach()
        """M: the largest reach that a prefix of use has at each stage."""
        self.widths = tolerance / max(len(chain.on) - self.first, 1) / self.reach
        self.labels = 0
        self._suffixes: dict[bytes, _Suffix] = {}
        self._prefixes: dict[bytes, Prefixes] = {}

    def best(self, n: int) -> ThresholdChoice | None:
        """Return the best thresholds of placement n; None where none are within `most` and the limits."""
        start = self._prefix(n)
        if not len(start.reach):
            return None
        suffix = self._suffix(n, start.stages)
        if not len(suffix.values):
            return None
        met = meet(task_of(self.chain, self.those, n), start, suffix.values + self._handed(n, start.stages))
        if met is None:
            return None
        prefix, at, columns = met
        levels = followed(start.trail[::-1], prefix)[::-1]
        for s in range(start.stages, int(self.those.paths.stages[n])):
            step = self._suffix(n, s)
            levels.append(int(step.level[at]))
            at = int(step.row[at])
        return ThresholdChoice(np.array(levels), columns)

    def _handed(self, n: int, s: int) -> Floats:
        """What the hand-over before the stage at position s adds."""
        adds: Floats = self.those.adds[n, s] - self.chain.adds[s, self.those.paths.runner[n, s]]
        return adds

    def _follows(self, n: int) -> Floats:
        """The least V of what follows each stage of a placement, by the position of the stage that follows."""
        stages = np.arange(int(self.those.paths.stages[n]))
        runner = self.those.paths.runner[n, : len(stages)]
        handed = self.those.adds[n, : len(stages)] - self.chain.adds[stages, runner]
        return np.append(self.least[stages, runner] + handed @ self.weights, 0.0)

    def _prefix(self, n: int) -> Prefixes:
        paths, end = self.those.paths, self.first + 1  # where a plan ends before, that is in the key, too
        key = b"".join(bytes(part[n, :end].tobytes()) for part in (paths.runner, paths.way, paths.moved))
        if key not in self._prefixes:
            task = task_of(self.chain, self.those, n)
            first = min(self.first, len(task.menus) - 1)
            self._prefixes[key] = prefixes(task, self.weights, self._follows(n), self.most, first)
            self.labels += len(self._prefixes[key].reach)
        return self._prefixes[key]

    def _suffix(self, n: int, s: int) -> _Suffix:
        """Labels of the stages from position s on, without the hand-over before."""
        chain, paths, last = self.chain, self.those.paths, int(self.those.paths.stages[n])
        known: _Suffix | None = None
        for t in range(s, last):  # the longest suffix that is there already
            known = self._suffixes.get(self._key(n, t))
            if known is not None:
                break
        else:
            t = last
        for stage in range(t - 1, s - 1, -1):
            self.deadline.check()
            e = int(paths.runner[n, stage])
            after = np.zeros((1, len(self.weights))) if known is None else known.values + self._handed(n, stage + 1)
            position = 0 if chain.used is None else int(chain.used[stage, e])
            if stage == last - 1 < len(chain.on) - 1:  # everybody leaves
                position = chain.closing[stage][position]
            menu = chain.menus[stage][position]
            tests = self.tested, self.allowed[stage, e]
            known = _Suffix(*put_stage(menu, chain.adds[stage, e], after, tests, float(self.widths[stage])))
            self.labels += len(known.values)
            self._suffixes[self._key(n, stage)] = known
        assert known is not None
        return known

    def _key(self, n: int, s: int) -> bytes:
        paths = self.those.paths
        on = (paths.runner[n, s:], paths.way[n, s + 1 :], paths.moved[n, s + 1 :])
        return b"".join(bytes(part.tobytes()) for part in on)

    def _reach(self) -> Floats:
        """The largest reach that a prefix of use has at each stage; see `threshold_labels`.

        With allowance A(U) for U in place of `most`, a prefix with reach R that completes V >= v to `most` has
        R <= (most - U) / (v - A(U)) for any U where A(U) < v.
        """
        at = np.zeros_like(self.chain.on)
        runner = self.those.paths.runner
        for s in range(len(at)):
            at[s, runner[runner[:, s] != NOWHERE, s]] = True
        reach = np.where(at, 1.0, 0.0)
        slack = abs(self.most) + np.abs(np.where(np.isfinite(self.least), self.least, 0.0)).max()
        for halving in range(HALVINGS):
            less = slack * 0.5**halving
            allowed = most_value(self.chain, self.weights, self.most - less)
            with np.errstate(divide="ignore", invalid="ignore"):
                below = self.least - allowed
                reach = np.where(at & (below > 0), np.minimum(reach, less / below), reach)
        largest: Floats = np.clip(reach.max(axis=1), ROUNDING, 1.0)
        return largest


@dataclass(frozen=True, slots=True)
class Likeness:
    """How much cheaper the same thresholds may be on one placement than on another one.

    The objective of a plan is Σ_s R_s w_s. Placed otherwise, with the same menus and no less accuracy, the same
    thresholds have the same reaches, so they cost at most Σ_s R_s max(0, w'_s - w_s) more there: what is proven of the
    other placement, less that, bounds this one.

    Attributes
    ----------
    adds, lost
        N x M: what stages add to the objective, and the accuracy lost there.
    kind
        N: those of one number have the same menus and stages.
    reach
        M: the largest that a plan worth looking at has.
    """

    adds: Floats
    lost: Floats
    kind: Ints
    reach: Floats

    @classmethod
    def of(cls, chain: Chain, those: Placed, reach: Floats) -> Likeness:
        """Take it from placements.

        Parameters
        ----------
        chain, those
            The arrays, and N placements, all within the limits that thresholds do not change.
        reach
            M: the largest that a plan worth looking at has.
        """
        used = menus_used(chain, those.paths)
        stages = those.paths.stages[:, None]
        table = stages if used is None else np.column_stack([stages, used])
        kind = np.unique(table, axis=0, return_inverse=True)[1].ravel()
        return cls(those.adds[:, :, 0], those.adds[:, :, -1], kind, reach)

    def cheaper(self, n: int) -> Floats:
        """Return by how much a plan of each placement may be cheaper than placement n lets it be, N; infinite: any."""
        more = np.maximum(self.adds[n] - self.adds, 0.0) @ self.reach
        alike = (self.kind == self.kind[n]) & (self.lost[n] <= self.lost).all(axis=1)
        return np.where(alike, more, np.inf)


def _least(chain: Chain, swept: BoundTable) -> Floats:
    """The least V at each state, M x E; infinite where nothing is left."""
    least = np.full(chain.on.shape, np.inf)
    for s, step in enumerate(swept.steps):
        np.minimum.at(least[s], step.runner, step.value)
    return least
