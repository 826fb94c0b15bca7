"""The front of a task graph: list schedules that no other beats, and how far any schedule can be better than they are.

A front of proven points is not to be had, since a list schedule rarely is proven best to the last digit. What is proven
is that any schedule of any row has one of the front that is at most so much worse, by the bounds of rows.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from serflow_opt.families.blocked.menu import NAMES, menu_of
from serflow_opt.families.blocked.search import front
from serflow_opt.families.front import SolutionFront, question_of
from serflow_opt.families.registry import family_of
from serflow_opt.families.solve import solution_of
from serflow_opt.ground.deadline import Deadline
from serflow_opt.ground.tolerances import DEFAULT_GAP
from serflow_opt.search.outcome import SearchSettings

METHOD = "list schedules of all rows whose bounds none beats, valued by the witness"


def schedules(
    problem: Any, names: tuple[str, ...], deadline: Deadline, report: Callable[[int, int], None]
) -> SolutionFront:
    """Return the list schedules that no other beats.

    Parameters
    ----------
    problem
        Of kind blocked.
    names
        Two or three of its quantities.
    deadline
        At which what was found is returned.
    report
        Called at each point found, with their number, and that of rows left.
    """
    family, menu = family_of(problem), menu_of(problem.data)
    done = front(menu, [NAMES.index(name) for name in names], problem.limits, deadline, report)
    plans = []
    for row in done.rows:
        decision = menu.plan(row)
        asked, found = question_of(family, problem, names, decision, family.evaluate(problem, decision))
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
