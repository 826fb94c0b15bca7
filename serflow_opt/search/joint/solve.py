"""Solve an instance on its samples: floor on them, or beyond them with a confidence; the answer and its certificate."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from serflow_opt.errors import InputError, Problem
from serflow_opt.ground.arrays import Ints
from serflow_opt.ground.gaps import relative_gap
from serflow_opt.plan.decision import Decision, document_of
from serflow_opt.plan.document import Certificate, Clash, ObjectiveValue, Plan, PlanStatus, limits_of, shown_unit
from serflow_opt.plan.evaluator import evaluate
from serflow_opt.plan.notes import notes_on
from serflow_opt.plan.samples import replayed
from serflow_opt.problem.instance import Instance, Objective
from serflow_opt.search.best import EQUAL, Settings
from serflow_opt.search.goal import hold, order_of
from serflow_opt.search.joint.certify import Certified, certified
from serflow_opt.search.joint.choices import ROUNDING, Choices, choices
from serflow_opt.search.joint.grid import Grid
from serflow_opt.search.joint.search import Best, Pool, find
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


def solve_joint(instance: Instance, settings: Settings) -> Plan:
    """Solve an instance whose thresholds are chosen on the samples themselves.

    Parameters
    ----------
    instance
        With `joint` set; what does not go with it is an error of the instance file.
    settings
        Gap and deadline are used; there is no model to hand to HiGHS.

    Raises
    ------
    InputError
        When there are more placements than can be listed, or method is "milp".
    """
    wrong = []
    if instance.minimize == "weighted":
        wrong.append(Problem("", "objective", "'weighted' with exits.joint", "minimise one objective"))
    if settings.method == "milp":
        cure = "leave --method out: thresholds on samples are proven by diagrams"
        wrong.append(Problem("", "--method", "'milp' with exits.joint", cure))
    if wrong:
        raise InputError(wrong)
    solver = Solver(instance, settings)
    if instance.accuracy_confidence is None:
        joint = solver.solve(instance.accuracy_min)
        return _plan(instance, joint, None, settings)
    return _plan(instance, *certified(instance, solver.solve, solver.most_accurate()), settings)


class Solver:
    """Solves for one floor after another; keeps grid and placements."""

    def __init__(self, instance: Instance, settings: Settings) -> None:
        assert instance.minimize != "weighted"
        self.instance, self.settings, self.goal = instance, settings, instance.minimize
        self.deadline = settings.deadline
        self.choices = self._choices(instance, self.goal)
        self.grid = Grid.of(instance, self.choices.monotone())

    def _choices(self, instance: Instance, goal: Objective) -> Choices:
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
        need = 0 if floor is None else math.ceil(self.grid.samples * floor * (1 - ROUNDING))
        pool = Pool.of(self.grid, need)
        best = find(pool, self.choices, self.settings.gap, self.deadline)
        instance = replace(self.instance, accuracy_min=floor)
        decision, value = self._exact(instance, self.choices, best)
        diagrams = best.diagrams
        if decision is not None and relative_gap(best.value, best.bound) <= max(self.settings.gap, EQUAL):
            decision, more = self._break_ties(instance, pool, decision, value)
            diagrams += more
        return Joint(decision, value, best.bound, best.infeasible, diagrams, pool.nodes, self.choices.listed)

    def _exact(self, instance: Instance, placements: Choices, best: Best) -> tuple[Decision | None, float]:
        """Return the decision in the instance's terms and its exact value."""
        if best.row is None or best.levels is None:
            return None, math.inf
        decision = self._decision(placements, best.row, best.levels)
        return decision, evaluate(instance, decision).objective(self.goal, instance.latency_measure)

    def _decision(self, placements: Choices, row: int, levels: Ints) -> Decision:
        import numpy as np

        assert self.instance.samples is not None
        at = np.zeros(len(self.instance.stages), dtype=np.int64)
        for stage, level, menu in zip(self.instance.samples.classifier_stages, levels, self.grid.menu, strict=False):
            at[stage - 1] = menu[level]
        return decision_at(placements.data, placements.paths, row, at)

    def _break_ties(self, instance: Instance, pool: Pool, decision: Decision, value: float) -> tuple[Decision, int]:
        """Of equally good plans take the one that is best in further objectives, in turn."""
        held, diagrams = instance, 0
        name: Objective = self.goal
        for other in order_of(instance):
            if other in (name, "accuracy") or self.deadline.expired:
                break
            held = hold(held, name, value + EQUAL * abs(value))
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


