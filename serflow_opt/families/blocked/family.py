"""Task graphs as a family of problems: `kind = "blocked"`."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from serflow_opt.families.blocked.decide import decided, obstacles, told
from serflow_opt.families.blocked.document import BlockedTables
from serflow_opt.families.blocked.evaluate import value
from serflow_opt.families.blocked.read import read
from serflow_opt.families.protocol import Family, Goal, NoModel, Other, Quantity, Question
from serflow_opt.families.standard import FamilyFunctions, Standard

if TYPE_CHECKING:
    from serflow_opt.families.blocked.problem import Blocked, BlockedPlan
    from serflow_opt.families.found import Found
    from serflow_opt.search.outcome import SearchSettings

NOT_FOUND = "no list schedule keeps the limits, though the bounds of some rows do"
SCOPE = "numbers of workers on the menu, that stay the same from the start to the end of the graph"


class Blockeds(Standard):
    """Blocks of linear algebra, or tasks of one's own, on functions or machines: block size, workers, schedule."""

    kind = "blocked"
    words = "block size, workers and schedule of blocked linear algebra, or of a task graph of one's own"
    document = BlockedTables
    functions = FamilyFunctions(value, told, decided, read, obstacles)
    quantities: Sequence[Quantity] = (
        Quantity("time", unit="s", limit="deadline_s"),
        Quantity("cost", unit="USD", limit="budget_usd"),
        Quantity("workers", unit="workers"),
    )
    shared = ""
    own: Mapping[str, str] = {
        "layout": "families.blocked.report:plan_parts",
        "words": "families.blocked.report:plan_words",
        "plot": "families.blocked.plot:plot_schedule",
        "bounded_front": "families.blocked.front:schedules",
        "simulate": "families.blocked.simulate:simulate",
    }

    def model(self, data: Blocked) -> tuple[Any, Mapping[str, Any]]:
        """Return the choice of a row, each with its list schedule.

        Raises
        ------
        NoModel
            Where no row can be had.
        """
        from serflow_opt.families.blocked.menu import NAMES, menu_of
        from serflow_opt.formulations.jobs import one_of

        menu = menu_of(data)
        if not menu.rows:
            raise NoModel
        values = [menu.values(row) for row in range(len(menu.rows))]
        return one_of({name: [float(own[k]) for own in values] for k, name in enumerate(NAMES)})

    def read(self, data: Blocked, model: Any, value: Callable[[Any], float]) -> BlockedPlan:
        """Return the row whose binary is one.

        Parameters
        ----------
        data, model, value
            As `Standard.read` takes them.
        """
        from serflow_opt.families.blocked.menu import menu_of

        return menu_of(data).plan(int(max(model.R, key=lambda r: value(model.y[r]))))

    def search(self, problem: Question, goal: Goal, settings: SearchSettings) -> Found | None:
        """Schedule rows in the order of their bounds.

        Parameters
        ----------
        problem, goal, settings
            As `Family.search` takes them.
        """
        from serflow_opt.families.blocked.menu import menu_of
        from serflow_opt.families.blocked.search import best
        from serflow_opt.families.found import Found
        from serflow_opt.families.witnessed import settle
        from serflow_opt.search.outcome import OUT_OF_TIME

        if any(by < 0 for by in goal.values()):
            return None
        menu = menu_of(problem.data)
        done = best(menu, goal, problem.limits, settings.gap, settings.deadline)
        found = Found(method="list schedules in the order of bounds by path, work and intervals; valued by the witness")
        found.counts = {"rows": len(menu.rows), "scheduled": done.scheduled}
        found.bound = found.checked = done.bound
        found.scope = SCOPE
        if done.row is not None:
            settle(self, problem, goal, found, menu.plan(done.row))
        elif done.bound == math.inf:
            found.infeasible = True
        else:
            found.doubt = NOT_FOUND if done.whole else OUT_OF_TIME
        return found

    def in_a_line(self, problem: Question) -> str:
        """Say what the graph is, and how many rows there are."""
        data: Blocked = problem.data
        sizes = ", ".join(str(own) for own in data.blocks)
        what = f"{data.algorithm} of {data.rows:,} rows, blocks of {sizes}" if data.algorithm else "a graph of tasks"
        return f"{what}; {data.workers[0]:,} to {data.workers[-1]:,} workers of {len(data.options)} kinds"

    def beside(self, problem: Question, settings: SearchSettings) -> list[Other]:
        """Return other block sizes, and half and twice the workers, of what is found best."""
        from serflow_opt.families.blocked.decide import others
        from serflow_opt.families.blocked.menu import menu_of
        from serflow_opt.families.blocked.search import best

        menu = menu_of(problem.data)
        done = best(menu, {problem.optimise: 1.0}, problem.limits, settings.gap, settings.deadline)
        if done.row is not None:
            return others(problem.data, menu.plan(done.row))
        return [] if done.whole else [Other("other blocks", "other block sizes, half and twice the workers", None)]


BLOCKED: Family = Blockeds()
