"""The front of a task graph: list schedules that no other beats, and how far any schedule can be better than they are.

A front of proven points is not to be had, since a list schedule rarely is proven best to the last digit. What is proven
is that any schedule of any row has one of the front that is at most so much worse, by the bounds of rows.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from serflow_opt.errors import Problem
from serflow_opt.families.blocked.menu import NAMES, menu_of
from serflow_opt.families.blocked.search import front
from serflow_opt.families.found import Found
from serflow_opt.families.front import SolutionFront
from serflow_opt.families.registry import family_of, quantity
from serflow_opt.families.solve import solution_of
from serflow_opt.fronts.front import FrontProgress
from serflow_opt.ground.arguments import Arguments
from serflow_opt.ground.deadline import Deadline
from serflow_opt.ground.stopping import stoppable
from serflow_opt.ground.tolerances import DEFAULT_GAP
from serflow_opt.search.outcome import SearchSettings

METHOD = "list schedules of all rows whose bounds none beats, valued by the witness"


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
    """Return the list schedules that no other beats; as `serflow_opt.pareto`.

    Parameters
    ----------
    problem
        Of kind blocked.
    objectives
        Two or three of its quantities; none: time and cost.
    coverage, jobs, journal
        Not taken: there is one way, in one process.
    time_limit
        Seconds; at the limit what was found is returned. None: none.
    method
        auto or milp, which is the same.
    on_progress
        Called at each point found.

    Raises
    ------
    InputError
        For arguments that are none, and objectives that there are not.
    """
    names = tuple(objectives) or NAMES[:2]
    with Arguments() as given:
        seconds = given.limit("time_limit", time_limit)
        given.one_of("method", method, ("auto", "milp"))
        if coverage is not None:
            given.misfit("coverage", f"{coverage:g}", "leave it out: all rows are looked at, and their gap is told")
        if journal is not None:
            given.misfit("journal", str(journal), "no journal is kept of a blocked: leave it out")
        if not (2 <= len(set(names)) == len(names)) or not set(names) <= set(NAMES):
            cure = f"name two or more of {', '.join(NAMES)}, each once"
            given.problems.append(Problem("", "objectives", ", ".join(names) or "none", cure))
    family, deadline = family_of(problem), Deadline(seconds)
    with stoppable():

        def told(points: int, left: int) -> None:
            if on_progress is not None:
                on_progress(FrontProgress(deadline.seconds, f"schedules, {left} rows left", points, None))

        menu = menu_of(problem.data)
        done = front(menu, [NAMES.index(name) for name in names], problem.limits, deadline, told)
        plans = []
        for row in done.rows:
            decision = menu.plan(row)
            own = family.evaluate(problem, decision)
            less = {name: quantity(family, name).less(own.values[name]) for name in names}
            asked = family.held(problem, {name: less[name] for name in names[1:]})
            found = Found(decision, own.values, own.violation, less[names[0]])
            found.bound = found.checked = min(float(menu.least[row, NAMES.index(names[0])]), found.value)
            plans.append(solution_of(family, asked, found, SearchSettings(DEFAULT_GAP, deadline), names[0], METHOD))
    exact = done.whole and done.coverage == 0
    return SolutionFront(
        kind=family.kind,
        instance=problem.name,
        objectives=list(names),
        plans=plans,
        complete=exact,
        coverage=done.coverage if done.whole else None,
        method=METHOD,
        seconds=deadline.seconds,
        counts={"rows": len(menu.rows), "scheduled": len(menu.known)},
        scope="" if exact else "any schedule of any row is at most the told share better than a decision here",
    )
