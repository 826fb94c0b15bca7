"""Solve an instance on its samples: floor on them, or beyond them with a confidence; the answer and its certificate."""

from __future__ import annotations

import math

from serflow_opt.errors import InputError, Problem
from serflow_opt.ground.gaps import relative_gap
from serflow_opt.ground.tolerances import EQUAL, TOLERANCE
from serflow_opt.plan.answer import answer_with
from serflow_opt.plan.document import Clash, Plan, PlanStatus
from serflow_opt.plan.evaluator import evaluate
from serflow_opt.problem.instance import Instance
from serflow_opt.problem.limits import shown_unit
from serflow_opt.search.joint.certify import FloorCertificate, certified
from serflow_opt.search.joint.floors import Joint, Solver
from serflow_opt.search.outcome import OUT_OF_TIME, SearchSettings


def solve_joint(instance: Instance, settings: SearchSettings) -> Plan:
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


def _plan(instance: Instance, joint: Joint, test: FloorCertificate | None, settings: SearchSettings) -> Plan:
    """Put the answer together."""
    shown = shown_unit(instance.minimize)[0]
    status: PlanStatus
    decision = joint.decision if test is None or test.passed else None
    metrics = evaluate(instance, decision) if decision is not None else None
    exact = bound = gap = None
    if metrics is None or decision is None:
        refused = test is not None and not test.passed
        status = "infeasible" if refused or joint.infeasible else "no_solution"
    else:
        exact = metrics.objective(instance.minimize, instance.latency_measure) * shown
        bound = max(min(joint.bound * shown, exact), 0.0)
        gap = relative_gap(exact, bound)
        status = "optimal" if gap <= max(settings.gap, EQUAL) and not metrics.breaches else "feasible"
        bound, gap = (x if math.isfinite(x) else None for x in (bound, gap))
    samples = 0 if instance.samples is None else int((~instance.samples.held_out).sum())
    method = f"{joint.placements} placements on {samples} samples together: {joint.diagrams} decision diagrams"
    method += f" of {joint.nodes} nodes and the cuts they prove, plan valued by the exact evaluator"
    if test is not None and test.passed:
        method += f"; {test.method()}"
    plan = answer_with(
        instance,
        decision,
        metrics,
        status=status,
        value=exact,
        bound=bound,
        gap=gap,
        seconds=settings.deadline.seconds,
        model_value=None if decision is None else joint.value * shown,
        method=method,
        scope=_scope(instance),
        nodes=joint.nodes,
        counts={"placements": joint.placements},
        notes=[OUT_OF_TIME] if status == "no_solution" else (),
    )
    if test is not None and test.passed:
        plan.notes.append(test.said())
    elif test is not None:
        plan.infeasible_because = [test.clash()]
    elif status == "infeasible":
        plan.infeasible_because = [_why(instance, settings)]
    return plan


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


def _why(instance: Instance, settings: SearchSettings) -> Clash:
    """Say why no plan exists: what accuracy can be had, or that the other limits clash."""
    solver = Solver(instance, settings)
    reached = solver.most_accurate()
    asked = instance.accuracy_min
    if asked is not None and reached < asked * (1 - TOLERANCE):
        message = f"accuracy: no thresholds on offer keep {asked:g} on the {solver.grid.samples} samples; "
        message += f"the most accurate that a local search finds reach {reached:.6g}"
        return Clash(limit="accuracy_min", asked=asked, best=reached, message=message)
    free = solver.solve(None)
    if free.infeasible:
        message = "no placement keeps the other limits, whatever the accuracy: loosen latency_slo_ms or other limits"
        return Clash(limit="placement", asked=0.0, best=None, message=message)
    message = f"accuracy {asked:g} cannot be kept together with the other limits; loosen one of them"
    return Clash(limit="accuracy_min", asked=asked or 0.0, best=None, message=message)
