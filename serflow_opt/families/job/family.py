"""Training jobs as a family of problems: `kind = "job"`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from serflow_opt.families.job.decide import decided, obstacles, told
from serflow_opt.families.job.document import JobTables
from serflow_opt.families.job.evaluate import value
from serflow_opt.families.job.read import read
from serflow_opt.families.protocol import Family, Goal, NoModel, Other, Quantity, Question
from serflow_opt.families.standard import FamilyFunctions, Standard

if TYPE_CHECKING:
    from serflow_opt.families.found import Found
    from serflow_opt.families.job.problem import Job, JobPlan
    from serflow_opt.search.outcome import SearchSettings

NAMES = ("time", "cost", "functions")


class Jobs(Standard):
    """Functions or machines for a training job: how many of what, over which channel, in which pattern."""

    kind = "job"
    words = "functions or machines for a training job: how many of what, over which channel, in which pattern"
    document = JobTables
    functions = FamilyFunctions(value, told, decided, read, obstacles)
    quantities: Sequence[Quantity] = (
        Quantity("time", unit="s", limit="deadline_s"),
        Quantity("cost", unit="USD", limit="budget_usd"),
        Quantity("functions", "functions at once", "functions"),
    )
    shared = "cost"
    counted: Sequence[str] = ("functions",)
    own: Mapping[str, str] = {
        "layout": "families.job.report:plan_parts",
        "words": "families.job.report:plan_words",
        "plot": "families.job.plot:plot_job",
        "simulate": "families.events.stepped:simulate",
        "steps": "families.job.simulate:JobSteps",
    }

    def model(self, data: Job) -> tuple[Any, Mapping[str, Any]]:
        """Return the choice of one of the rows that no other beats.

        Raises
        ------
        NoModel
            Where no row can be had.
        """
        from serflow_opt.families.job.menu import menu_of
        from serflow_opt.formulations.jobs import one_of

        menu = menu_of(data)
        if not menu.best:
            raise NoModel
        values = menu.values[list(menu.best)].T.tolist()
        return one_of(dict(zip(NAMES, values, strict=True)))

    def read(self, data: Job, model: Any, value: Callable[[Any], float]) -> JobPlan:
        """Return the row whose binary is one.

        Parameters
        ----------
        data, model, value
            As `Standard.read` takes them.
        """
        from serflow_opt.families.job.menu import menu_of

        menu, taken = menu_of(data), int(max(model.R, key=lambda r: value(model.y[r])))
        return menu.plans[menu.best[taken]]

    def search(self, problem: Question, goal: Goal, settings: SearchSettings) -> Found | None:
        """Look at every row of the menu that can be best.

        Parameters
        ----------
        problem, goal, settings
            As `Family.search` takes them.
        """
        from serflow_opt.families.found import Found
        from serflow_opt.families.job.menu import menu_of
        from serflow_opt.families.rows import best_row
        from serflow_opt.families.witnessed import settle_exact

        if any(by < 0 for by in goal.values()):
            return None
        menu = menu_of(problem.data)
        found = Found(method="every row of the menu, valued at once; the plan valued by the exact evaluator")
        found.counts = {"rows": menu.counted[0], "on_offer": menu.counted[1], "not_beaten": len(menu.best)}
        best = list(menu.best)
        values = dict(zip(NAMES, menu.values[best].T, strict=True))
        done = best_row(values, goal, problem.limits)
        if done is not None:
            found.notes = list(problem.data.notes)
        return settle_exact(self, problem, goal, found, None if done is None else (done[1], menu.plans[best[done[0]]]))

    def in_a_line(self, problem: Question) -> str:
        """Say how many workers, options and channels there are."""
        data: Job = problem.data
        names = ", ".join(own.name for own in data.channels)
        return (
            f"{len(data.options)} kinds of workers, {data.workers[0]} to {data.workers[-1]} of them, "
            f"{', '.join(own.name for own in data.algorithms)}, channels {names}"
        )

    def beside(self, problem: Question, settings: SearchSettings) -> list[Other]:
        """Return the best on functions, on machines, and in turn."""
        from serflow_opt.families.job.decide import others

        return others(problem.data, {problem.optimise: 1.0})


JOB: Family = Jobs()
