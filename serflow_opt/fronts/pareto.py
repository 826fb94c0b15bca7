"""Fronts of several objectives: choose the method, value every plan exactly, say what is proven.

Three methods, the first that applies:

* any objectives of the pure chain, where placements can be listed: placement by placement (`by_placement.py`);
* else labels over (stage, option) (`label_setting.py`);
* any objectives of any instance: one solve after the other (`by_boxes.py`).

The pure chain: accounting per request, thresholds from menus, latency measured as mean or worst case wherever it is an
objective or has a limit.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Literal, get_args

import numpy as np

from serflow_opt.errors import InputError, Problem
from serflow_opt.fronts.batches import beside_batches, told
from serflow_opt.fronts.front import Front, FrontProgress
from serflow_opt.fronts.hypervolume import hypervolume
from serflow_opt.fronts.methods import (
    FrontRequest,
    Result,
    at_best,
    beyond_labels,
    beyond_placements,
    by_labels,
    by_placements,
    by_solves,
    first_of,
)
from serflow_opt.fronts.robust import WORST, OfCases, at_worst, robust_misfits, worst_of
from serflow_opt.ground.arguments import Arguments
from serflow_opt.ground.arrays import Floats
from serflow_opt.ground.deadline import Deadline
from serflow_opt.ground.dominance import cells, nondominated
from serflow_opt.ground.stopping import stoppable
from serflow_opt.ground.tolerances import EQUAL
from serflow_opt.plan.adversary import RobustValue, report, value_robustly
from serflow_opt.plan.answer import answer_with
from serflow_opt.plan.decision import Decision
from serflow_opt.plan.document import Metrics, Plan
from serflow_opt.plan.evaluator import evaluate
from serflow_opt.plan.samples import tables_scope, tables_wanted
from serflow_opt.problem.given import on_instance
from serflow_opt.problem.instance import Instance
from serflow_opt.problem.kinds import Objective
from serflow_opt.problem.limits import at_most, shown_unit
from serflow_opt.traffic.batches.planned import alone

Find = Callable[[FrontRequest], Result | None]
FrontMethod = Literal["auto", "placements", "labels", "milp"]
METHODS = {"placements": by_placements, "labels": by_labels, "milp": by_solves}


@on_instance
def pareto(
    instance: Instance,
    objectives: Sequence[Objective] = ("cost", "latency"),
    *,
    coverage: float | None = None,
    time_limit: float | None = None,
    method: FrontMethod = "auto",
    jobs: int = 1,
    journal: str | Path | None = None,
    on_progress: Callable[[FrontProgress], None] | None = None,
) -> Front:
    """Find the plans that no other plan beats in every objective, within the instance's limits.

    Parameters
    ----------
    instance
        The problem. Its latency measure says which latency; what it minimises does not matter.
    objectives
        Two or more of cost, latency, privacy, energy, carbon and accuracy.
    coverage
        None: the whole front. Otherwise plans such that each plan there is has one among them that is at most this
        much worse, relative, in every objective: 0.01 is one percent. The accuracy is the share of right answers.
    time_limit
        Seconds; at the limit what was found is returned, with what is known of the rest.
    method
        auto takes the first that covers the instance of placements, labels and milp, and labels where a few tell all;
        name one to compare.
    jobs
        Processes, where the front is found by solves; a script then needs `if __name__ == "__main__":`.
    journal
        File that notes what is found, by solves or placement by placement: a search that ended early goes on from it.
    on_progress
        Called now and then.

    Returns
    -------
    Front
        Plans from best to worst in the first objective, each valued by the exact evaluator. In a complete front each is
        proven to be the best there is within its own values of the other objectives.

    Raises
    ------
    InputError
        For objectives, coverage or a method that do not go with the instance.
    """
    with Arguments() as given:
        seconds, jobs = given.limit("time_limit", time_limit), given.whole("jobs", jobs, 1)
        if coverage is not None:
            coverage = given.number("coverage", coverage, above=True)
        given.one_of("method", method, get_args(FrontMethod))
        given.problems += _misfits(instance, objectives, coverage)
        if instance.uncertainty is not None and method not in ("auto", "milp"):
            given.wrong("method", method, "with [uncertainty] fronts are made by solves: use auto or milp")
    path = None if journal is None else Path(journal)
    if instance.uncertainty is not None:
        instance = at_worst(instance)
    with stoppable():
        deadline = Deadline(seconds)

        def report(doing: str, plans: int, gap: float | None) -> None:
            if on_progress is not None:
                on_progress(FrontProgress(deadline.seconds, doing, plans, gap))

        asked = FrontRequest(instance, tuple(objectives), coverage or 0.0, deadline, jobs, path, report)
        finds: Sequence[Find] = (at_best, by_labels, by_solves) if method == "auto" else (METHODS[method],)
        if instance.uncertainty is not None:
            robust = by_solves(asked, OfCases(instance))
            return _front(asked, robust)
        result = beside_batches(asked, finds) if instance.takes_batches else first_of(asked, finds)
        if result is not None:
            return _front(asked, result)
    raise InputError([_not_reached(instance, objectives, method)])


def _not_reached(instance: Instance, objectives: Sequence[Objective], method: FrontMethod) -> Problem:
    """Say what of an instance a method does not take."""
    plain = alone(instance) if instance.takes_batches else instance
    beyond = (beyond_placements if method == "placements" else beyond_labels)(plain, objectives)
    if not beyond:
        return Problem(instance.name, "method", f"'{method}' meets too many placements to list", "use method = 'auto'")
    what = f"'{method}' does not cover this instance: {', '.join(beyond)}"
    return Problem(instance.name, "method", what, "use method = 'auto', or leave that out")


def _misfits(instance: Instance, objectives: Sequence[str], coverage: float | None) -> list[Problem]:
    """What does not go together."""
    problems = []
    known = get_args(Objective)
    if not (2 <= len(set(objectives)) == len(objectives)) or not set(objectives) <= set(known):
        found = ", ".join(map(str, objectives)) or "none"
        problems.append(Problem("", "objectives", found, f"name two or more of {', '.join(known)}, each once"))
    if "accuracy" in objectives and not instance.accuracy_known:
        found = "accuracy without an [exits] section"
        problems.append(Problem(instance.name, "objectives", found, "give the exits, or drop accuracy"))
    if "carbon" in objectives and not instance.carbon_known:
        problems.append(Problem(instance.name, "objectives", "carbon, which is not counted", "write [carbon]"))
    if instance.families:
        found = "sizes or noise from a range (memory_mb_range, privacy.noise = 'curve')"
        cure = "fronts choose from lists: give memory_mb = [...], and noise = 'rows'"
        problems.append(Problem(instance.name, "objectives", found, cure))
    problems += [*tables_wanted(instance, "fronts are made"), *robust_misfits(instance, objectives)]
    free = instance.threshold_mode != "menu" and any(menu.chooses for menu in instance.menus)
    if coverage is None and free and ("accuracy" in objectives or instance.latency_measure == "mean"):
        found = f"none, with {instance.threshold_mode} thresholds: the front has infinitely many points"
        problems.append(Problem(instance.name, "coverage", found, "write a coverage, e.g. 0.01, or choose from menus"))
    return problems


def _front(asked: FrontRequest, result: Result) -> Front:
    """Value what was found exactly, drop what ties or is beaten, and say what is known of the rest."""
    instance = asked.instance
    robust = instance.uncertainty is not None
    over = [value_robustly(instance, decision) if robust else None for decision in result.decisions]
    valued = [
        (decision, evaluate(instance, decision) if own is None else own.answered(), own)
        for decision, own in zip(result.decisions, over, strict=True)
    ]
    kept = [(decision, metrics, own) for decision, metrics, own in valued if not metrics.breaches]
    found = [_values(asked, metrics, own) for _, metrics, own in kept]
    values = np.array(found).reshape(len(kept), len(asked.objectives))
    best = nondominated(cells(values, EQUAL)).tolist()
    coverage = result.coverage if len(kept) == len(valued) else None
    complete = coverage == 0
    plans = [_plan(asked, kept[i], result, complete) for i in best]
    reached, most = _hypervolumes(values[best], coverage, result)
    return Front(
        instance=instance.name,
        objectives=list(asked.objectives),
        latency_measure=instance.latency_measure,
        plans=plans,
        complete=complete,
        coverage=coverage,
        hypervolume=reached,
        hypervolume_bound=most,
        method=f"{result.method}; plans valued by the exact evaluator",
        seconds=asked.deadline.seconds,
        counts=result.counts,
        scope=_scope(instance, asked.objectives),
    )


def _scope(instance: Instance, objectives: Sequence[str]) -> str:
    """Say what of the question fronts leave out."""
    batches = told(instance, objectives) if instance.takes_batches else ""
    worst = WORST if instance.uncertainty is not None else ""
    return "; ".join(filter(None, (tables_scope(instance), batches, worst)))


def _values(asked: FrontRequest, metrics: Metrics, over: RobustValue | None) -> list[float]:
    """The objectives as numbers of which less is better: USD, seconds, loss, joules, minus the accuracy."""
    if over is not None:
        worst = worst_of(asked.instance, over)
        return [worst[name] for name in asked.objectives]
    return [metrics.objective(name, asked.instance.latency_measure) for name in asked.objectives]


def _plan(
    asked: FrontRequest, found: tuple[Decision, Metrics, RobustValue | None], result: Result, proven: bool
) -> Plan:
    """A point as the answer to the question it answers: the first objective, with its other values as limits."""
    instance, (decision, metrics, over) = asked.instance, found
    goal = next(name for name in asked.objectives if name != "accuracy")
    question = replace(instance, minimize=goal)
    achieved = dict(zip(asked.objectives, _values(asked, metrics, over), strict=True))
    for name in asked.objectives:
        if name != goal:
            question = at_most(question, name, achieved[name])
    value = achieved[goal] * shown_unit(goal)[0]
    plan = answer_with(
        instance,
        decision,
        metrics,
        status="optimal" if proven else "feasible",
        value=value,
        bound=value if proven else None,
        gap=0.0 if proven else None,
        seconds=0.0,
        method=f"point of a front: {result.method}, plan valued by the exact evaluator",
        scope=_scope(instance, asked.objectives),
        optimised=proven,
        question=question,
    )
    if over is not None:
        plan.robustness = report(question, over)
    return plan


def _hypervolumes(values: Floats, coverage: float | None, result: Result) -> tuple[float | None, float | None]:
    """Share of the box that is dominated, and that can be; None where that is unknown or the box is flat.

    The box reaches from the best values there could be to the worst of the front. What can be dominated: what the
    points divided by 1 + coverage dominate, or all but the boxes that are known to be empty.
    """
    if not len(values) or (coverage is None and result.ideal is None):
        return None, None
    worst = values.max(axis=0)
    if coverage is not None:
        possible = np.where(values < 0, np.maximum(values * (1 + coverage), -1.0), values / (1 + coverage))
        best = possible.min(axis=0)
    else:
        best = np.minimum(np.array(result.ideal), values.min(axis=0))
    box = float(np.prod(worst - best))
    if box == 0:  # all plans agree in some objective
        return None, None
    if coverage is not None:
        most = hypervolume(possible.tolist(), worst.tolist())
    else:  # seen from the other side, an empty box below a corner is what the corner dominates
        empty = [(-np.minimum(corner, worst)).tolist() for corner in result.closed]
        most = box - hypervolume(empty, (-best).tolist())
    return hypervolume(values.tolist(), worst.tolist()) / box, most / box
