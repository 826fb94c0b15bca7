"""What a relaxed limit buys: the optimum as a function of one limit, each value proven."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from serflow_opt.errors import InputError, Problem, nearest
from serflow_opt.ground.arguments import as_number, shown
from serflow_opt.ground.stopping import stoppable
from serflow_opt.ground.tolerances import DEFAULT_GAP
from serflow_opt.plan.document import Metrics, Plan, runs_on
from serflow_opt.plan.evaluator import evaluate
from serflow_opt.plan.names import decision_of
from serflow_opt.plan.walk import walk
from serflow_opt.problem.given import on_instance
from serflow_opt.problem.instance import Instance
from serflow_opt.solving import solve

if TYPE_CHECKING:
    import pandas as pd

FLOORS = ("accuracy_min", "mse_min")
"""Limits that are looser when they are lower; the others are looser when they are higher."""
LIMITS = (*FLOORS, "latency_slo_ms", "cost_max_usd", "energy_max_j", "carbon_max_g", "privacy_max", "cross_entropy_max")


@on_instance
@stoppable()
def relax(
    instance: Instance,
    limit: str,
    values: Sequence[float],
    *,
    gap: float = DEFAULT_GAP,
    time_limit: float | None = None,
    threads: int = 0,
) -> pd.DataFrame:
    """Solve an instance for a row of values of one limit, while everything else stays as it is.

    From the loosest value to the tightest: a plan that is optimal and keeps a tighter value, too, is optimal there, so
    it is not searched again.

    Parameters
    ----------
    instance
        The problem. What it minimises is on one scale for all values, so it may not be weighted.
    limit
        accuracy_min, latency_slo_ms, cost_max_usd, energy_max_j, carbon_max_g, privacy_max, mse_min or
        cross_entropy_max.
    values
        In the limit's unit, in any order; those given twice are solved once.
    gap, time_limit, threads
        As `solve` takes them, for each solve.

    Returns
    -------
    DataFrame
        One row a value, rising, the index named as the limit: `status`, `value` and `bound` of what is minimised in the
        units of plans (USD per request, ms, leak, J); `tightest`, up to where the limit could be tightened without
        losing this plan, or, without a plan, the tightest value for which there is one (NaN: unknown, infinite: it
        does not matter to this plan); `solved`, whether it was searched for or follows from a looser value;
        `accuracy`, `latency_ms` of the instance's measure, `cost_usd_per_request`, `privacy_loss`,
        `energy_j_per_request`, `carbon_g_per_request` where it is counted; `runs_on`.

    Raises
    ------
    InputError
        For a limit that is none, values that it cannot have, no values, and a weighted objective.
    """
    _check(instance, limit, values)
    floor = limit in FLOORS
    rows: dict[float, dict[str, Any]] = {}
    plan: Plan | None = None
    for value in sorted({as_number(v) for v in values}, reverse=not floor):
        here = with_limit(instance, limit, value)
        solved = not _still_holds(here, plan)
        if solved:
            plan = solve(here, gap=gap, time_limit=time_limit, threads=threads)
        assert plan is not None
        rows[value] = _row(here, limit, plan) | {"solved": solved}
    import pandas as pd

    return pd.DataFrame.from_dict(rows, orient="index").rename_axis(limit).sort_index()


def with_limit(instance: Instance, limit: str, value: float | None) -> Instance:
    """Return a copy with another value of one limit, in the unit of the limit's name; None: without it.

    Parameters
    ----------
    instance, limit
        A problem, and one of `LIMITS`.
    value
        A share for accuracy_min, nats for cross_entropy_max, else USD or J a request, or ms.

    Raises
    ------
    InputError
        When the value does not fit.
    """
    match limit:
        case "latency_slo_ms":
            return instance.with_limits(latency_slo_ms=value)
        case "mse_min" | "cross_entropy_max":
            changes: dict[str, Any] = {limit: value}
            return instance.with_limits(privacy=replace(instance.privacy, **changes))
        case _:
            return instance.with_limits(**{limit: value})


def asked(instance: Instance, limit: str) -> float | None:
    """Return the value of a limit, in the unit of its name; None: there is none."""
    match limit:
        case "latency_slo_ms":
            return None if instance.latency_slo_s is None else instance.latency_slo_s * 1000
        case "mse_min" | "cross_entropy_max":
            value: float | None = getattr(instance.privacy, limit)
        case _:
            value = getattr(instance, limit)
    return value


def _check(instance: Instance, limit: str, values: Sequence[float]) -> None:
    problems = []
    if limit not in LIMITS:
        problems.append(Problem("", "limit", f"'{limit}'", nearest(limit, LIMITS)))
    for value in values:
        if math.isnan(as_number(value)):
            problems.append(Problem("", "values", shown(value), "write a number"))
    if not len(values):
        problems.append(Problem("", "values", "none", "give some values of the limit"))
    if instance.minimize == "weighted":
        found = "'weighted': its scale changes with the limits, so its values cannot be compared"
        problems.append(Problem(instance.name, "objective.minimize", found, "minimise one objective"))
    if limit == "accuracy_min" and instance.accuracy_confidence is not None:
        found = f"{instance.accuracy_confidence:g}: plans are held to a higher floor on the samples than the one asked"
        problems.append(Problem(instance.name, "workload.accuracy_confidence", found, "remove it, or relax another"))
    if problems:
        raise InputError(problems)


def _still_holds(instance: Instance, plan: Plan | None) -> bool:
    """Whether what is known of a looser limit answers a tighter one, too."""
    if plan is None or plan.status == "infeasible":
        return plan is not None
    return plan.status == "optimal" and plan.plan is not None and not evaluate(instance, plan.plan).breaches


def _row(instance: Instance, limit: str, plan: Plan) -> dict[str, Any]:
    metrics = plan.metrics
    row: dict[str, Any] = {"status": plan.status, "value": math.nan, "bound": math.nan, "tightest": math.nan}
    if metrics is None:
        row["tightest"] = next(
            (clash.best for clash in plan.infeasible_because if clash.limit == limit and clash.best is not None),
            math.nan,
        )
        return row
    return row | {
        "value": plan.objective.value,
        "bound": math.nan if plan.bound is None else plan.bound,
        "tightest": reached(instance, limit, plan, metrics),
        "accuracy": math.nan if metrics.accuracy is None else metrics.accuracy,
        "latency_ms": metrics.latency_ms(instance.latency_measure),
        "cost_usd_per_request": metrics.cost_usd_per_request,
        "privacy_loss": metrics.privacy_loss,
        "energy_j_per_request": metrics.energy_j_per_request,
        **({} if metrics.carbon_g_per_request is None else {"carbon_g_per_request": metrics.carbon_g_per_request}),
        "runs_on": runs_on(plan),
    }


def reached(instance: Instance, limit: str, plan: Plan, metrics: Metrics) -> float:
    """Return the tightest value of a limit that a plan keeps; infinite where the limit does not matter to it.

    Parameters
    ----------
    instance, limit
        The problem, and one of `LIMITS`.
    plan, metrics
        A plan of it, and its exact value.

    Returns
    -------
    float
        In the unit of the limit's name.
    """
    match limit:
        case "accuracy_min":
            assert metrics.accuracy is not None
            return metrics.accuracy
        case "latency_slo_ms":
            return metrics.latency_ms(instance.latency_measure)
        case "cost_max_usd":
            return metrics.cost_usd_per_request
        case "energy_max_j":
            return metrics.energy_j_per_request
        case "carbon_max_g":
            return metrics.carbon_g_per_request or 0.0
        case "privacy_max":
            return metrics.privacy_loss
        case "mse_min":
            return min((c.mse or 0.0 for c in metrics.crossings if not c.trusted), default=math.inf)
        case _:
            assert plan.plan is not None
            steps = walk(instance, decision_of(instance, plan.plan))
            crossing = [step.way.cross_entropy for step in steps if step.link is not None]
            return max((nats for nats in crossing if nats is not None), default=-math.inf)
