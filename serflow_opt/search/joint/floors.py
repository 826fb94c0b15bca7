"""The best decision on the samples for one accuracy floor after another."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from serflow_opt.errors import InputError, Problem
from serflow_opt.ground.arrays import Ints
from serflow_opt.ground.gaps import relative_gap
from serflow_opt.ground.tolerances import EQUAL, TOLERANCE
from serflow_opt.plan.decision import Decision
from serflow_opt.plan.evaluator import evaluate
from serflow_opt.problem.instance import Instance
from serflow_opt.problem.kinds import Objective
from serflow_opt.problem.limits import at_most
from serflow_opt.search.goal import order_of
from serflow_opt.search.joint.choices import PlacementChoices, choices
from serflow_opt.search.joint.grid import Grid
from serflow_opt.search.joint.search import JointOutcome, ThresholdPool, find
from serflow_opt.search.outcome import SearchSettings
from serflow_opt.search.placements import MOST
from serflow_opt.search.prune import decision_at


@dataclass(slots=True)
class Joint:
    """The best decision on the samples for one floor, and what is proven about it."""

    decision: Decision | None
    value: float
    bound: float
    infeasible: bool
    diagrams: int
    nodes: int
    placements: int


class Solver:
    """Solves for one floor after another; keeps grid and placements."""

    def __init__(self, instance: Instance, settings: SearchSettings) -> None:
        assert instance.minimize != "weighted"
        self.instance, self.settings, self.goal = instance, settings, instance.minimize
        self.deadline = settings.deadline
        self.choices = self._choices(instance, self.goal)
        self.grid = Grid.of(instance, self.choices.monotone())

    def _choices(self, instance: Instance, goal: Objective) -> PlacementChoices:
        found = choices(instance, goal)
        if found is None:
            cure = "offer fewer options, or drop stage_specific"
            raise InputError([Problem("", "exits.joint", f"more than {MOST:,} placements", cure)])
        return found

    def most_accurate(self) -> float:
        """Return the highest accuracy that a descent reaches on the samples."""
        import numpy as np

        from serflow_opt.search.joint.descent import descend

        last = np.array(self.grid.levels, dtype=np.int64) - 1
        best = 0
        for share in (0.0, 0.25, 0.5, 0.75, 1.0):
            levels = descend(self.grid, np.zeros(self.grid.exits), 1.0, (share * last).astype(np.int64))
            best = max(best, int(self.grid.follow(levels[None, :])[1][0]))
        return best / self.grid.samples

    def solve(self, floor: float | None) -> Joint:
        """Find the best decision with this accuracy on the samples, ties broken as the instance asks."""
        need = 0 if floor is None else math.ceil(self.grid.samples * floor * (1 - TOLERANCE))
        pool = ThresholdPool.of(self.grid, need)
        best = find(pool, self.choices, self.settings.gap, self.deadline)
        instance = replace(self.instance, accuracy_min=floor)
        decision, value = self._exact(instance, self.choices, best)
        diagrams = best.diagrams
        if decision is not None and relative_gap(best.value, best.bound) <= max(self.settings.gap, EQUAL):
            decision, more = self._break_ties(instance, pool, decision, value)
            diagrams += more
        return Joint(decision, value, best.bound, best.infeasible, diagrams, pool.nodes, self.choices.listed)

    def _exact(
        self, instance: Instance, placements: PlacementChoices, best: JointOutcome
    ) -> tuple[Decision | None, float]:
        """Return the decision in the instance's terms and its exact value."""
        if best.row is None or best.levels is None:
            return None, math.inf
        decision = self._decision(placements, best.row, best.levels)
        return decision, evaluate(instance, decision).objective(self.goal, instance.latency_measure)

    def _decision(self, placements: PlacementChoices, row: int, levels: Ints) -> Decision:
        import numpy as np

        assert self.instance.samples is not None
        at = np.zeros(len(self.instance.stages), dtype=np.int64)
        for stage, level, menu in zip(self.instance.samples.classifier_stages, levels, self.grid.menu, strict=False):
            at[stage - 1] = menu[level]
        return decision_at(placements.data, placements.paths, row, at)

    def _break_ties(
        self, instance: Instance, pool: ThresholdPool, decision: Decision, value: float
    ) -> tuple[Decision, int]:
        """Of equally good plans take the one that is best in further objectives, in turn."""
        held, diagrams = instance, 0
        name: Objective = self.goal
        for other in order_of(instance):
            if other in (name, "accuracy") or self.deadline.expired:
                break
            held = at_most(held, name, value + EQUAL * abs(value))
            placements = self._choices(held, other)
            if self.grid.monotone and not placements.monotone():
                break  # thresholds that cannot be best in this objective were left out
            best = find(pool, placements, self.settings.gap, self.deadline)
            diagrams += best.diagrams
            if best.row is None or best.levels is None:
                break
            second = self._decision(placements, best.row, best.levels)
            known, found = evaluate(held, decision), evaluate(held, second)
            measure = instance.latency_measure
            if not found.breaches and found.objective(other, measure) < known.objective(other, measure):
                decision, known = second, found
            name, value = other, known.objective(other, measure)
            if relative_gap(best.value, best.bound) > max(self.settings.gap, EQUAL):
                break
        return decision, diagrams
