"""Solve an instance where things may turn out otherwise: the search over cases, the answer and its certificate."""

from __future__ import annotations

import math
from dataclasses import replace

from serflow_opt.errors import InputError, Problem
from serflow_opt.ground.gaps import relative_gap
from serflow_opt.ground.tolerances import EQUAL
from serflow_opt.plan.adversary import report
from serflow_opt.plan.answer import answer_with, fluid_scope
from serflow_opt.plan.document import BY_WORD, Clash, Plan, PlanStatus
from serflow_opt.problem.batches import one_by_one
from serflow_opt.problem.instance import Instance
from serflow_opt.problem.limits import shown_unit
from serflow_opt.problem.uncertainty import UncertainCase
from serflow_opt.search.outcome import OUT_OF_TIME, SearchSettings
from serflow_opt.search.robust.search import RobustOutcome, RobustSearch


def solve_robust(instance: Instance, settings: SearchSettings) -> tuple[Plan, UncertainCase | None]:
    """Solve an instance with `uncertainty`.

    Parameters
    ----------
    instance, settings
        What is asked; gap, deadline and what HiGHS is told.

    Returns
    -------
    Plan
        Metrics are as believed, with the machines that the plan rents; `robustness` says the rest.
    UncertainCase
        One that no plan keeps its limits in, even alone; None: there is none, or none is known.

    Raises
    ------
    InputError
        For constraints of the user's own, and methods that do not cover this.
    """
    wrong = []
    if settings.extra is not None:
        wrong.append(Problem("", "extra", "given with [uncertainty]", "constraints of your own go into a plain model"))
    if settings.method in ("labels", "mixes"):
        cure = "leave it out: cases are solved alone by what covers them, and together by HiGHS"
        wrong.append(Problem("", "method", f"'{settings.method}' with [uncertainty]", cure))
    if wrong:
        raise InputError(wrong)
    found = RobustSearch(instance, settings).run()
    plan = _plan(instance, found, settings)
    if found.infeasible and found.clash is None:
        plan.infeasible_because = [_why(instance, settings)]
    return plan, found.clash


def _plan(instance: Instance, found: RobustOutcome, settings: SearchSettings) -> Plan:
    shown = shown_unit(instance.minimize)[0]
    status: PlanStatus = "infeasible" if found.infeasible else "no_solution"
    exact = gap = metrics = None
    bound, checked = found.bound * shown, found.checked * shown
    if found.valued is not None:
        metrics, exact = found.valued.answered(), found.value * shown
        bound = min(bound, exact)
        gap = relative_gap(exact, bound)
        status = "optimal" if gap <= max(settings.gap, EQUAL) else "feasible"
    word = math.isfinite(bound) and not checked >= bound - max(settings.gap, EQUAL) * abs(bound)
    scopes = BY_WORD if word else "", fluid_scope(instance, metrics), one_by_one(instance.takes_batches)
    notes = [found.doubt] if found.doubt and not found.infeasible else []
    plan = answer_with(
        instance,
        found.decision,
        metrics,
        status=status,
        value=exact,
        bound=bound if math.isfinite(bound) else None,
        gap=gap if gap is not None and math.isfinite(gap) else None,
        seconds=settings.deadline.seconds,
        model_value=None if found.model_value is None else found.model_value * shown,
        method=_method(instance, found),
        scope="; ".join(filter(None, scopes)),
        checked_bound=checked if math.isfinite(checked) else None,
        nodes=found.nodes,
        counts={},
        notes=notes or ([OUT_OF_TIME] if status == "no_solution" else []),
    )
    plan.certificate.counts = {"cases": found.cases, "models": found.rounds, "searches": found.searches}
    if found.valued is not None:
        plan.robustness = report(instance, found.valued)
    return plan


def _method(instance: Instance, found: RobustOutcome) -> str:
    """Say what proves it."""
    asked = instance.uncertainty
    assert asked is not None
    if found.dual:
        return "duals of the budget in one model by HiGHS (Bertsimas and Sim), plan valued over all by the adversary"
    what = f"{found.cases} scenarios" if asked.scenarios else f"{found.cases} cases within the budget"
    if found.searches:
        rows = f"{found.searches} searches with each row at a case of its own and the latency by Bertsimas and Sim's"
        then = f", then {found.rounds} model(s) by HiGHS" if found.rounds else ""
        return f"{what}: {rows} nominal problems{then}, plan valued over all by the adversary"
    if not found.rounds:
        return f"{what}, each solved alone, plan valued over all by the adversary"
    models = f"{found.rounds} model{'s' if found.rounds > 1 else ''}"
    return f"{what} in {models} by HiGHS, plan valued over all by the adversary"


def _why(instance: Instance, settings: SearchSettings) -> Clash:
    """Say that limits can be kept as believed, but not over all cases, and what could be had then."""
    from serflow_opt.search.best import search

    asked = instance.uncertainty
    assert asked is not None
    plain = replace(instance, uncertainty=None)
    free = search(plain, replace(settings, on_progress=None), {instance.minimize: 1.0})  # type: ignore[dict-item]
    factor, unit = shown_unit(instance.minimize)
    found = f"as believed {instance.minimize} {free.value * factor:.6g} {unit} can be had" if free.metrics else ""
    where = f"whichever {asked.budget} parts deviate" if asked.budget is not None else "in all scenarios together"
    if asked.scenarios and asked.hold < 1:
        where = f"with probability {asked.hold:g}"
    message = f"uncertainty: no plan keeps all limits {where}" + (f"; {found}" if found else "")
    return Clash(limit="uncertainty", asked=float(asked.budget or 0), best=None, message=message)
