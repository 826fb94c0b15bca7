"""Pipelines as a family of problems: `kind = "pipeline"`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from serflow_opt.families.pipeline.document import PipelineTables, read
from serflow_opt.families.pipeline.evaluate import value
from serflow_opt.families.pipeline.told import decided, told
from serflow_opt.families.protocol import Family, Goal, NoModel, Other, Quantity, Question
from serflow_opt.families.standard import FamilyFunctions, Standard

if TYPE_CHECKING:
    from serflow_opt.families.found import Found
    from serflow_opt.families.pipeline.problem import Pipeline, PipelineStage, Plan
    from serflow_opt.search.outcome import SearchSettings

MILLION = 1e6


class Pipelines(Standard):
    """Which layers of a network train together, on how many workers of which type, one stage after the other."""

    kind = "pipeline"
    words = "which layers of a network train together, on how many workers of which type, one stage after the other"
    document = PipelineTables
    functions = FamilyFunctions(value, told, decided, read)
    quantities: Sequence[Quantity] = (
        Quantity("time", "time of a mini-batch", "s", shown=1000.0, shown_unit="ms/mini-batch", limit="time_max_ms"),
        Quantity("rent", "rent", "USD/hour", limit="rent_max_usd_per_hour"),
        Quantity("cost", "cost of samples", "USD", shown=MILLION, shown_unit="USD/million", limit="cost_max_usd"),
        Quantity("workers", unit="workers"),
    )
    shared = "rent"
    own: Mapping[str, str] = {
        "layout": "families.pipeline.report:plan_parts",
        "words": "families.pipeline.report:plan_words",
        "simulate": "families.pipeline.simulate:simulate",
        "plot": "families.pipeline.plot:plot_pipeline",
    }

    def model(self, data: Pipeline) -> tuple[Any, Mapping[str, Any]]:
        """Return the choice of a path of runs of layers.

        Raises
        ------
        NoModel
            Where no run of layers fits any worker.
        """
        from serflow_opt.families.pipeline.arcs import END, START, arcs_of
        from serflow_opt.formulations.pipelines import pipeline

        arcs, stages = arcs_of(data)
        if not any(arc.start == START for arc in arcs):
            raise NoModel
        model, parts = pipeline(arcs, START, END, max(arc.seconds for arc in arcs))
        model.stages = stages
        quantities = {"time": parts["time"], "workers": parts["workers"]}
        return model, {**quantities, "rent": parts["rent"] * 3600, "cost": parts["cost"] * (1 / data.batch)}

    def read(self, data: Pipeline, model: Any, value: Callable[[Any], float]) -> Plan:
        """Return the runs whose binary is one.

        Parameters
        ----------
        data, model, value
            As `Standard.read` takes them.
        """
        chosen: list[PipelineStage] = [stage for a, stage in enumerate(model.stages) if value(model.y[a]) > 0.5]
        return tuple(sorted(chosen, key=lambda stage: stage.first))

    def search(self, problem: Question, goal: Goal, settings: SearchSettings) -> Found | None:
        """Go through the best pipelines on every number of workers.

        Parameters
        ----------
        problem, goal, settings
            As `Family.search` takes them.
        """

        from serflow_opt.families.found import Found
        from serflow_opt.families.pipeline.search import best, table_of
        from serflow_opt.families.witnessed import settle_exact

        if any(by < 0 for by in goal.values()):
            return None
        found = Found(method="the recursion over layers and workers, plan valued by the exact evaluator")
        done = best(problem.data, goal if len(goal) > 1 else dict.fromkeys(goal, 1.0), problem.limits)
        table = table_of(problem.data)
        found.counts = {"workers_in_use": len(table.times) - 1, "runs": table.looked}
        return settle_exact(self, problem, goal, found, done)

    def in_a_line(self, problem: Question) -> str:
        """Say how many layers and workers there are."""
        data = problem.data
        whose = ", ".join(f"{own.count} {own.name}" for own in data.workers)
        return f"{len(data.layers)} layers, mini-batches of {data.batch}, workers: {whose}"

    def obstacles(self, problem: Question) -> list[str]:
        """Name the layers that fit no worker alone."""
        from serflow_opt.families.pipeline.beside import too_large

        return too_large(problem.data)

    def beside(self, problem: Question, settings: SearchSettings) -> list[Other]:
        """Return one worker, data parallelism, a pipeline without replicas, and one more worker of each type."""
        from serflow_opt.families.pipeline.beside import others

        return others(problem.data, problem.limits)


PIPELINE: Family = Pipelines()
