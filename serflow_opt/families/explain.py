"""What the limits of a problem of any family cost: the optimum without each, a step further, and where it gets better.

All by exact re-solves, as for placements (`sensitivity/explain.py`); what an option alone would give is not asked.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import Any

from pydantic import Field

from serflow_opt.families.answer import Solution
from serflow_opt.families.protocol import Quantity
from serflow_opt.families.registry import family_of, quantity
from serflow_opt.families.solve import answer
from serflow_opt.ground.arguments import Arguments
from serflow_opt.ground.deadline import Deadline
from serflow_opt.ground.document import Answer, Document
from serflow_opt.ground.questions import NotAsked, Questions
from serflow_opt.ground.stopping import stoppable
from serflow_opt.ground.tolerances import DEFAULT_GAP, EQUAL, UNCHANGED
from serflow_opt.plan.limit_cost import STEP, LimitRow
from serflow_opt.search.outcome import SearchSettings


class Alternative(Document):
    """What another way of deciding comes to, limits aside, in the unit of what is optimised."""

    name: str
    words: str
    value: float
    times: float | None = Field(description="the value of the decision; None: that is zero")


class LimitCosts(Answer):
    """A decision, what its limits cost, and what others would decide, as `explain --json` prints it."""

    plan: Solution
    limits: list[LimitRow]
    beside: list[Alternative] = Field(default=[])
    not_asked: list[str] = Field(default=[], description="what there was no time for")

    def _said(self) -> str:
        return f"{len(self.limits)} limits of {self.plan._said()}"


@stoppable()
def explain(
    problem: Any,
    *,
    gap: float = DEFAULT_GAP,
    time_limit: float | None = None,
    threads: int = 0,
    on_progress: Callable[[str], None] | None = None,
) -> LimitCosts:
    """Solve a problem, and again with each limit loosened; as `serflow_opt.explain`.

    Parameters
    ----------
    problem
        Of any family.
    gap
        Relative, of each solve.
    time_limit
        Seconds in all; None: none. What there was no time for is named.
    threads
        Passed to HiGHS.
    on_progress
        Called before each solve with what is looked for.

    Returns
    -------
    LimitCosts
        Without rows where there is no decision: then `plan.infeasible_because` explains.

    Raises
    ------
    InputError
        For arguments that are none, as a negative gap.
    """
    with Arguments() as given:
        gap, threads = given.number("gap", gap), given.whole("threads", threads)
        seconds = given.limit("time_limit", time_limit)
    family = family_of(problem)
    goal = quantity(family, family.optimised(problem))

    questions = Questions(Deadline(seconds), on_progress)

    def find(what: str, changed: Any, name: str = "") -> Solution:
        settings = SearchSettings(gap, questions.deadline, threads)
        return questions.ask(what, lambda: answer(changed, settings, name, ties=changed is problem))

    plan = find("the best decision", problem)
    if plan.plan is None:
        return LimitCosts(plan=plan, limits=[])
    ceilings = family.ceilings(problem)
    own = [q for q in family.quantities if q.name in ceilings]
    rows = []
    for q in own:
        with suppress(NotAsked):
            rows.append(_row(problem, plan, goal, q, ceilings[q.name], find))
    best, others = plan.objective.value or 0.0, []
    for other in family.beside(problem, SearchSettings(gap, questions.deadline, threads)):
        if other.values is None:
            questions.not_asked.append(f"beside, {other.name}: {other.words} (begun, not proven)")
            continue
        value = other.values[goal.name] * goal.shown
        others.append(
            Alternative(name=other.name, words=other.words, value=value, times=value / best if best else None)
        )
    return LimitCosts(plan=plan, limits=rows, beside=others, not_asked=questions.not_asked)


def _row(
    problem: Any, plan: Solution, goal: Quantity, own: Quantity, most: float, find: Callable[..., Solution]
) -> LimitRow:
    """What one limit costs; numbers with which is calculated are less is better, in the quantities' own units."""
    family = family_of(problem)
    best = _less(goal, plan.objective.value)
    assert best is not None
    without = _less(goal, find(f"without {own.key}", family.held(problem, {own.name: None})).objective.value)
    looser = most + STEP * abs(most)

    def shown(of: Quantity, less: float | None) -> float | None:
        return None if less is None else of.less(less) * of.shown

    def at(limit: float) -> float:
        found = find(f"{own.key} {shown(own, limit):g}", family.held(problem, {own.name: limit}))
        value = _less(goal, found.objective.value)
        return best if value is None else min(value, best)

    asked, further = shown(own, most), shown(own, looser)
    assert asked is not None
    assert further is not None
    binds = without is not None and without < best - UNCHANGED * abs(best)
    row = LimitRow(own.key, asked, plan.achieved(own.name), binds, further, plan.objective.value, shown(goal, without))
    if not binds:
        return row
    next_at = None
    with suppress(NotAsked):  # it is named, and the row has what is known
        if own.name != goal.name:
            better = family.held(problem, {own.name: None, goal.name: best - UNCHANGED * abs(best)})
            found = find(f"the next better decision by {own.key}", better, own.name)
            next_at = _less(own, found.objective.value) if found.status == "optimal" else None
        if next_at is not None:
            row = replace(row, next_at=shown(own, next_at))
            row = replace(row, value_next=shown(goal, at(next_at + EQUAL * abs(next_at))))
        value_looser = best if next_at is not None and looser < next_at else at(looser)  # nothing better before that
        row = replace(row, value_looser=shown(goal, value_looser))
    return row


def _less(own: Quantity, shown: float | None) -> float | None:
    """Return a value as shown as a number, less is better, in the quantity's own unit."""
    return None if shown is None else own.less(shown / own.shown)
