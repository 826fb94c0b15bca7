"""Any plan, valued: the exact metrics of a plan document in the shape of a solved plan, without claiming optimality."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from serflow_opt.plan.document import Certificate, ObjectiveValue, Plan
from serflow_opt.plan.evaluator import evaluate
from serflow_opt.plan.names import document_of, resolve
from serflow_opt.plan.notes import notes_on
from serflow_opt.plan.samples import replayed
from serflow_opt.problem.instance import Instance
from serflow_opt.problem.limits import limits_of, shown_unit


def value_plan(instance: Instance, document: Mapping[str, Any]) -> Plan:
    """Return a plan's exact metrics with status `feasible`, or `infeasible` when it breaks a limit.

    Raises
    ------
    InputError
        When the document does not fit the instance.
    """
    began = time.monotonic()
    instance, decision = resolve(instance, document)
    metrics = evaluate(instance, decision)
    replays = replayed(instance, decision)
    shown, unit = shown_unit(instance.minimize)
    # a weighted objective depends on ideal and nadir, which only a solve finds
    weighted = instance.minimize == "weighted"
    value = None if weighted else metrics.objective(instance.minimize, instance.latency_measure) * shown
    return Plan(
        instance=instance.name,
        status="infeasible" if metrics.breaches else "feasible",
        objective=ObjectiveValue(name=instance.minimize, value=value, unit=unit),
        bound=None,
        gap=None,
        seconds=time.monotonic() - began,
        plan=document_of(instance, decision),
        metrics=metrics,
        certificate=Certificate(
            exact_objective=value,
            max_constraint_violation=metrics.violation,
            model_objective=None,
            method="valued by the exact evaluator, not optimised",
            optimised=False,
        ),
        limits=limits_of(instance),
        samples=replays,
        notes=notes_on(instance, decision, metrics, replays),
    )
