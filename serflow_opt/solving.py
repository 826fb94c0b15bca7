"""Solve an instance: search, break ties, explain what is infeasible, put the answer and its certificate together."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import get_args

from serflow_opt.backend.running import Progress, check_options
from serflow_opt.errors import Problem
from serflow_opt.ground.arguments import Arguments
from serflow_opt.ground.deadline import Deadline
from serflow_opt.ground.gaps import relative_gap
from serflow_opt.ground.stopping import stoppable
from serflow_opt.ground.tolerances import EQUAL, RANGES_GAP
from serflow_opt.infeasibility.explain import clashes
from serflow_opt.plan.answer import answer_with, fluid_scope
from serflow_opt.plan.document import BY_WORD, Clash, Plan, PlanStatus
from serflow_opt.plan.notes import cautions
from serflow_opt.plan.samples import tables_scope
from serflow_opt.problem.batches import one_by_one
from serflow_opt.problem.given import on_instance
from serflow_opt.problem.instance import Instance
from serflow_opt.problem.limits import shown_unit
from serflow_opt.search.best import search
from serflow_opt.search.goal import Goal, scaled
from serflow_opt.search.outcome import GAP_LEFT, OUT_OF_TIME, Method, SearchOutcome, SearchSettings
from serflow_opt.search.own_constraints import Extra
from serflow_opt.search.payoff import NoPayoff, Row, ideal_and_nadir, payoff_table
from serflow_opt.search.ranges import refine
from serflow_opt.search.tie_breaking import any_method, break_ties


@on_instance
def solve(
    instance: Instance,
    *,
    gap: float | None = None,
    time_limit: float | None = None,
    threads: int = 0,
    seed: int = 0,
    method: Method = "auto",
    options: Mapping[str, object] | None = None,
    on_progress: Callable[[Progress], None] | None = None,
    extra: Extra | None = None,
) -> Plan:
    """Find a plan of minimum cost or latency and prove it.

    Parameters
    ----------
    instance
        The problem.
    gap
        Relative distance between plan and bound at which the plan counts as optimal; None: 1e-6, or 1e-4 where sizes or
        noise come from ranges.
    time_limit
        Seconds for everything; None: none. At the limit the best plan found is returned with its gap.
    threads, seed
        Passed to HiGHS.
    method
        labels: bounds over all placements at once, label setting for thresholds, no HiGHS; it covers thresholds from
        menus, accounting per request, worst-case and mean latency. mixes: the same where machines are rented whole, by
        mixes of thresholds; it takes compiled kernels. milp: the whole flow-scaled model. auto: what covers the
        instance of the first two; else bounds on listed placements, and the model on what they leave.
    options
        Further HiGHS options, where HiGHS is asked; unknown ones are an error.
    on_progress
        Called with incumbent and bound (USD per request or seconds) while HiGHS searches.
    extra
        Called with the Pyomo model and its `formulations.coefficients.Data` before each solve; adds linear constraints.
        The plan is read back and valued exactly as always; that it keeps these constraints is HiGHS's word, within its
        tolerance. Labels and bounds on placements are off. It takes menus, ranges and `exits.joint` do not go with it.

    Returns
    -------
    Plan
        `status` is optimal (proven within the gap), feasible (stopped before), infeasible (proven) or no_solution
        (stopped before a plan was found).

    Raises
    ------
    InputError
        For arguments that are none, as a negative gap or an unknown method, and for HiGHS options that do not exist.
    """
    with Arguments() as given:
        if gap is not None:
            gap = given.number("gap", gap)
        seconds = given.limit("time_limit", time_limit)
        threads, seed = given.whole("threads", threads), given.whole("seed", seed)
        given.one_of("method", method, get_args(Method))
        if extra is not None:
            _check_extra(given, instance, method, extra)
    if options:
        check_options(options)
    if gap is None:
        gap = RANGES_GAP if instance.families else SearchSettings.gap
    with stoppable():
        settings = SearchSettings(gap, Deadline(seconds), threads, seed, method, options or {}, on_progress, extra)
        return answer(instance, settings)


def _check_extra(given: Arguments, instance: Instance, method: Method, extra: Extra) -> None:
    """Say what own constraints do not go with."""
    if not callable(extra):
        given.wrong("extra", extra, "give a function of the model and its data that adds constraints")
    elif method in ("labels", "mixes"):
        given.wrong("method", method, f"{method} know nothing of own constraints: use auto or milp")
    elif isinstance(instance, Instance) and (instance.joint or instance.families):
        what = "exits.joint" if instance.joint else "ranges"
        cure = "own constraints go into a model of menus and lists: leave out joint, or list sizes and strengths"
        given.problems.append(Problem("", "extra", f"does not go with {what}", cure))


def answer(instance: Instance, settings: SearchSettings, *, batches: bool = True) -> Plan:
    """Solve an instance with checked settings; what `solve` does.

    Parameters
    ----------
    instance, settings
        What is asked; gap, deadline and method.
    batches
        Whether plans with batches are looked for, where any are on offer.
    """
    if instance.joint:
        from serflow_opt.search.joint.solve import solve_joint

        return solve_joint(instance, settings)
    if instance.uncertainty is not None:
        return _robustly(instance, settings)
    beside, scope = None, None
    if instance.takes_batches and batches:
        from serflow_opt.traffic.batches.planned import beside_plain

        instance, beside, scope = beside_plain(instance, settings)
    goal: Goal
    payoff: list[Row] = []
    if instance.minimize == "weighted":
        try:
            payoff = payoff_table(instance, [name for name, _ in instance.weights], settings)
        except NoPayoff as missing:
            found = SearchOutcome(infeasible=missing.infeasible, doubt=missing.reason)
            return _explained(instance, plan_of(instance, found, settings, {}), settings)
        ideal, nadir = ideal_and_nadir(payoff)
        goal = scaled(dict(instance.weights), ideal, nadir)
    else:
        goal = {instance.minimize: 1.0}
    rounds = None
    if instance.families:
        refined = refine(instance, settings, goal)
        instance, found, rounds = refined.instance, refined.found, refined.rounds
    else:
        found = search(instance, settings, goal)
        if found.decision is not None:
            break_ties(instance, found, settings)
        if beside is not None:
            found = beside(found)
    plan = plan_of(instance, found, settings, goal, scope)
    plan.certificate.refinements = rounds
    plan.payoff = [_shown_row(row) for row in payoff]
    if payoff:
        _shift(plan, goal, ideal)
    return _explained(instance, plan, settings)


def _robustly(instance: Instance, settings: SearchSettings) -> Plan:
    """Solve an instance where things may turn out otherwise; a case that is out of reach alone says why."""
    from serflow_opt.problem.stress import deviated
    from serflow_opt.search.robust.solve import solve_robust

    plan, clash = solve_robust(instance, settings)
    if clash is not None:
        _explained(deviated(instance, clash), plan, settings)
        for own in plan.infeasible_because:
            own.message += f" (in the case: {clash.name})"
    return plan


def _explained(instance: Instance, plan: Plan, settings: SearchSettings) -> Plan:
    """Add why there is no plan."""
    if plan.status == "infeasible" and settings.extra is not None:
        plan.infeasible_because = _without_own(instance, settings)
    elif plan.status == "infeasible":
        plan.infeasible_because = clashes(instance, replace(any_method(settings), grace_s=0.0))
        plan.seconds = settings.deadline.seconds
    return plan


def _without_own(instance: Instance, settings: SearchSettings) -> list[Clash]:
    """Say whether the user's own constraints stand in the way, by what there is without them."""
    other = answer(instance, replace(settings, extra=None, on_progress=None))
    if other.status == "infeasible":
        return other.infeasible_because
    goal = other.objective
    found = "time ran out before a plan was found without them"
    if goal.value is not None:
        found = f"without them {goal.name} {goal.value:.6g} {goal.unit} can be had"
    message = f"extra: the constraints of your own leave no plan; {found}"
    return [Clash(limit="extra", asked=0.0, best=None, message=message, proven=goal.value is not None)]


