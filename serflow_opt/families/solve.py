"""Solve and value problems of any family: search, explain what is infeasible, put answer and certificate together."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from typing import Any

from serflow_opt.backend.running import Progress, check_options
from serflow_opt.families.answer import Achieved, Solution
from serflow_opt.families.found import Found
from serflow_opt.families.protocol import Family, Quantity, Valued
from serflow_opt.families.registry import family_of, quantity
from serflow_opt.families.ties import break_ties
from serflow_opt.families.witnessed import best_of
from serflow_opt.ground.arguments import Arguments
from serflow_opt.ground.deadline import Deadline
from serflow_opt.ground.gaps import relative_gap
from serflow_opt.ground.stopping import stoppable
from serflow_opt.ground.tolerances import EQUAL
from serflow_opt.plan.certificate import Certificate
from serflow_opt.plan.document import BY_WORD, ObjectiveValue, PlanStatus
from serflow_opt.search.outcome import SearchSettings


def solve(
    problem: Any,
    *,
    gap: float | None = None,
    time_limit: float | None = None,
    threads: int = 0,
    seed: int = 0,
    method: str = "auto",
    options: Mapping[str, object] | None = None,
    on_progress: Callable[[Progress], None] | None = None,
) -> Solution:
    """Find the best decision and prove it; as `serflow_opt.solve`.

    Parameters
    ----------
    problem
        Of any family.
    gap
        Relative distance between decision and bound at which the decision counts as optimal; None: 1e-6.
    time_limit
        Seconds for everything; None: none. At the limit the best decision found is returned with its gap.
    threads, seed
        Passed to HiGHS.
    method
        auto or milp, which is the same here.
    options
        Further HiGHS options; unknown ones are an error.
    on_progress
        Called with incumbent and bound while HiGHS searches.

    Returns
    -------
    Solution
        `status` is optimal (proven within the gap), feasible (stopped before), infeasible (proven) or no_solution
        (stopped before a decision was found).

    Raises
    ------
    InputError
        For arguments that are none, and for HiGHS options that do not exist.
    """
    with Arguments() as given:
        gap = SearchSettings.gap if gap is None else given.number("gap", gap)
        seconds = given.limit("time_limit", time_limit)
        threads, seed = given.whole("threads", threads), given.whole("seed", seed)
        given.one_of("method", method, ("auto", "milp"))
    if options:
        check_options(options)
    with stoppable():
        asked = SearchSettings(gap, Deadline(seconds), threads, seed, "auto", options or {}, on_progress)
        return answer(problem, asked, ties=True)


def answer(problem: Any, settings: SearchSettings, name: str = "", *, ties: bool = False) -> Solution:
    """Solve a problem with checked settings for what it asks or another quantity; say why there is no decision.

    Parameters
    ----------
    problem, settings
        Of any family; gap, deadline, and what HiGHS is told.
    name
        The quantity that is optimised; empty: the one that is asked for.
    ties
        Whether the best in further quantities is taken of equally good decisions.
    """
    family = family_of(problem)
    found = best_of(family, problem, {name or family.optimised(problem): 1.0}, settings)
    if ties:
        break_ties(family, problem, name or family.optimised(problem), found, settings)
    solution = solution_of(family, problem, found, settings, name)
    if solution.status == "infeasible":
        from serflow_opt.families.attainable import clashes

        solution.infeasible_because = clashes(family, problem, settings)
        solution.notes += family.obstacles(problem)
        solution.seconds = settings.deadline.seconds
    return solution


def evaluate(problem: Any, decision: Any) -> Valued:
    """Value a decision exactly, by code that shares nothing with the optimiser."""
    return family_of(problem).evaluate(problem, decision)


def value(problem: Any, document: Mapping[str, Any]) -> Solution:
    """Return the exact value of a decision's document, or of a solution that holds one; nothing is optimised.

    Raises
    ------
    InputError
        When the document does not fit the problem.
    """
    began = time.monotonic()
    family = family_of(problem)
    inner = document.get("plan")
    decision = family.decision_of(problem, inner if isinstance(inner, Mapping) else document)
    valued, own = family.evaluate(problem, decision), quantity(family, family.optimised(problem))
    exact = valued.values[own.name] * own.shown
    return Solution(
        kind=family.kind,
        instance=problem.name,
        status="infeasible" if valued.breaches else "feasible",
        objective=ObjectiveValue(name=own.name, value=exact, unit=own.unit_shown),
        bound=None,
        gap=None,
        seconds=time.monotonic() - began,
        plan=family.document_of(problem, decision),
        metrics=metrics_of(family, valued.values),
        breaches=list(valued.breaches),
        certificate=Certificate(
            exact_objective=exact,
            max_constraint_violation=valued.violation,
            model_objective=None,
            method="valued by the exact evaluator, not optimised",
            optimised=False,
        ),
        limits=limits_of(family, problem),
    )


def solution_of(
    family: Family, problem: Any, found: Found, settings: SearchSettings, name: str = "", method: str = ""
) -> Solution:
    """Put the answer together.

    Parameters
    ----------
    family, problem
        What was solved.
    found
        What its search found, less is better, in the quantities' own units.
    settings
        The gap at which the decision counts as optimal, and the clock.
    name
        The quantity that was optimised; empty: the one that is asked for.
    method
        How, in words; empty: by the model.
    """
    own = quantity(family, name or family.optimised(problem))
    status: PlanStatus = "infeasible" if found.infeasible else "no_solution"
    exact = gap = None
    if found.values is not None:
        exact = found.values[own.name] * own.shown
        gap = relative_gap(found.value, found.bound)
        status = "optimal" if gap <= max(settings.gap, EQUAL) else "feasible"
    word = math.isfinite(found.bound) and not found.checked >= found.bound - max(settings.gap, EQUAL) * abs(found.bound)
    return Solution(
        kind=family.kind,
        instance=problem.name,
        status=status,
        objective=ObjectiveValue(name=own.name, value=exact, unit=own.unit_shown),
        bound=_shown(own, found.bound),
        gap=gap if gap is not None and math.isfinite(gap) else None,
        seconds=settings.deadline.seconds,
        plan=None if found.values is None else family.document_of(problem, found.decision),
        metrics=[] if found.values is None else metrics_of(family, found.values),
        certificate=Certificate(
            exact_objective=exact,
            max_constraint_violation=None if found.values is None else found.violation,
            model_objective=None if found.model_value is None else _shown(own, found.model_value),
            method=method
            or found.method
            or f"the model of a {family.kind} by HiGHS, decision valued by the exact evaluator",
            scope="; ".join(filter(None, (found.scope, BY_WORD if word else ""))),
            checked_bound=_shown(own, found.checked),
            nodes=found.nodes,
            counts=found.counts,
        ),
        limits=limits_of(family, problem),
        notes=[*([found.doubt] if found.doubt and not found.infeasible else []), *found.notes],
    )


def metrics_of(family: Family, values: Mapping[str, float]) -> list[Achieved]:
    """Return quantities in the units shown."""
    return [Achieved(name=q.name, value=values[q.name] * q.shown, unit=q.unit_shown) for q in family.quantities]


def limits_of(family: Family, problem: Any) -> dict[str, float]:
    """Return the limits that are set, by the keys of files and in the units shown."""
    quantities = {own.name: own for own in family.quantities}
    given = family.ceilings(problem)
    return {own.key: own.less(given[name]) * own.shown for name, own in quantities.items() if name in given}


def _shown(own: Quantity, less: float) -> float | None:
    """Return a number, less is better, in the unit shown; None where nothing is known."""
    return own.less(less) * own.shown if math.isfinite(less) else None
