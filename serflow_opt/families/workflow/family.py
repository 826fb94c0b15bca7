"""Workflows of phases as a family of problems: `kind = "workflow"`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from serflow_opt.families.protocol import Built, Family, Goal, NoModel, Other, Quantity, Question
from serflow_opt.families.standard import FamilyFunctions, Standard
from serflow_opt.families.workflow.decide import decided, obstacles, told
from serflow_opt.families.workflow.document import WorkflowTables
from serflow_opt.families.workflow.evaluate import value
from serflow_opt.families.workflow.read import read

if TYPE_CHECKING:
    from serflow_opt.families.found import Found
    from serflow_opt.families.workflow.problem import Workflow, WorkflowPlan
    from serflow_opt.search.outcome import SearchSettings


class Workflows(Standard):
    """Phases that wait for each other: workers, sizes and servers of each, and which servers stay."""

    kind = "workflow"
    words = "phases that wait for each other: workers, sizes and servers of each, and which servers stay"
    document = WorkflowTables
    functions = FamilyFunctions(value, told, decided, read, obstacles)
    quantities: Sequence[Quantity] = (
        Quantity("time", unit="s", limit="deadline_s"),
        Quantity("cost", unit="USD", limit="budget_usd"),
        Quantity("functions", "functions at once", "functions"),
    )
    shared = "cost"
    counted: Sequence[str] = ("functions",)
    own: Mapping[str, str] = {
        "layout": "families.workflow.report:plan_parts",
        "words": "families.workflow.report:plan_words",
        "plot": "families.workflow.plot:plot_workflow",
        "simulate": "families.events.stepped:simulate",
        "steps": "families.workflow.simulate:FlowSteps",
    }

    def model(self, data: Workflow) -> tuple[Any, Mapping[str, Any]]:
        """Return the choice of rows, of servers that stay, and of times.

        Raises
        ------
        NoModel
            Where a phase has no row.
        """
        from serflow_opt.families.workflow.menu import options_of
        from serflow_opt.families.workflow.problem import ancestors, together
        from serflow_opt.formulations.workflow import FlowRow, phases_model

        menus = options_of(data)
        if not all(menus):
            raise NoModel
        rows = [[FlowRow(o.seconds, o.kept_s, o.usd, o.rent, o.functions, o.key) for o in menu] for menu in menus]
        after = [own.after for own in data.phases]
        return phases_model(rows, after, ancestors(data.phases), together(data.phases))

    def build(self, problem: Question, goal: Goal) -> Built:
        """Return the model; rows and servers that stay are what tells plans apart."""
        built = super().build(problem, goal)
        return Built(built.model, told=[*built.model.x.values(), *built.model.k.values()])

    def read(self, data: Workflow, model: Any, value: Callable[[Any], float]) -> WorkflowPlan:
        """Return the rows that are taken, and the servers that stay.

        Parameters
        ----------
        data, model, value
            As `Standard.read` takes them.
        """
        from serflow_opt.families.workflow.menu import options_of
        from serflow_opt.families.workflow.problem import WorkflowPlan

        menus = options_of(data)
        rows = [menu[max(range(len(menu)), key=lambda o: value(model.x[f, o]))].row for f, menu in enumerate(menus)]
        kept = [(g, f) for g, f, *c in model.K if value(model.k[(g, f, *c)]) > 0.5]
        return WorkflowPlan(tuple(rows), tuple(kept))

    def search(self, problem: Question, goal: Goal, settings: SearchSettings) -> Found | None:
        """Merge the fronts of a chain's phases; other graphs are left to the model.

        Parameters
        ----------
        problem, goal, settings
            As `Family.search` takes them.
        """
        import numpy as np

        from serflow_opt.families.found import Found
        from serflow_opt.families.rows import best_row
        from serflow_opt.families.witnessed import settle_exact
        from serflow_opt.families.workflow.search import NAMES, front_of, is_chain

        if not is_chain(problem.data) or any(by < 0 for by in goal.values()):
            return None
        found = Found(method="fronts of phases merged one behind the other; the plan valued by the exact evaluator")
        front = front_of(problem.data, problem.limits)
        found.counts = {"not_beaten": len(front)}
        done = None
        if front:
            points = np.array([point for point, _ in front])
            done = best_row(dict(zip(NAMES, points.T, strict=True)), goal, problem.limits)
        return settle_exact(self, problem, goal, found, None if done is None else (done[1], front[done[0]][1]))

    def in_a_line(self, problem: Question) -> str:
        """Say how many phases and rows there are."""
        from serflow_opt.families.workflow.menu import options_of

        data: Workflow = problem.data
        rows = ", ".join(f"{own.name} {len(menu)}" for own, menu in zip(data.phases, options_of(data), strict=True))
        return f"{len(data.phases)} phases, rows of each: {rows}"

    def beside(self, problem: Question, settings: SearchSettings) -> list[Other]:
        """Return all phases at their cheapest and fastest, and each phase alone at its fastest."""
        from serflow_opt.families.workflow.decide import others

        return others(problem.data)


WORKFLOW: Family = Workflows()