def _shift(plan: Plan, goal: Goal, ideal: Goal) -> None:
    """Count a weighted objective from its value at the ideal point: 0 there, the sum of the weights at the nadir."""
    at_ideal = math.fsum(weight * ideal[name] for name, weight in goal.items())
    unit = next(iter(goal.values())) if len(goal) == 1 else 1.0  # one alone is searched for as it is

    def shifted(value: float | None) -> float | None:
        if value is None:
            return None
        above = value * unit - at_ideal
        return 0.0 if abs(above) <= EQUAL * abs(at_ideal) else above

    certificate = plan.certificate
    plan.objective.value, plan.bound = shifted(plan.objective.value), shifted(plan.bound)
    certificate.exact_objective = plan.objective.value
    certificate.checked_bound = shifted(certificate.checked_bound)
    certificate.model_objective = shifted(certificate.model_objective)


def _shown_row(row: Row) -> dict[str, float]:
    """A row of the pay-off table in the units documents use."""
    return {name: value * shown_unit(name)[0] for name, value in row.items()}


def plan_of(
    instance: Instance, found: SearchOutcome, settings: SearchSettings, goal: Goal, batches: str | None = None
) -> Plan:
    """Put the answer together, in the units that documents use.

    Parameters
    ----------
    instance
        What was asked, with sizes and strengths listed where they came from ranges.
    found
        What the search came to, in USD a request, seconds and shares.
    settings
        The gap that counts as optimal, and the clock.
    goal
        Weights of the objectives that `found` is best in; empty where no search began.
    batches
        What is said of batches; None: that requests were served one by one, where any are on offer.
    """
    shown = shown_unit(instance.minimize)[0]
    status: PlanStatus
    bound: float | None
    exact: float | None = None
    gap: float | None = None
    if found.metrics is None:
        status = "infeasible" if found.infeasible else "no_solution"
        bound = found.bound * shown
    else:
        exact = found.metrics.blended(goal, instance.latency_measure) * shown
        bound = min(found.bound * shown, exact)
        if instance.minimize in ("cost", "latency", "energy", "carbon"):
            bound = max(bound, 0.0)
        gap = relative_gap(exact, bound)
        status = "optimal" if gap <= max(settings.gap, EQUAL) else "feasible"
        gap = gap if math.isfinite(gap) else None
    bound = bound if math.isfinite(bound) else None
    word = bound is not None and not found.checked * shown >= bound - EQUAL * abs(bound)
    checked = found.checked * shown if bound is None else min(found.checked * shown, bound)
    if instance.minimize in ("cost", "latency", "energy", "carbon"):
        checked = max(checked, 0.0)
    notes = [found.doubt] if found.doubt else [OUT_OF_TIME] if status == "no_solution" else []
    if status == "feasible" and not notes and not settings.deadline.expired:
        notes = [GAP_LEFT]
    if found.decision is None:
        notes += cautions(instance)
    method, counts = _proof(found)
    if found.beside:
        method = f"{found.beside}; one by one: {method}"
    if settings.extra is not None:
        method += " with constraints of your own"
    return answer_with(
        instance,
        found.decision,
        found.metrics,
        status=status,
        value=exact,
        bound=bound,
        gap=gap,
        seconds=settings.deadline.seconds,
        model_value=None if found.model_value is None else found.model_value * shown,
        method=f"{method}, plan valued by the exact evaluator",
        scope="; ".join(
            filter(
                None,
                (
                    BY_WORD if word else "",
                    tables_scope(instance),
                    fluid_scope(instance, found.metrics),
                    one_by_one(instance.takes_batches) if batches is None else batches,
                ),
            )
        ),
        checked_bound=checked if math.isfinite(checked) else None,
        nodes=found.nodes,
        counts=counts,
        notes=notes,
    )


