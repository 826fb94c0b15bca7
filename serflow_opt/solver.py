"""Solve an instance: search, break ties, explain what is infeasible, put the answer and its certificate together."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import replace

from serflow_opt.decision import document_of
from serflow_opt.diagnose import clashes
from serflow_opt.errors import InputError, Problem
from serflow_opt.formulations.model import Goal
from serflow_opt.highs import Progress
from serflow_opt.instance import Instance
from serflow_opt.notes import notes_on
from serflow_opt.plan import Certificate, ObjectiveValue, Plan, PlanStatus, limits_of, shown_unit
from serflow_opt.samples import replayed
from serflow_opt.search import EQUAL, Found, Method, Settings, search, seconds_left, value_of


def solve(
    instance: Instance,
    *,
    gap: float = 1e-6,
    time_limit: float | None = None,
    threads: int = 0,
    seed: int = 0,
    method: Method = "auto",
    options: Mapping[str, object] | None = None,
    on_progress: Callable[[Progress], None] | None = None,
) -> Plan:
    """Find a plan of minimum cost or latency and prove it.

    Parameters
    ----------
    instance
        The problem.
    gap
        Relative distance between plan and bound at which the plan counts as optimal.
    time_limit
        Seconds for everything; None: none. At the limit the best plan found is returned with its gap.
    threads, seed
        Passed to HiGHS.
    method
        auto: bounds first, the model on what they leave; milp: the whole model.
    options
        Further HiGHS options; unknown ones are an error.
    on_progress
        Called with incumbent and bound (USD per request or seconds) while HiGHS searches.

    Returns
    -------
    Plan
        `status` is optimal (proven within the gap), feasible (stopped before), infeasible (proven) or no_solution
        (stopped before a plan was found).

    Raises
    ------
    InputError
        For a negative gap or time limit, and for HiGHS options that do not exist.
    """
    wrong = [
        Problem("", name, repr(value), "write a number of at least 0")
        for name, value in (("gap", gap), ("time_limit", time_limit))
        if value is not None and not value >= 0
    ]
    if wrong:
        raise InputError(wrong)
    settings = Settings(gap, time_limit, threads, seed, method, options or {}, on_progress)
    began = time.monotonic()
    found = search(instance, settings, began)
    if found.decision is not None:
        _break_tie(instance, found, settings, began)
    plan = _plan(instance, found, settings, time.monotonic() - began)
    if plan.status == "infeasible":
        plan.infeasible_because = clashes(instance, settings)
        plan.seconds = time.monotonic() - began
    return plan


def _break_tie(instance: Instance, found: Found, settings: Settings, began: float) -> None:
    """Of equally good plans take the faster one (of equally fast ones the cheaper)."""
    assert found.decision is not None
    assert found.metrics is not None
    left = seconds_left(settings, began)
    if (left is not None and left <= 0) or found.value > _within_gap(found.bound, settings.gap):
        return
    allowance = found.value + EQUAL * abs(found.value)
    pruned = found.pruned
    if instance.minimize == "cost":
        if pruned is not None:
            by_path = instance.latency_measure == "worst"  # the placement alone decides it
            faster = found.metrics.latency_worst_ms / 1000 * (1 - EQUAL) if by_path else math.inf
            pruned = pruned.rivals(allowance, faster)
            if not pruned.kept:
                return
        second = search(instance, _quiet(settings), began, "latency", allowance, pruned)
    else:
        cheaper = replace(instance, minimize="cost", latency_slo_s=found.value)
        second = search(cheaper, _quiet(settings), began)
    if second.decision is None or second.metrics is None:
        return
    other: Goal = "latency" if instance.minimize == "cost" else "cost"
    if value_of(instance, second.metrics, other) < value_of(instance, found.metrics, other):
        found.decision, found.metrics = second.decision, second.metrics
    found.nodes += second.nodes


def _quiet(settings: Settings) -> Settings:
    return replace(settings, on_progress=None)


def _within_gap(bound: float, gap: float) -> float:
    return bound + gap * abs(bound) * (1 + 1e-9) + 1e-15


def _plan(instance: Instance, found: Found, settings: Settings, seconds: float) -> Plan:
    """Put the answer together."""
    shown, unit = shown_unit(instance.minimize)
    status: PlanStatus
    bound: float | None
    exact: float | None = None
    gap: float | None = None
    if found.metrics is None:
        status = "infeasible" if found.infeasible else "no_solution"
        bound = found.bound * shown
    else:
        exact = found.metrics.objective(instance.minimize, instance.latency_measure) * shown
        bound = max(min(found.bound * shown, exact), 0.0)  # neither money nor time can be negative
        gap = 0.0 if exact == bound else (exact - bound) / abs(exact)
        status = "optimal" if gap <= max(settings.gap, EQUAL) else "feasible"
        gap = gap if math.isfinite(gap) else None
    bound = bound if math.isfinite(bound) else None
    replays = replayed(instance, found.decision) if found.decision else []
    pruned = found.pruned
    listing = f"{pruned.kept} of {pruned.listed} placements left by Lagrangian bounds, " if pruned else ""
    return Plan(
        instance=instance.name,
        status=status,
        objective=ObjectiveValue(name=instance.minimize, value=exact, unit=unit),
        bound=bound,
        gap=gap,
        seconds=seconds,
        plan=document_of(instance, found.decision) if found.decision else None,
        metrics=found.metrics,
        certificate=Certificate(
            exact_objective=exact,
            max_constraint_violation=found.metrics.violation if found.metrics else None,
            model_objective=None if found.model_value is None else found.model_value * shown,
            method=f"{listing}flow-scaled MILP by HiGHS, plan valued by the exact evaluator",
            nodes=found.nodes,
            placements=pruned.listed if pruned else None,
            placements_kept=pruned.kept if pruned else None,
        ),
        limits=limits_of(instance),
        samples=replays,
        notes=notes_on(instance, found.decision, found.metrics, replays) if found.decision and found.metrics else [],
    )
