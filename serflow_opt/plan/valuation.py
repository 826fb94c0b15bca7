"""Any plan, valued: the exact metrics of a plan document in the shape of a solved plan, without claiming optimality."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from serflow_opt.plan.adversary import report, value_robustly
from serflow_opt.plan.answer import answer_with
from serflow_opt.plan.document import Plan
from serflow_opt.plan.evaluator import evaluate
from serflow_opt.plan.names import resolve
from serflow_opt.problem.instance import Instance
from serflow_opt.problem.limits import shown_unit


def value_plan(instance: Instance, document: Mapping[str, Any]) -> Plan:
    """Return a plan's exact metrics with status `feasible`, or `infeasible` when it breaks a limit.

    Raises
    ------
    InputError
        When the document does not fit the instance.
    """
    began = time.monotonic()
    instance, decision = resolve(instance, document)
    # a weighted objective depends on ideal and nadir, which only a solve finds
    weighted = instance.minimize == "weighted"
    shown = shown_unit(instance.minimize)[0]
    robustness = None
    if instance.uncertainty is None:
        metrics = evaluate(instance, decision)
        value = None if weighted else metrics.objective(instance.minimize, instance.latency_measure) * shown
    else:
        valued = value_robustly(instance, decision)
        metrics, value, robustness = valued.answered(), valued.value * shown, report(instance, valued)
    plan = answer_with(
        instance,
        decision,
        metrics,
        status="infeasible" if metrics.breaches else "feasible",
        value=value,
        method="valued by the exact evaluator, not optimised",
        seconds=0.0,
        optimised=False,
    )
    plan.robustness = robustness
    plan.seconds = time.monotonic() - began
    return plan
