"""Backward label setting over (stage, option): all trade-offs of what is left of the network, from end to start.

State
-----
(s, e, b): stage s runs as e, and the run of stages on its option that begins there may reach back to stage b at most,
by its memory. Which stages follow on it does not matter beyond that, nor does anything else of the suffix: the prefixes
that can complete a label depend on its state alone, so a label that another one of its state dominates can go
(`labels.py`). Where options of a tier may change from stage to stage, or variants change the memory of earlier stages,
several runs on one option could need memory together; and a run may leave for its own option where it would take too
long, or take longer in a variant: such instances are not covered (`stages_couple`).

What is left at stage 1, with the way in, is the front. Where all may leave at a stage, a plan may end there: such a
state has one label, of the stage and the exit alone.

Coverage
--------
With a tolerance, labels are compared by cells a factor 1 + d wide. Say a kept label y stands for a suffix x:
y <= (1 + d)^k x in each rounded column, y <= x in the others. Adding non-negative parts and scaling keep both
relations (for minus accuracy: the mass is at least x's divided by the factor); one more comparison makes k + 1. A
suffix meets one comparison with tolerance a stage, so with (1 + d)^M = 1 + coverage every point of the front is covered
within the factor. Columns with a limit (accuracy with a floor, latency with a bound) are compared exactly: a stand-in
might break the limit. So are columns whose parts have both signs, and one column where none has a limit, which costs
nothing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import get_args

import numpy as np
from numpy.typing import NDArray

from serflow_opt.formulations.adaptation import costs_accuracy
from serflow_opt.formulations.coefficients import SOURCE, Data, Entry, Hop, Hub
from serflow_opt.fronts.labels import Accuracy, Column, LabelTerms, grow, step_of
from serflow_opt.ground.arrays import Floats, Ints
from serflow_opt.ground.deadline import NEVER, Deadline
from serflow_opt.ground.dominance import cells, nondominated
from serflow_opt.ground.tolerances import ROUNDING, SLACK
from serflow_opt.plan.decision import Decision, shortest
from serflow_opt.problem.instance import Instance
from serflow_opt.problem.kinds import Objective
from serflow_opt.search.runs import run_begin


@dataclass(frozen=True, slots=True)
class LabelledFront:
    """Plans none of which dominates another, and how many labels were kept in all."""

    decisions: list[Decision]
    labels: int


@dataclass(frozen=True, slots=True)
class Labels:
    """Labels of one state, or on their way to one, each with what follows it.

    That is a state's number, a label's in it, and the way in which it is handed over to.
    """

    values: Floats
    state: Ints
    row: Ints
    way: Ints

    def moved(self, vector: Floats, way: int | None = None) -> Labels:
        """Return the labels with a vector added to each, handed over in a way."""
        ways = self.way if way is None else np.full(len(self.row), way)
        return Labels(self.values + vector, self.state, self.row, ways)

    def kept(self, rows: Ints) -> Labels:
        """Return some of the labels."""
        return Labels(self.values[rows], self.state[rows], self.row[rows], self.way[rows])


@dataclass(frozen=True, slots=True)
class LabelState:
    """A state: its runner, how far back the run on its option may reach, its labels and their thresholds."""

    runner: int
    reach_back: int
    level: Ints
    labels: Labels


def set_labels(
    instance: Instance,
    objectives: Sequence[Column],
    coverage: float = 0.0,
    deadline: Deadline = NEVER,
    on_stage: Callable[[int, int], None] | None = None,
) -> LabelledFront:
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
        When to stop.
    on_stage
        Called with each stage that is done and the labels kept so far.

    Raises
    ------
    OutOfTime
        When the deadline passes.
    """
    limited = [name for name in get_args(Objective) if instance.limit(name) is not None]
    columns = [*objectives, *(column for column in limited if column not in objectives)]
    return _Recursion(instance, columns, coverage, deadline).run(len(objectives), on_stage)