def _plan(instance: Instance, joint: Joint, test: Certified | None, settings: Settings) -> Plan:
    """Put the answer together."""
    shown, unit = shown_unit(instance.minimize)
    status: PlanStatus
    decision = joint.decision if test is None or test.passed else None
    metrics = evaluate(instance, decision) if decision is not None else None
    exact = bound = gap = None
    notes: list[str] = []
    clashes: list[Clash] = []
    if metrics is None or decision is None:
        refused = test is not None and not test.passed
        status = "infeasible" if refused or joint.infeasible else "no_solution"
    else:
        exact = metrics.objective(instance.minimize, instance.latency_measure) * shown
        bound = max(min(joint.bound * shown, exact), 0.0)
        gap = relative_gap(exact, bound)
        status = "optimal" if gap <= max(settings.gap, EQUAL) and not metrics.breaches else "feasible"
        bound, gap = (x if math.isfinite(x) else None for x in (bound, gap))
        notes = notes_on(instance, decision, metrics, replayed(instance, decision))
    if test is not None:
        if test.passed:
            notes.append(test.said())
        else:
            clashes.append(test.clash())
    elif status == "infeasible":
        clashes = [_why(instance, settings)]
    samples = 0 if instance.samples is None else int((~instance.samples.held_out).sum())
    method = f"{joint.placements} placements on {samples} samples together: {joint.diagrams} decision diagrams"
    method += f" of {joint.nodes} nodes and the cuts they prove, plan valued by the exact evaluator"
    if test is not None and test.passed:
        method += f"; {test.method()}"
    return Plan(
        instance=instance.name,
        status=status,
        objective=ObjectiveValue(name=instance.minimize, value=exact, unit=unit),
        bound=bound,
        gap=gap,
        seconds=settings.deadline.seconds,
        plan=document_of(instance, decision) if decision is not None else None,
        metrics=metrics,
        certificate=Certificate(
            exact_objective=exact,
            max_constraint_violation=metrics.violation if metrics else None,
            model_objective=None if decision is None else joint.value * shown,
            method=method,
            scope=_scope(instance),
            nodes=joint.nodes,
            placements=joint.placements,
        ),
        limits=limits_of(instance),
        samples=replayed(instance, decision) if decision is not None else [],
        infeasible_because=clashes,
        notes=notes,
    )


def _scope(instance: Instance) -> str:
    """Say that thresholds are of menus, where some confidences of the samples are on none."""
    samples = instance.samples
    assert samples is not None
    menus = [instance.menus[stage - 1].thresholds for stage in samples.classifier_stages[:-1]]
    confidence = samples.confidence[~samples.held_out].T
    if all(set(seen.tolist()) <= set(menu) for menu, seen in zip(menus, confidence, strict=False)):
        return ""
    return (
        f"menus of {max(map(len, menus))} thresholds or fewer an exit; without exits.levels every confidence of the "
        "samples is on offer"
    )


def _why(instance: Instance, settings: Settings) -> Clash:
    """Say why no plan exists: what accuracy can be had, or that the other limits clash."""
    solver = Solver(instance, settings)
    reached = solver.most_accurate()
    asked = instance.accuracy_min
    if asked is not None and reached < asked * (1 - ROUNDING):
        message = f"accuracy: no thresholds on offer keep {asked:g} on the {solver.grid.samples} samples; "
        message += f"the most accurate that a local search finds reach {reached:.6g}"
        return Clash(limit="accuracy_min", asked=asked, best=reached, message=message)
    free = solver.solve(None)
    if free.infeasible:
        message = "no placement keeps the other limits, whatever the accuracy: loosen latency_slo_ms or other limits"
        return Clash(limit="placement", asked=0.0, best=None, message=message)
    message = f"accuracy {asked:g} cannot be kept together with the other limits; loosen one of them"
    return Clash(limit="accuracy_min", asked=asked or 0.0, best=None, message=message)
