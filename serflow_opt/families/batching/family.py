"""Batching as a family of problems: `kind = "batching"`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from serflow_opt.families.batching.decide import decided, told
from serflow_opt.families.batching.document import BatchingTables
from serflow_opt.families.batching.evaluate import value
from serflow_opt.families.batching.obstacles import obstacles
from serflow_opt.families.batching.read import read
from serflow_opt.families.protocol import Built, Family, Goal, NoModel, Other, Quantity, Question
from serflow_opt.families.standard import FamilyFunctions, Standard

if TYPE_CHECKING:
    from serflow_opt.families.batching.menu import GroupConfiguration
    from serflow_opt.families.batching.problem import Batching, Plan
    from serflow_opt.families.found import Found
    from serflow_opt.search.outcome import SearchSettings


class Batchings(Standard):
    """Which applications share batches, on which function, how large batches get and how long requests wait."""

    kind = "batching"
    words = "which applications share batches, on which function, how large batches get and how long requests wait"
    document = BatchingTables
    functions = FamilyFunctions(value, told, decided, read, obstacles)
    quantities: Sequence[Quantity] = (
        Quantity("cost", unit="USD/request", limit="cost_max_usd"),
        Quantity("latency", label="largest promise", unit="of the target"),
        Quantity("functions", unit="functions"),
        Quantity("calls", label="calls at once", unit="calls"),
        Quantity("cost_per_hour", label="cost an hour", unit="USD/hour", limit="cost_max_usd_per_hour"),
    )
    shared = "cost_per_hour"
    own: Mapping[str, str] = {
        "layout": "families.batching.report:plan_parts",
        "words": "families.batching.report:plan_words",
        "export": "families.batching.export:batchers",
        "plot": "families.batching.plot:plot_groups",
        "simulate": "families.batching.simulate:simulate",
    }

    def model(self, data: Batching) -> tuple[Any, Mapping[str, Any]]:
        """Return the set partition over every promise offered."""
        model, quantities, _ = self._partition(data, data.promises)
        return model, quantities

    def build(self, problem: Question, goal: Goal) -> Built:
        """Return the set partition; smaller promises than the largest are in it where they are asked for.

        Raises
        ------
        NoModel
            Where some application can be promised nothing within the limits.
        """
        from serflow_opt.families.batching.search import LONGEST_TIMERS
        from serflow_opt.formulations.quantities import BeyondLimit, add_goal
        from serflow_opt.ground.tolerances import TOLERANCE

        data, most = problem.data, problem.limits.get("latency", 1.0)
        promises = [own for own in data.promises if own <= most * (1 + TOLERANCE)]
        model, given, straight = self._partition(data, promises if "latency" in goal else promises[-1:])
        try:
            add_goal(model, given, goal, problem.limits)
        except BeyondLimit as error:
            raise NoModel from error
        return Built(model, told=list(model.y.values()), scope="" if straight else LONGEST_TIMERS)

    def _partition(self, data: Batching, promises: Sequence[float]) -> tuple[Any, dict[str, Any], bool]:
        """Return the model, its quantities, and whether no shorter timers could be better."""
        from serflow_opt.families.batching.partitions import groups_of
        from serflow_opt.families.batching.search import menu_of
        from serflow_opt.formulations.batching import GroupColumn, partition

        menu, count = menu_of(data), len(data.applications)
        choices = [
            choice
            for group in groups_of(count, data.groups == "any")
            for promise in promises
            for choice in menu.undominated(group, promise)
        ]
        if {w for own in choices for w in own.group.applications} != set(range(count)):
            raise NoModel
        shares = [sum(data.applications[w].rate for w in own.group.applications) / data.rate for own in choices]
        columns = [
            GroupColumn(own.group.applications, own.cost * share, own.calls, own.promise)
            for own, share in zip(choices, shares, strict=True)
        ]
        model, parts = partition(columns, count)
        model.choices = choices
        quantities = {
            "cost": parts["cost"],
            "latency": parts["promise"],
            "functions": parts["functions"],
            "calls": parts["calls"],
            "cost_per_hour": parts["cost"] * (data.rate * 3600),
        }
        return model, quantities, data.arrivals == "smooth" or bool(menu.straight.all())

    def read(self, data: Batching, model: Any, value: Callable[[Any], float]) -> Plan:
        """Return the groups whose binary is one.

        Parameters
        ----------
        data, model, value
            As `Standard.read` takes them.
        """
        choices: list[GroupConfiguration] = model.choices
        chosen = [own.group for c, own in enumerate(choices) if value(model.y[c]) > 0.5]
        return tuple(sorted(chosen, key=lambda own: own.applications))

    def search(self, problem: Question, goal: Goal, settings: SearchSettings) -> Found | None:
        """Search by the cheapest configuration of each group and dynamic programming.

        Parameters
        ----------
        problem, goal, settings
            As `Family.search` takes them.
        """
        from serflow_opt.families.batching.search import search
        from serflow_opt.families.witnessed import settle

        done = search(problem.data, goal, problem.limits, settings.deadline)
        if done is None:
            return None
        plan, found = done
        if plan is not None:
            found.model_value = found.bound if found.bound > 0 else None
            settle(self, problem, goal, found, plan)
        found.checked = found.bound
        found.method = "cheapest configuration of each group, partition by dynamic programming, valued exactly"
        return found

    def in_a_line(self, problem: Question) -> str:
        """Say how many applications, configurations and requests there are."""
        from serflow_opt.families.batching.search import menu_of

        data = problem.data
        return (
            f"{len(data.applications)} applications, {data.rate:g} requests/s, {len(menu_of(data).rows):,} "
            f"configurations of {len(data.functions)} functions"
        )

    def beside(self, problem: Question, settings: SearchSettings) -> list[Other]:
        """Return what it costs to serve each application alone, all together, or requests divided evenly."""
        from serflow_opt.families.batching.beside import others

        return others(problem.data)

    def cautions(self, problem: Question) -> list[str]:
        """Return what is likely to be meant otherwise."""
        return list(problem.data.cautions)


BATCHING: Family = Batchings()