class _Recursion:
    def __init__(self, instance: Instance, columns: Sequence[Column], coverage: float, deadline: Deadline) -> None:
        self.instance, self.columns, self.deadline = instance, tuple(columns), deadline
        self.data = Data(instance)
        self.parts = LabelTerms(self.data, columns)
        self.accuracy = Accuracy(self.data) if instance.accuracy_min is not None else None
        self.rounded = _rounded(self.data, self.columns) if coverage > 0 else []
        self.width = max(float(np.expm1(np.log1p(coverage) / max(self.data.last, 1))), ROUNDING)
        self.states: list[LabelState] = []
        self.leaving: dict[tuple[int, int], list[Hop]] = defaultdict(list)
        for hop in self.data.hops:
            self.leaving[hop[:2]].append(hop)
        self.entering: dict[tuple[int, int], list[Entry]] = defaultdict(list)
        for entry in self.data.entries:
            self.entering[entry[:2]].append(entry)

    def run(self, objectives: int, on_stage: Callable[[int, int], None] | None) -> LabelledFront:
        data = self.data
        after: list[int] = []
        arriving: dict[Hub, Labels] = {}
        for s in reversed(data.stages):
            steps = {owner: step_of(data, s, owner, self.columns) for owner in {lv.variant for lv in data.menu[s]}}
            now = []
            for e in [e for t, e in data.places if t == s]:
                step = steps[data.menu_used(s, e)]
                here = self.parts.stage(s, e)
                grown = [(b, step, tail, 0) for b, tail in self._tails(s, e, after, arriving).items()]
                if data.may_end(s, e):
                    level = data.menu[s][data.ends[s, data.menu_used(s, e)]].position
                    grown.append((run_begin(data, s, e), step.only(level), self._nothing(), level))
                for b, may_leave, tail, first in grown:
                    found = grow(may_leave, here, tail.values, self._alive(s), self._compared, self.deadline)
                    if len(found.level):
                        now.append(len(self.states))
                        labels = Labels(found.values, tail.state[found.row], tail.row[found.row], tail.way[found.row])
                        self.states.append(LabelState(e, b, found.level + first, labels))
            after, arriving = now, self._arriving(s, now)
            if on_stage is not None:
                on_stage(s, sum(len(state.level) for state in self.states))
        return self._found(arriving, objectives)

    def _tails(self, s: int, e: int, after: list[int], arriving: dict[Hub, Labels]) -> dict[int, Labels]:
        """What can follow stage s as e, by how far back the run on its option may then reach."""
        data = self.data
        alone = run_begin(data, s, e)
        if s == data.last:
            return {alone: self._nothing()}
        tails: dict[int, list[Labels]] = {}
        carried = data.carried(s + 1, e)
        for number in after:
            state = self.states[number]
            same = data.option(state.runner) == data.option(e) and data.carried(s + 1, state.runner) == carried
            if same and state.reach_back <= s:
                tails.setdefault(state.reach_back, []).append(self._of(number))
        for hop in self.leaving[s + 1, e]:
            labels = arriving.get(data.hub_left(hop))
            if labels is not None:
                tails.setdefault(alone, []).append(labels.moved(self.parts.hop(hop)))
        return {b: self._pooled(several) for b, several in tails.items()}

    def _nothing(self) -> Labels:
        """What follows the end of a plan."""
        none = np.full(1, -1)
        return Labels(np.zeros((1, len(self.columns))), none, none, np.zeros(1, dtype=np.int64))

    def _of(self, number: int) -> Labels:
        """A state's labels as what may follow an earlier stage."""
        values = self.states[number].labels.values
        return Labels(
            values, np.full(len(values), number), np.arange(len(values)), np.zeros(len(values), dtype=np.int64)
        )

    def _arriving(self, s: int, states: list[int]) -> dict[Hub, Labels]:
        """Labels by the hub that leads to them, with what taking over there takes."""
        by_hub: dict[Hub, list[Labels]] = {}
        for number in states:
            for entry in self.entering[s, self.states[number].runner]:
                labels = self._of(number).moved(self.parts.begin(entry), entry[2])
                by_hub.setdefault(self.data.hub_entered(entry), []).append(labels)
        return {hub: self._pooled(several) for hub, several in by_hub.items()}

    def _pooled(self, several: Sequence[Labels]) -> Labels:
        """The undominated of several sets of labels."""
        pool = Labels(
            np.concatenate([labels.values for labels in several]),
            np.concatenate([labels.state for labels in several]),
            np.concatenate([labels.row for labels in several]),
            np.concatenate([labels.way for labels in several]),
        )
        return pool.kept(nondominated(cells(pool.values, ROUNDING))) if len(several) > 1 else pool

    def _alive(self, s: int) -> Callable[[Floats], NDArray[np.bool_]]:
        """Which labels of stage s can keep the accuracy floor."""
        if self.accuracy is None:
            return lambda values: np.ones(len(values), dtype=bool)
        attainable, column = self.accuracy.attainable, self.columns.index("accuracy")
        return lambda values: attainable(s, -values[:, column])

    def _compared(self, values: Floats) -> Floats:
        """The numbers labels are compared by: cells, of rounding noise or as wide as the coverage allows."""
        numbers = cells(values, ROUNDING)
        if self.rounded:
            numbers[:, self.rounded] = cells(values[:, self.rounded], self.width)
        return numbers

    def _found(self, arriving: dict[Hub, Labels], objectives: int) -> LabelledFront:
        """Complete the labels of stage 1, hold them against the limits, compare them, and follow each to its end.

        They are compared by the objectives, the first of the columns: a limit that holds counts no more.
        """
        tails = [
            arriving[self.data.hub_left(hop)].moved(self.parts.hop(hop))
            for hop in self.leaving[1, SOURCE]
            if self.data.hub_left(hop) in arriving
        ]
        count = sum(len(state.level) for state in self.states)
        if not tails:
            return LabelledFront([], count)
        plans = self._pooled(tails)
        plans = plans.kept(np.flatnonzero(self._within_limits(plans.values)))
        plans = plans.kept(nondominated(cells(plans.values[:, :objectives], ROUNDING)))
        return LabelledFront([self._decision(plans, i) for i in range(len(plans.row))], count)

    def _decision(self, plans: Labels, i: int) -> Decision:
        """Follow a plan from its first stage to its last."""
        data = self.data
        number, row, way = int(plans.state[i]), int(plans.row[i]), int(plans.way[i])
        options, weights, ways, variants = [], [], [], []
        for s in data.stages:
            if number < 0:
                break
            state = self.states[number]
            runner = data.runners[state.runner]
            size = len(self.instance.menu(s - 1, runner.variant).exit_rates)
            options.append(runner.option)
            variants.append(runner.variant)
            ways.append(max(way, 0))
            weights.append(tuple(float(level == state.level[row]) for level in range(size)))
            labels = state.labels
            number, row, way = int(labels.state[row]), int(labels.row[row]), int(labels.way[row])
        return shortest(options, weights, ways, variants)

    def _within_limits(self, values: Floats) -> NDArray[np.bool_]:
        holds = np.ones(len(values), dtype=bool)
        units = {
            "cost": self.data.dollar,
            "latency": self.data.second,
            "energy": self.data.joule,
            "carbon": self.data.gram,
        }
        for i, column in enumerate(self.columns):
            limit = self.instance.limit(column)
            if column == "accuracy" and self.accuracy is not None:
                holds &= -values[:, i] >= self.accuracy.floor
            elif limit is not None:
                holds &= values[:, i] * units.get(column, 1.0) <= limit * (1 + SLACK)
        return holds


def _rounded(data: Data, columns: Sequence[Column]) -> list[int]:
    """Columns that may be compared roughly: parts of one sign and no limit; all but one where none has a limit."""
    mixed = {"accuracy"} if costs_accuracy(data) else set()
    mixed |= {"privacy"} if any(data.hop_leak(hop) < 0 for hop in data.hops) else set()
    limited = [column for column in columns if data.instance.limit(column) is not None]
    free = [i for i, column in enumerate(columns) if column not in mixed and column not in limited]
    return free if len(free) < len(columns) else free[:-1]
