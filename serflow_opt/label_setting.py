"""Backward label setting over (stage, option): all trade-offs of what is left of the network, from end to start.

State
-----
(s, p, b): stage s runs on p, and the run of stages on p that begins there may reach back to stage b at most, by its
memory. Which stages follow on p does not matter beyond that, nor does anything else of the suffix: the prefixes that
can complete a label depend on its state alone, so a label that another one of its state dominates can go (`labels.py`).
Where options of a tier may change from stage to stage, several runs on one option could need memory together: such
instances are not covered (`memory_couples`).

What is left at stage 1, with the way in, is the front.

Coverage
--------
With a tolerance, labels are compared by cells a factor 1 + d wide. Say a kept label y stands for a suffix x:
y <= (1 + d)^k x in each rounded column, y <= x in the others. Adding non-negative parts and scaling keep both
relations (for minus accuracy: the mass is at least x's divided by the factor); one more comparison makes k + 1. A
suffix meets one comparison with tolerance a stage, so with (1 + d)^M = 1 + coverage every point of the front is covered
within the factor. Columns with a limit (accuracy with a floor, latency with a bound) are compared exactly: a stand-in
might break the limit. So is one column where none has a limit, which costs nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from serflow_opt.dominance import cells, nondominated
from serflow_opt.formulations.data import SLACK, Data
from serflow_opt.instance import Instance
from serflow_opt.labels import NOISE, Accuracy, Column, Parts, grow, step_of
from serflow_opt.paths import Floats, Ints


@dataclass(frozen=True, slots=True)
class Found:
    """Plans none of which dominates another, options and thresholds by stage, and how many labels were kept in all."""

    options: Ints
    levels: Ints
    labels: int


@dataclass(frozen=True, slots=True)
class Labels:
    """Labels of one state, or on their way to one, each with what follows it: a state's number and a label's in it."""

    values: Floats
    state: Ints
    row: Ints

    def moved(self, vector: Floats) -> Labels:
        """Return the labels with a vector added to each."""
        return Labels(self.values + vector, self.state, self.row)

    def kept(self, rows: Ints) -> Labels:
        """Return some of the labels."""
        return Labels(self.values[rows], self.state[rows], self.row[rows])


@dataclass(frozen=True, slots=True)
class State:
    """A state: its option, how far back the run on it may reach, and for each label its threshold and what follows."""

    option: int
    reach_back: int
    level: Ints
    labels: Labels


def memory_couples(instance: Instance) -> bool:
    """Whether two runs of stages on one option can be too large together though each of them fits."""
    whole = sum(stage.parameter_bytes for stage in instance.stages)
    largest = max([instance.input_bytes, *(stage.activation_bytes for stage in instance.stages)])
    return len(instance.stages) > 2 and any(
        option.memory_bytes is not None
        and instance.tiers[option.tier].stage_specific
        and whole + largest > option.memory_bytes
        for option in instance.options
    )


def set_labels(
    instance: Instance,
    objectives: Sequence[Column],
    coverage: float = 0.0,
    deadline: float | None = None,
    on_stage: Callable[[int, int], None] | None = None,
) -> Found:
    """Return the plans no other plan dominates, of an instance with menu thresholds that pays per request.

    What has a limit (accuracy with a floor, latency with a bound) takes part in the comparison, also where it is no
    objective.

    Parameters
    ----------
    objectives
        What plans are judged by.
    coverage
        0: all plans of the front. Above: plans that leave no point of it more than this factor away.
    deadline
        Of time.monotonic(), s; None: none.
    on_stage
        Called with each stage that is done and the labels kept so far.

    Raises
    ------
    OutOfTime
        When the deadline passes.
    """
    limited = _limited(instance)
    columns = [*objectives, *(column for column in limited if limited[column] and column not in objectives)]
    return _Recursion(instance, columns, coverage, deadline).run(len(objectives), on_stage)


class _Recursion:
    def __init__(self, instance: Instance, columns: Sequence[Column], coverage: float, deadline: float | None) -> None:
        self.instance, self.columns, self.deadline = instance, tuple(columns), deadline
        self.data = Data(instance)
        self.hops = set(self.data.hops)
        self.parts = Parts(self.data, columns)
        self.accuracy = Accuracy(instance) if instance.accuracy_min is not None else None
        self.rounded = _rounded(instance, self.columns) if coverage > 0 else []
        self.width = max(float(np.expm1(np.log1p(coverage) / max(self.data.last, 1))), NOISE)
        self.states: list[State] = []

    def run(self, objectives: int, on_stage: Callable[[int, int], None] | None) -> Found:
        data = self.data
        after: list[int] = []
        arriving: dict[int, Labels] = {}
        for s in reversed(data.stages):
            step = step_of(self.instance, s, self.columns)
            now = []
            for p in [p for t, p in data.places if t == s]:
                for b, tail in self._tails(s, p, after, arriving).items():
                    here = self.parts.stage(s, p)
                    grown = grow(step, here, tail.values, self._alive(s), self._compared, self.deadline)
                    if len(grown.level):
                        now.append(len(self.states))
                        labels = Labels(grown.values, tail.state[grown.row], tail.row[grown.row])
                        self.states.append(State(p, b, grown.level, labels))
            after, arriving = now, self._arriving(now)
            if on_stage is not None:
                on_stage(s, sum(len(state.level) for state in self.states))
        return self._found(after, objectives)

    def _tails(self, s: int, p: int, after: list[int], arriving: dict[int, Labels]) -> dict[int, Labels]:
        """What can follow stage s on p, by how far back the run on p may then reach."""
        alone = run_begin(self.data, s, p)
        if s == self.data.last:
            nothing = np.full(1, -1)
            return {alone: Labels(np.zeros((1, len(self.columns))), nothing, nothing)}
        tails: dict[int, list[Labels]] = {}
        for number in after:
            state = self.states[number]
            if state.option == p and state.reach_back <= s:
                tails.setdefault(state.reach_back, []).append(self._of(number))
        for k, labels in arriving.items():
            if (s + 1, p, k) in self.hops:
                tails.setdefault(alone, []).append(labels.moved(self.parts.hop(s + 1, p, k)))
        return {b: self._pooled(several) for b, several in tails.items()}

    def _of(self, number: int) -> Labels:
        """A state's labels as what may follow an earlier stage."""
        values = self.states[number].labels.values
        return Labels(values, np.full(len(values), number), np.arange(len(values)))

    def _arriving(self, states: list[int]) -> dict[int, Labels]:
        """Labels that begin in each tier, with what beginning there takes."""
        by_tier: dict[int, list[Labels]] = {}
        for number in states:
            p = self.states[number].option
            by_tier.setdefault(self.data.tier[p], []).append(self._of(number).moved(self.parts.begin(p)))
        return {k: self._pooled(several) for k, several in by_tier.items()}

    def _pooled(self, several: Sequence[Labels]) -> Labels:
        """The undominated of several sets of labels."""
        pool = Labels(
            np.concatenate([labels.values for labels in several]),
            np.concatenate([labels.state for labels in several]),
            np.concatenate([labels.row for labels in several]),
        )
        return pool.kept(nondominated(cells(pool.values, NOISE))) if len(several) > 1 else pool

    def _alive(self, s: int) -> Callable[[Floats], NDArray[np.bool_]]:
        """Which labels of stage s can keep the accuracy floor."""
        if self.accuracy is None:
            return lambda values: np.ones(len(values), dtype=bool)
        attainable, column = self.accuracy.attainable, self.columns.index("accuracy")
        return lambda values: attainable(s, -values[:, column])

    def _compared(self, values: Floats) -> Floats:
        """The numbers labels are compared by: cells, of rounding noise or as wide as the coverage allows."""
        numbers = cells(values, NOISE)
        if self.rounded:
            numbers[:, self.rounded] = cells(values[:, self.rounded], self.width)
        return numbers

    def _found(self, first: list[int], objectives: int) -> Found:
        """Complete the labels of stage 1, hold them against the limits, compare them, and follow each to its end.

        They are compared by the objectives, the first of the columns: a limit that holds counts no more.
        """
        tails = [
            self._of(number).moved(self.parts.begin(p) + self.parts.entry(p))
            for number in first
            for p in [self.states[number].option]
        ]
        count = sum(len(state.level) for state in self.states)
        last = self.data.last
        if not tails:
            nothing = np.empty((0, last), dtype=np.int64)
            return Found(nothing, nothing, count)
        plans = self._pooled(tails)
        plans = plans.kept(np.flatnonzero(self._within_limits(plans.values)))
        plans = plans.kept(nondominated(cells(plans.values[:, :objectives], NOISE)))
        options = np.empty((len(plans.row), last), dtype=np.int64)
        levels = np.empty_like(options)
        for i, (number, row) in enumerate(zip(plans.state.tolist(), plans.row.tolist(), strict=True)):
            for s in range(last):
                state = self.states[number]
                options[i, s], levels[i, s] = state.option, state.level[row]
                number, row = int(state.labels.state[row]), int(state.labels.row[row])
        return Found(options, levels, count)

    def _within_limits(self, values: Floats) -> NDArray[np.bool_]:
        holds = np.ones(len(values), dtype=bool)
        limit = self.instance.latency_slo_s
        if limit is not None:
            holds &= values[:, self.columns.index("latency")] * self.data.second <= limit * (1 + SLACK)
        if self.accuracy is not None:
            holds &= -values[:, self.columns.index("accuracy")] >= self.accuracy.floor
        return holds


def run_begin(data: Data, s: int, p: int) -> int:
    """Return the first stage that a run of stages on p which ends with stage s can begin with, by memory."""
    limit = data.instance.options[p].memory_bytes
    first, parameters, largest = s, 0.0, 0.0
    for t in range(s, 0, -1):
        parameters += data.instance.stages[t - 1].parameter_bytes
        largest = max(largest, data.activation(t))
        if limit is not None and parameters + largest > limit * (1 + SLACK):
            break
        first = t
    return first


def _limited(instance: Instance) -> dict[Column, bool]:
    """Which columns have a limit."""
    return {
        "cost": False,
        "latency": instance.latency_slo_s is not None,
        "accuracy": instance.accuracy_min is not None,
    }


def _rounded(instance: Instance, columns: Sequence[Column]) -> list[int]:
    """Columns that may be compared roughly: those without a limit, all but one where none has one."""
    limited = _limited(instance)
    free = [i for i, column in enumerate(columns) if not limited[column]]
    return free if len(free) < len(columns) else free[:-1]
