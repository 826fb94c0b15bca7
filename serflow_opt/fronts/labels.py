"""What a suffix of the chain is worth: labels, what thresholds and hand-overs do to them, and the accuracy in reach.

A label of a suffix (stages s..M) is what a request *entering stage s* meets from there on, a number for each column:
its money, its mean or whole-path time, what leaks of it, its energy, and minus the share of such requests that is
answered rightly. Less is better in all. With V a label of what follows stage s, hand-over included, choosing
threshold l makes

    stage part + exit part + scale_l V,    scale_l = 1 - ε_{s,l}, or 1 for whole-path time,

and a hand-over, an invocation, a cold start or the way in adds a vector that no threshold changes. Both are
non-decreasing in V: of two labels that the same prefixes can complete, the one that is nowhere worse completes at least
as well.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from serflow_opt.formulations.coefficients import SOURCE, Data, Entry, Hop
from serflow_opt.ground.arrays import Floats, Ints
from serflow_opt.ground.deadline import NEVER, Deadline
from serflow_opt.ground.dominance import nondominated
from serflow_opt.ground.tolerances import SLACK
from serflow_opt.problem.kinds import Objective

Column = Objective
AT_ONCE = 500_000
"""Candidates made at once, about."""


@dataclass(frozen=True, slots=True)
class LabelStep:
    """What the thresholds of a stage do to the labels of what follows: scale and exit part, levels x columns."""

    scale: Floats
    leave: Floats

    def only(self, level: int) -> LabelStep:
        """Return one threshold alone."""
        return LabelStep(self.scale[level : level + 1], self.leave[level : level + 1])

    def extend(self, here: Floats, after: Floats) -> Floats:
        """Return here + leave_l + scale_l V for all levels and labels, one level after the other."""
        grown: Floats = self.scale[:, None, :] * after + (self.leave + here)[:, None, :]
        return grown.reshape(-1, after.shape[1])


def step_of(data: Data, s: int, owner: int, columns: Sequence[Column]) -> LabelStep:
    """Return what the thresholds of stage s do, in its own menu (`AS_IS`) or in that of a variant.

    Parameters
    ----------
    data, s
        Coefficients of an instance, and the stage, 1..M.
    owner
        The position of the variant whose menu it is, or `AS_IS`.
    columns
        What labels are made of.
    """
    levels = [level for level in data.menu[s] if level.variant == owner]
    rate = np.array([level.exit_rate for level in levels])
    scale, leave = np.empty((len(rate), len(columns))), np.zeros((len(rate), len(columns)))
    for i, column in enumerate(columns):
        scale[:, i] = 1.0 if column == "latency" and data.instance.latency_measure == "worst" else 1 - rate
        if column == "accuracy":
            leave[:, i] = -np.nan_to_num(rate * np.array([level.accuracy for level in levels]))
    return LabelStep(scale, leave)


@dataclass(frozen=True, slots=True)
class Grown:
    """Labels of a stage, each with the threshold and the label of what follows that it is made of."""

    values: Floats
    level: Ints
    row: Ints


def grow(
    step: LabelStep,
    here: Floats,
    after: Floats,
    alive: Callable[[Floats], NDArray[np.bool_]],
    compared: Callable[[Floats], Floats],
    deadline: Deadline = NEVER,
) -> Grown:
    """Return the undominated labels of a stage.

    Parameters
    ----------
    step, here, after
        What the thresholds do, what the stage adds, labels of what follows.
    alive
        Which candidates may still matter.
    compared
        The numbers by which candidates are compared.

    Raises
    ------
    OutOfTime
        When the deadline passes.
    """
    nobody = np.empty(0, dtype=np.int64)
    kept = Grown(np.empty((0, after.shape[1])), nobody, nobody)
    levels = max(1, AT_ONCE // max(1, len(after)))
    for first in range(0, len(step.scale), levels):
        deadline.check()
        part = LabelStep(step.scale[first : first + levels], step.leave[first : first + levels])
        values = part.extend(here, after)
        rows = np.flatnonzero(alive(values))
        values = np.concatenate([kept.values, values[rows]])
        best = nondominated(compared(values))
        level = np.concatenate([kept.level, first + rows // len(after)])[best]
        kept = Grown(values[best], level, np.concatenate([kept.row, rows % len(after)])[best])
    return kept


class Accuracy:
    """The best accuracy that thresholds of earlier stages can give a suffix.

    Prefixes that end before stage s come as pairs (R, A): the share of requests that goes on, and the accuracy mass of
    those that left. They do not depend on the placement: menus of all variants count, adaptations that cost accuracy do
    not, those that gain some do. A suffix of accuracy v >= 0 completes to at most max (A + R v), the upper envelope of
    lines. A prefix below the envelope at stage s stays below it later, because a threshold turns v into e r + (1 - e) v
    for all prefixes alike.
    """

    def __init__(self, data: Data) -> None:
        self.floor = (data.instance.accuracy_min or 0.0) * (1 - SLACK)
        reach, mass = np.ones(1), np.zeros(1)
        self._lines: list[tuple[Floats, Floats]] = []
        for s in data.stages:
            on_arrival = max([-data.way_lost(hop) for hop in data.hops if hop[0] == s], default=0.0)
            in_stage = max([-data.lost(s, e) for t, e in data.places if t == s], default=0.0)
            mass = mass + reach * max(on_arrival, 0.0)
            self._lines.append((reach, mass))
            mass = mass + reach * max(in_stage, 0.0)
            rate = np.array([level.exit_rate for level in data.menu[s]])
            right = np.nan_to_num(rate * np.array([level.accuracy for level in data.menu[s]]))
            mass = (mass[:, None] + reach[:, None] * right).ravel()
            reach = (reach[:, None] * (1 - rate)).ravel()
            reach, mass = _upper_hull(reach, mass)

    def attainable(self, s: int, accuracy: Floats) -> NDArray[np.bool_]:
        """Whether suffixes that begin with stage s (1..M) can still keep the floor."""
        best = np.full(len(accuracy), -np.inf)
        for reach, mass in zip(*self._lines[s - 1], strict=True):
            np.maximum(best, mass + reach * np.maximum(accuracy, 0.0), out=best)
        enough: NDArray[np.bool_] = best >= self.floor
        return enough


def _upper_hull(x: Floats, y: Floats) -> tuple[Floats, Floats]:
    """Keep the points that are highest in some direction: no other line is the largest of A + R v for any v >= 0."""
    kept: list[int] = []
    for i in np.lexsort((y, x)).tolist():
        while kept and y[kept[-1]] <= y[i]:
            kept.pop()
        while len(kept) > 1 and _turns_left(x, y, kept[-2], kept[-1], i):
            kept.pop()
        kept.append(i)
    return x[kept], y[kept]


def _turns_left(x: Floats, y: Floats, a: int, b: int, c: int) -> bool:
    return bool((x[b] - x[a]) * (y[c] - y[a]) >= (y[b] - y[a]) * (x[c] - x[a]))


class LabelTerms:
    """What stages, hand-overs and beginnings on a runner add to a label, as vectors of the columns."""

    def __init__(self, data: Data, columns: Sequence[Column]) -> None:
        self.data = data
        self._columns = tuple(columns)
        self._grams = "carbon" in self._columns
        whole = data.instance.latency_measure == "worst"
        self._cold = data.whole_cold_time if whole else data.mean_cold_time

    def stage(self, s: int, e: int) -> Floats:
        """Stage s as e: its time, the price of that time, its energy, accuracy lost on entering a variant."""
        data, seconds = self.data, self.data.time(s, e)
        usd, grams = seconds * data.busy_price(e), data.carbon(s, e) if self._grams else 0.0
        return self._vector(usd, seconds, 0.0, data.energy(s, e), grams, data.lost(s, e))

    def hop(self, hop: Hop) -> Floats:
        """A hand-over: encoding and transfer, what sender and link are paid for, leak, energy, accuracy lost."""
        data, e = self.data, hop[1]
        encode, move = data.encode_time(hop), data.hop_time(hop)
        paid = 0.0 if e == SOURCE else data.busy_price(e) * (encode + move * data.waits(e))
        usd = data.hop_price(hop) + paid
        grams = data.hop_carbon(hop) if self._grams else 0.0
        return self._vector(usd, encode + move, data.hop_leak(hop), data.hop_energy(hop), grams, data.way_lost(hop))

    def begin(self, entry: Entry) -> Floats:
        """Taking over: an invocation and its cold start, decoding."""
        data, e = self.data, entry[1]
        decode = data.decode_time(entry)
        usd = data.invocation_price(e) + decode * data.busy_price(e)
        grams = data.entry_carbon(entry) if self._grams else 0.0
        return self._vector(usd, self._cold(e) + decode, 0.0, data.decode_energy(entry), grams, 0.0)

    def _vector(self, usd: float, seconds: float, leak: float, joules: float, grams: float, lost: float) -> Floats:
        known = {
            "cost": usd,
            "latency": seconds,
            "privacy": leak,
            "energy": joules,
            "carbon": grams,
            "accuracy": lost,
        }
        return np.array([known[column] for column in self._columns])