def _proof(found: SearchOutcome) -> tuple[str, dict[str, int]]:
    """Say what was ruled out and proven by what: in words, and as numbers of the certificate."""
    if found.flat is not None:
        method, numbers = _proof(found.flat)
        each = f"{found.flat_prices} flat price{'s' * (found.flat_prices != 1)}, the last"
        return f"bytes priced by volume as {each}: {method}", numbers
    if found.chain is not None:
        counts = found.chain.counts
        numbers = {
            "placements": round(counts.placements),
            "placements_kept": counts.listed,
            "placements_labelled": counts.labelled,
            "labels": counts.labels,
        }
        kept = f"{counts.listed:,} of {counts.placements:,.0f} placements left by Lagrangian bounds on all at once"
        return f"{kept}, {counts.labels:,} labels for the thresholds of {counts.labelled:,}", numbers
    if found.rented is not None:
        took = found.rented.counts
        numbers = {"placements": round(took.placements), "placements_kept": took.listed}
        kept = f"{took.listed:,} of {took.placements:,.0f} placements left by Lagrangian bounds on all at once"
        return f"{kept}, mixes of thresholds for {took.parted:,} in {took.nodes:,} nodes", numbers
    pruned = found.pruned
    if pruned is None:
        return "flow-scaled MILP by HiGHS", {}
    listing = f"{pruned.kept} of {pruned.listed} placements left by Lagrangian bounds"
    numbers = {"placements": pruned.listed, "placements_kept": pruned.kept}
    return f"{listing}, flow-scaled MILP by HiGHS", numbers
