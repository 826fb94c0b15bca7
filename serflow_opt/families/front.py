"""The front of several quantities of any family: every decision that no other beats in all of them, proven."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from pydantic import Field

from serflow_opt.errors import Problem
from serflow_opt.families.answer import Solution
from serflow_opt.families.found import Found
from serflow_opt.families.protocol import Family, Valued
from serflow_opt.families.registry import family_of, quantity
from serflow_opt.families.solve import solution_of
from serflow_opt.families.witnessed import best_of
from serflow_opt.fronts.by_boxes import LimitedOutcome, front_by_boxes
from serflow_opt.fronts.front import FrontProgress
from serflow_opt.ground.arguments import Arguments
from serflow_opt.ground.deadline import Deadline
from serflow_opt.ground.display import named
from serflow_opt.ground.document import Answer
from serflow_opt.ground.dominance import cells, nondominated
from serflow_opt.ground.stopping import stoppable
from serflow_opt.ground.tolerances import BOX_GAP, EQUAL
from serflow_opt.plan.certificate import Certificate, largest_breach
from serflow_opt.search.outcome import SearchSettings

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

BY_BOXES = "search of boxes, each decision proven and valued by the exact evaluator"


@dataclass(frozen=True, slots=True)
class OfFamily:
    """A problem of a family, searched within limits."""

    problem: Any
    apart: Collection[str] = ()

    def ceiling(self, name: str) -> float:
        """Return what a quantity, less is better, may be at most; infinity without limit."""
        return family_of(self.problem).ceilings(self.problem).get(name, np.inf)

    def best(self, goal: Mapping[str, float], ceilings: Mapping[str, float], deadline: Deadline) -> LimitedOutcome:
        """Search within further limits.

        Parameters
        ----------
        goal, ceilings, deadline
            As `Searched.best` takes them, in the quantities' own units.
        """
        family = family_of(self.problem)
        found = best_of(family, family.held(self.problem, ceilings), goal, SearchSettings(BOX_GAP, deadline, threads=1))
        less = None
        if found.values is not None:
            less = {own.name: own.less(found.values[own.name]) for own in family.quantities}
        return LimitedOutcome(found.decision, less, found.value, found.infeasible, found.proven(BOX_GAP), found.scope)


@dataclass(frozen=True, slots=True)
class AtOnce:
    """A front that a family finds at once, not point by point: decisions, whether none is missing, and how."""

    decisions: list[Any]
    complete: bool
    method: str
    counts: dict[str, int]
    scope: str = ""


class SolutionFront(Answer):
    """Undominated decisions in the order of the first quantity, as `pareto --json` prints them."""

    kind: str
    instance: str
    objectives: list[str]
    plans: list[Solution]
    complete: bool = Field(description="whether no undominated decision is missing; those that tie appear once")
    coverage: float | None = Field(
        description="each decision there is has one here that is at most this much worse, relative; 0: complete"
    )
    method: str
    seconds: float
    counts: dict[str, int]
    scope: str = Field(default="", description="what the proof is of, where that is narrower than the question")

    @property
    def certificate(self) -> Certificate:
        """Why it can be trusted as a whole; each of its plans has its own."""
        worst = largest_breach(self.plans)
        return Certificate(
            exact_objective=None,
            max_constraint_violation=worst,
            method=self.method,
            scope=self.scope,
            counts=self.counts,
        )

    @property
    def points(self) -> list[tuple[float, ...]]:
        """The quantities of each decision, in the units shown."""
        values = [{own.name: own.value for own in plan.metrics} for plan in self.plans]
        return [tuple(value[name] for name in self.objectives) for value in values]

    def to_frame(self) -> pd.DataFrame:
        """Return one row a decision: all its quantities in the units shown, and in words what is decided."""
        import pandas as pd

        words = named("report.solution:decided_words")
        return pd.DataFrame([
            {**{own.name: own.value for own in plan.metrics}, "decided": words(self.kind, plan.plan)}
            for plan in self.plans
        ])  # fmt: skip

    def plot(self, ax: Axes | None = None, kind: Literal["plane", "space", "parallel"] = "plane") -> Axes:
        """Draw the front: in a plane, a third quantity told by colour; in space; or parallel, an axis for each."""
        axes: Axes = named("plotting.solutions:plot_solutions")(self, ax, kind)
        return axes

    def _said(self) -> str:
        return f"{self.instance}: {len(self.plans):,} decisions by {' and '.join(self.objectives)}"


def pareto(
    problem: Any,
    objectives: Sequence[str] = (),
    *,
    coverage: float | None = None,
    time_limit: float | None = None,
    method: str = "auto",
    jobs: int = 1,
    journal: str | Path | None = None,
    on_progress: Callable[[FrontProgress], None] | None = None,
) -> SolutionFront:
    """Find the decisions that no other beats in every quantity; as `serflow_opt.pareto`.

    Parameters
    ----------
    problem
        Of any family; what it optimises does not matter.
    objectives
        Two or more of the family's quantities; none: its first two.
    coverage
        None: the whole front. Otherwise each decision there is has one in it that is at most this much worse, relative.
        Not taken where a family only bounds its front: that says how far it may be off.
    time_limit
        Seconds; at the limit what was found is returned. None: none.
    method
        auto: at once where the family can, else by boxes; milp: by boxes.
    jobs
        Processes.
    journal
        Not taken: no journal is kept.
    on_progress
        Called at each decision found.

    Raises
    ------
    InputError
        For arguments that are none, objectives that the family does not have, and a journal.
    """
    family = family_of(problem)
    bounded = family.own.get("bounded_front")
    names = tuple(objectives) or tuple(own.name for own in family.quantities[:2])
    with Arguments() as given:
        seconds, jobs = given.limit("time_limit", time_limit), given.whole("jobs", jobs, 1)
        if coverage is not None:
            coverage = given.number("coverage", coverage, above=True)
            if bounded is not None:
                given.misfit("coverage", f"{coverage:g}", f"leave it out: a front of a {family.kind} says its own")
        given.one_of("method", method, ("auto", "milp"))
        if journal is not None:
            given.misfit("journal", str(journal), f"no journal is kept of a {family.kind}: leave it out")
        known = [own.name for own in family.quantities]
        if not (2 <= len(set(names)) == len(names)) or not set(names) <= set(known):
            cure = f"name two or more of {', '.join(known)}, each once"
            given.problems.append(Problem("", "objectives", ", ".join(names) or "none", cure))
    with stoppable():
        deadline = Deadline(seconds)

        def report(plans: int, left: int) -> None:
            if on_progress is not None:
                on_progress(FrontProgress(deadline.seconds, f"{what}, {left} open", plans, None))

        what, where = "settings", family.own.get("front")
        if bounded is not None:
            what = "rows"
            front: SolutionFront = named(bounded)(problem, names, deadline, report)
            return front
        if where is not None and method == "auto" and not coverage:
            whole: AtOnce | None = named(where)(problem, names, deadline, report)
            if whole is not None:
                return _front(family, problem, names, whole, 0.0, deadline)
        what = "boxes"
        solved = front_by_boxes(OfFamily(problem), names, coverage or 0.0, deadline, jobs, None, report)
        scope = "; ".join(sorted(solved.scopes))
        found = AtOnce(solved.decisions, solved.complete, BY_BOXES, {"solves": solved.solves}, scope)
        return _front(family, problem, names, found, coverage or 0.0, deadline)


def _front(
    family: Family,
    problem: Any,
    names: tuple[str, ...],
    solved: AtOnce,
    coverage: float,
    deadline: Deadline,
) -> SolutionFront:
    """Value what was found exactly, and drop what ties or is beaten."""
    valued = [(decision, family.evaluate(problem, decision)) for decision in solved.decisions]
    kept = [(decision, own) for decision, own in valued if not own.breaches]
    less = [[quantity(family, name).less(own.values[name]) for name in names] for _, own in kept]
    best = nondominated(cells(np.array(less).reshape(len(kept), len(names)), EQUAL)).tolist()
    complete = solved.complete and len(kept) == len(valued)
    proven = complete and not coverage
    method = f"point of a front: {solved.method}"
    plans = [_point(family, problem, names, kept[i][0], kept[i][1], proven, deadline, method) for i in best]
    return SolutionFront(
        kind=family.kind,
        instance=problem.name,
        objectives=list(names),
        plans=plans,
        complete=complete and not coverage,
        coverage=coverage if complete else None,
        method=solved.method,
        seconds=deadline.seconds,
        counts=solved.counts,
        scope=solved.scope,
    )


def _point(
    family: Family,
    problem: Any,
    names: tuple[str, ...],
    decision: Any,
    own: Valued,
    proven: bool,
    deadline: Deadline,
    method: str,
) -> Solution:
    """A point as the answer to the question it answers."""
    asked, found = question_of(family, problem, names, decision, own)
    if proven:
        found.bound = found.value
    return solution_of(family, asked, found, SearchSettings(BOX_GAP, deadline), names[0], method)


def question_of(family: Family, problem: Any, names: tuple[str, ...], decision: Any, own: Valued) -> tuple[Any, Found]:
    """Return the question that a point of a front answers, and the answer: the first quantity, the others as limits.

    Parameters
    ----------
    family, problem
        What the front is of.
    names
        Its quantities.
    decision, own
        A point, and what it achieves.
    """
    less = {name: quantity(family, name).less(own.values[name]) for name in names}
    asked = family.held(problem, {name: less[name] for name in names[1:]})
    return asked, Found(decision, own.values, own.violation, less[names[0]])
