"""The best thresholds of one placement, exactly: label setting from the end, prefixes from the start, met in between.

A label is what a choice of thresholds makes of the suffix s..M, a number for each column per request that enters it.
Choosing threshold l at stage s maps the label after it, y, to w_s + (1 - ε_l) y, less ε_l r_l in the column of minus
the accuracy. That keeps dominance, so of two labels the one that is nowhere better can go. And so can a label no prefix
completes to what is asked for: by the multipliers of the Lagrangian it may be worth at most the allowance of stage s
(`prefixes.most_value`, here for a single placement), and the same holds for each column that has a limit, by itself.

A prefix is a choice for the stages 1..s-1: the reach R it leaves and the columns Y of what it has met. It is of use
only if the best suffix, by the multipliers, completes it. Prefixes are few at the first stages, where labels are many:
all requests come through there, and nothing may be lost. Where both meet, a prefix needs the cheapest label whose
accuracy is enough, one search in the staircase of labels. That takes two columns; with more, labels go all the way.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from serflow_opt import kernels
from serflow_opt.ground.arrays import Floats, Ints
from serflow_opt.ground.deadline import NEVER, Deadline
from serflow_opt.ground.dominance import nondominated
from serflow_opt.ground.tolerances import ROUNDING
from serflow_opt.search.envelope import Envelope
from serflow_opt.search.flat import FlatEnvelopes

if TYPE_CHECKING:
    from serflow_opt.kernels.thresholds import Along

PREFIXES = 2_000
"""Prefixes kept at most before labels meet them."""
_Grown = tuple[Floats, Floats, Ints, Ints]
"""Reach and columns of prefixes, their rows among those a stage before, and thresholds."""


class TooManyLabels(Exception):
    """More labels than were allowed."""


@dataclass(frozen=True, slots=True)
class ThresholdTask:
    """One placement: the menus its stages use, what stages add to K columns (M x K), and limits on these.

    The first column is what is minimised, the last minus the accuracy. `lines` has the menus among
    others, one behind the other, and `numbers` says which of them they are, M; None: no compiled loops.
    """

    menus: Sequence[Envelope]
    adds: Floats
    limits: Floats
    lines: FlatEnvelopes | None = None
    numbers: Ints | None = None

    def along(self, weights: Floats) -> Along | None:
        """Return the compiled loops along the stages, where there are any."""
        if self.lines is None or not kernels.compiled:
            return None
        from serflow_opt.kernels.thresholds import Along

        return Along(self.lines, self.numbers, self.adds @ weights, float(weights[-1]))


@dataclass(frozen=True, slots=True)
class ThresholdChoice:
    """Thresholds, as positions in the menus, and the columns they make."""

    levels: Ints
    columns: Floats


@dataclass(frozen=True, slots=True)
class Prefixes:
    """Reach, columns (N x 2), and how each came about: position among those a stage before, and threshold."""

    reach: Floats
    columns: Floats
    trail: list[tuple[Ints, Ints]]

    @property
    def stages(self) -> int:
        return len(self.trail)


def best_thresholds(
    task: ThresholdTask,
    weights: Floats,
    most: float,
    *,
    tolerance: float = 0.0,
    deadline: Deadline = NEVER,
    labels: int | None = None,
) -> tuple[ThresholdChoice | None, int]:
    """Return the thresholds that minimise the first column within the limits, and how many labels it took.

    Parameters
    ----------
    weights
        K multipliers, 1 for the first column.
    most
        What the weighted columns may come to: choices beyond it are not looked at.
    tolerance
        How far the first column may stay behind the best there is within `most`, in its units.
    deadline
        When to stop.
    labels
        How many may be kept; None: any number.

    Returns
    -------
    tuple
        None where no choice is within `most` and the limits.

    Raises
    ------
    OutOfTime
        When the deadline passes.
    TooManyLabels
        When more are kept than allowed.
    """
    along = task.along(weights)
    suffix = _suffixes(task, weights) if along is None else along.suffixes()
    start = prefixes(task, weights, suffix, most) if len(weights) == 2 else Prefixes(np.ones(1), np.zeros((1, 1)), [])
    count, first = len(start.reach), start.stages
    if not count:
        return None, 0
    mosts = [(k, limit) for k, limit in enumerate(task.limits.tolist()) if math.isfinite(limit)]
    tested, allowed = np.zeros((len(mosts) + 1, len(weights))), np.empty((len(task.adds), len(mosts) + 1))
    tested[0], allowed[:, 0] = weights, _allowances(task, weights, most) if along is None else along.allowances(most)
    for test, (column, limit) in enumerate(mosts, start=1):
        tested[test, column] = 1.0
        allowed[:, test] = _allowances(task, tested[test], limit)
    widths = np.zeros(len(task.adds))
    if tolerance > 0:  # what is lost counts with the reach
        reach = _reaches(task, weights, suffix, most) if along is None else along.reaches(suffix, most)
        widths = tolerance / max(len(task.adds) - first, 1) / np.clip(reach, ROUNDING, 1.0)
    after = np.zeros((1, len(weights)))
    trail: list[tuple[Ints, Ints]] = []
    for s in range(len(task.adds) - 1, first - 1, -1):
        deadline.check()
        after, level, row = put_stage(task.menus[s], task.adds[s], after, (tested, allowed[s]), widths[s])
        if not len(after):
            return None, count
        count += len(after)
        if labels is not None and count > labels:
            raise TooManyLabels
        trail.append((row, level))
    met = meet(task, start, after)
    if met is None:
        return None, count
    prefix, at, columns = met
    levels = [*followed(start.trail[::-1], prefix)[::-1], *followed(trail[::-1], at)]
    return ThresholdChoice(np.array(levels), columns), count


def followed(trail: Sequence[tuple[Ints, Ints]], at: int) -> list[int]:
    """Return the thresholds along a trail, last step first."""
    levels = []
    for row, level in trail:
        levels.append(int(level[at]))
        at = int(row[at])
    return levels


def _suffixes(task: ThresholdTask, weights: Floats) -> Floats:
    """V_s: the least weighted sum of a suffix that begins with each stage; 0 behind the last."""
    added, beta = task.adds @ weights, float(weights[-1])
    value = np.zeros(len(task.adds) + 1)
    for s in range(len(task.adds) - 1, -1, -1):
        value[s] = added[s] + phi(task.menus[s], value[s + 1 : s + 2], beta)[0]
    return value


def prefixes(task: ThresholdTask, weights: Floats, suffix: Floats, most: float, stages: int | None = None) -> Prefixes:
    """Return the choices for the first stages that the best suffix completes to `most`: as far as they stay few.

    Parameters
    ----------
    suffix
        The least weighted sum of what follows each stage, by the position of the stage that follows.
    stages
        How many stages at most; None: all but the last.
    """
    grow: Callable[..., _Grown | None] = _grown
    if kernels.compiled:
        from serflow_opt.kernels.thresholds import grown

        grow = grown
    reach, columns, beta, left = np.ones(1), np.zeros((1, 2)), float(weights[1]), suffix.tolist()
    trail: list[tuple[Ints, Ints]] = []
    for s, envelope in enumerate(task.menus[: len(task.menus) - 1 if stages is None else stages]):
        menu = envelope.rate, envelope.mass
        some = grow(reach, columns, task.adds[s], menu, left[s + 1], beta, most, PREFIXES)
        if some is None:
            break
        reach, columns, row, level = some
        trail.append((row, level))
    return Prefixes(reach, columns, trail)


def _grown(
    reach: Floats, columns: Floats, adds: Floats, menu: tuple[Floats, Floats], suffix: float, beta: float, most: float,
    few: int,
) -> _Grown | None:  # fmt: skip
    """What `kernels/thresholds.grown` does, by numpy."""
    rate, mass = menu
    met = columns + reach[:, None] * adds
    go_on = reach[:, None] * (1 - rate)
    right = met[:, 1, None] - reach[:, None] * mass
    row, level = np.nonzero(met[:, 0, None] + beta * right + go_on * suffix <= most)
    if len(row) > few:
        return None
    return go_on[row, level], np.column_stack([met[row, 0], right[row, level]]), row, level


def listed_thresholds(task: ThresholdTask, weights: Floats, most: float) -> Ints | None:
    """Return all thresholds that come to `most` and keep the second limit, one a row; None: they are too many to list.

    Parameters
    ----------
    task
        Of two columns; all leave at the last stage.
    weights
        Multipliers of the columns, 1 for the first.
    most
        What the weighted columns may come to.
    """
    start = prefixes(task, weights, _suffixes(task, weights), most)
    if start.stages < len(task.adds) - 1 or len(task.menus[-1].rate) > 1:
        return None if len(start.reach) else np.zeros((0, len(task.adds)), dtype=np.int64)
    right = start.columns[:, 1] + start.reach * (task.adds[-1, 1] - task.menus[-1].mass[0])
    at = np.flatnonzero(right <= task.limits[1])
    levels = np.zeros((len(at), len(task.adds)), dtype=np.int64)
    for s in range(len(task.adds) - 2, -1, -1):
        row, level = start.trail[s]
        levels[:, s], at = level[at], row[at]
    return levels


def meet(task: ThresholdTask, start: Prefixes, after: Floats) -> tuple[int, int, Floats] | None:
    """Complete prefixes with labels: return the best prefix, its label, and the columns of both together.

    Parameters
    ----------
    task
        The placement, its menus and limits.
    start
        Prefixes of a first few stages; without a stage, the one that has met nothing.
    after
        Labels of what follows, N x K; of two columns by rising cost and falling minus accuracy.

    Returns
    -------
    tuple
        None where no prefix and label together keep the limits.
    """
    if not start.trail:
        good = np.flatnonzero((after <= task.limits).all(axis=1))
        return (0, int(best := good[after[good, 0].argmin()]), after[best]) if len(good) else None
    if kernels.compiled:
        from serflow_opt.kernels.thresholds import met

        prefix, label = met(start.reach, start.columns, after, task.limits)
        return (prefix, label, start.columns[prefix] + start.reach[prefix] * after[label]) if prefix >= 0 else None
    room = task.limits[1] - start.columns[:, 1]
    with np.errstate(divide="ignore", invalid="ignore"):
        needed = np.where(start.reach > 0, room / start.reach, np.where(room >= 0, np.inf, -np.inf))
    at = np.searchsorted(-after[:, 1], -needed)  # by rising cost, minus the accuracy falls
    rows = np.flatnonzero(at < len(after))
    total = start.columns[rows] + start.reach[rows, None] * after[at[rows]]
    good = np.flatnonzero(total[:, 0] <= task.limits[0])
    if not len(good):
        return None
    best = int(good[total[good, 0].argmin()])
    return int(rows[best]), int(at[rows[best]]), total[best]


def _allowances(task: ThresholdTask, weights: Floats, most: float) -> Floats:
    """The largest weighted sum that a label of each stage may have if a prefix shall complete it to `most`."""
    if (along := task.along(weights)) is not None:
        return along.allowances(most)
    allowed = np.empty(len(task.adds))
    left = np.array([most])
    for s, envelope in enumerate(task.menus):
        allowed[s] = left[0]
        left = envelope.most_after(left - task.adds[s] @ weights, float(weights[-1]))
    return allowed


def _reaches(task: ThresholdTask, weights: Floats, suffix: Floats, most: float) -> Floats:
    """The largest reach that a prefix of use has at each stage.

    A label of stage s may be worse in the first column by what a plan may, over that. With F_s(V) the least that a
    prefix makes of V, and v the least V of a suffix, no prefix that is of use has a reach above
    (most - F_s(v - h)) / h, for any h > 0.
    """
    last, beta = len(task.adds), float(weights[-1])
    added = task.adds @ weights
    steps = np.abs(suffix[:last]).max() * 2.0 ** np.arange(-12, 3)
    through = suffix[:last, None] - steps  # F_s of these, all s together
    for t in range(last - 2, -1, -1):
        rows = slice(t + 1, last)
        through[rows] = added[t] + phi(task.menus[t], through[rows].ravel(), beta).reshape(-1, len(steps))
    reach: Floats = ((most - through) / steps).min(axis=1)
    return reach


def phi(envelope: Envelope, value: Floats, beta: float) -> Floats:
    """Return φ(V), the least that the thresholds of a stage make of what follows (`envelope.py`).

    Parameters
    ----------
    envelope
        The stage's menu.
    value
        V, any number of them.
    beta
        Multiplier of the accuracy, at least 0.
    """
    rate, mass = envelope.leaving(envelope.best(value, np.full(len(value), beta)))
    least: Floats = (1 - rate) * value - beta * mass
    return least


def put_stage(
    envelope: Envelope, adds: Floats, after: Floats, tests: tuple[Floats, Floats], width: float
) -> tuple[Floats, Ints, Ints]:
    """Put a stage in front of labels: the undominated that are within the allowances, their levels and rows.

    Parameters
    ----------
    envelope
        The stage's menu.
    adds
        K numbers, what the stage adds to the columns.
    after
        N x K, labels of what follows; of two columns by rising cost and falling minus accuracy.
    tests
        Weights of the columns, T x K, and allowances, T: what a label may come to by them.
    width
        Of cells of the first column, in its units: of each the most accurate label stays. 0, or K > 2: there are none.

    Returns
    -------
    tuple
        Labels, their thresholds, and their rows in `after`.
    """
    if kernels.compiled and after.shape[1] == 2:
        from serflow_opt.kernels.labels import Merge

        return Merge(envelope.rate, envelope.mass, adds, after, *tests, width).run()
    go_on = (1 - envelope.rate)[:, None]
    alive = np.ones((len(go_on), len(after)), dtype=bool)
    for weights, most in zip(*tests, strict=True):
        value = go_on * (after @ weights) - (weights[-1] * envelope.mass)[:, None]
        alive &= value <= most - adds @ weights
    level, row = np.nonzero(alive)
    values = adds + go_on[level] * after[row]
    values[:, -1] -= envelope.mass[level]
    if values.shape[1] > 2:
        order = nondominated(values)
    else:
        order = values[:, 0].argsort(kind="stable")
        wrong = values[order, 1]
        kept = np.ones(len(order), dtype=bool)
        kept[1:] = wrong[1:] < np.minimum.accumulate(wrong)[:-1]
        order = order[kept]
    if width > 0 and len(order) > 1 and values.shape[1] == 2:  # of labels in a cell the last is the most accurate
        cell = np.floor((values[order, 0] - values[order[0], 0]) / width)
        order = order[np.append(cell[1:] != cell[:-1], True)]
    return values[order], level[order], row[order]
