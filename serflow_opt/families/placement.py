"""Placements of early-exit chains as a family of problems: the first, and the kind of files that do not say.

Its verbs are answered by exact searches of their own (`own`), which know chains. Everything else of the protocol is
here, too, so that what works on any family works on placements: by the model, its decoding and the witness.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from serflow_opt.families.protocol import Built, Family, Goal, NoModel, Other, Quantity, Valued

if TYPE_CHECKING:
    from serflow_opt.backend.highs import Outcome
    from serflow_opt.errors import Problem
    from serflow_opt.families.found import Found
    from serflow_opt.plan.decision import Decision
    from serflow_opt.plan.document import Plan
    from serflow_opt.problem.instance import Instance
    from serflow_opt.search.outcome import SearchSettings

OF_METRICS: Sequence[str] = (
    "cost_usd_per_request",
    "cost_usd_per_hour",
    "accuracy",
    "latency_worst_ms",
    "latency_mean_ms",
    "privacy_loss",
    "energy_j_per_request",
)


class Placements:
    """Where each stage of an early-exit network runs, on what, and when a request may leave."""

    kind = "placement"
    words = "where each stage of an early-exit network runs, on what, and when a request may leave"
    quantities: Sequence[Quantity] = (
        Quantity("cost", unit="USD/request", limit="cost_max_usd"),
        Quantity("latency", unit="s", shown=1000.0, shown_unit="ms", limit="latency_slo_ms"),
        Quantity("privacy", label="privacy loss", unit="leak"),
        Quantity("energy", unit="J/request", limit="energy_max_j"),
        Quantity("carbon", unit="g CO2e/request", limit="carbon_max_g"),
        Quantity("accuracy", unit="share right", sense="max"),
    )
    shared = "cost"
    counted: Sequence[str] = ()
    own: Mapping[str, str] = {
        "solve": "solving:solve",
        "solve_all": "fleets.batch:solve_all",
        "evaluate": "plan.evaluator:evaluate",
        "value": "plan.valuation:value_plan",
        "pareto": "fronts.pareto:pareto",
        "explain": "sensitivity.explain:explain",
        "fleet": "fleets.solve:solve_fleet",
        "table": "report.plan:fleet_table",
        "plot": "plotting.plan:plot_plan",
        "write_lp": "formulations.lp:write_lp",
        "relax": "sensitivity.relax:relax",
        "provision": "traffic.provision.solve:provision",
        "scale": "traffic.schedule.solve:schedule",
        "simulate": "traffic.simulate.simulate:simulate",
        "compare": "traffic.control.compare:compare",
        "export": "export.reading:read_description",
    }

    def resolve(
        self, raw: Mapping[str, Any], path: Path, catalogs: Sequence[str | Path], problems: list[Problem]
    ) -> Instance | None:
        """Return the instance that a parsed file is, or add to what is wrong with it.

        Parameters
        ----------
        raw, path, catalogs, problems
            As `Family.resolve` takes them.
        """
        from serflow_opt.problem.loader import instance_in

        return instance_in(dict(raw), path, catalogs, problems)

    def schema(self) -> dict[str, Any]:
        """Return the JSON Schema of instance files."""
        from serflow_opt.problem.schema import InstanceDocument

        return InstanceDocument.model_json_schema(by_alias=True)

    def changed(self, problem: Instance, changes: Mapping[str, Any]) -> Instance:
        """Return a copy with other targets, of the options those that `include` and `exclude` leave."""
        asked = dict(changes)
        include, exclude = asked.pop("include", ()), asked.pop("exclude", ())
        problem = problem.with_limits(**asked)
        return problem.keep(include, exclude) if include or exclude else problem

    def optimised(self, problem: Instance) -> str:
        """Return what is minimised."""
        return problem.minimize

    def ceilings(self, problem: Instance) -> dict[str, float]:
        """Return the limits that are set, by objective, less is better."""
        from serflow_opt.problem.limits import ceiling

        names: Any = [own.name for own in self.quantities if problem.limit(own.name) is not None]  # type: ignore[arg-type]
        return {name: ceiling(problem, name) for name in names}

    def held(self, problem: Instance, ceilings: Mapping[str, float | None]) -> Instance:
        """Return a copy with other limits, less is better; None: without one."""
        from serflow_opt.problem.limits import at_most, put

        keys = {own.name: own.key for own in self.quantities}
        name: Any
        for name, most in ceilings.items():
            problem = put(problem, keys[name], None) if most is None else at_most(problem, name, most)
        return problem

    def evaluate(self, problem: Instance, decision: Decision) -> Valued:
        """Value a plan exactly."""
        from serflow_opt.plan.evaluator import evaluate

        metrics = evaluate(problem, decision)
        values = {own.name: own.less(metrics.objective(own.name, problem.latency_measure)) for own in self.quantities}
        return Valued(values, tuple(metrics.breaches))

    def build(self, problem: Instance, goal: Goal) -> Built:
        """Return the flow-scaled model.

        Raises
        ------
        NoModel
            Where some stage has nothing to run on, or the input cannot get in.
        """
        from serflow_opt.formulations.model import Disconnected, build

        try:
            made = build(problem, goal)  # type: ignore[arg-type]  # a goal of objectives
        except Disconnected as error:
            raise NoModel from error
        parts = [made.model.component(name) for name in ("x", "z", "segment", "way")]
        told = [variable for part in parts if part is not None for variable in part.values()]
        return Built(made.model, made.unit, told, problem.threshold_mode == "menu", made)

    def decode(self, problem: Instance, built: Built, outcome: Outcome) -> Decision:
        """Return the plan in an incumbent.

        Parameters
        ----------
        problem, built, outcome
            As `Family.decode` takes them.
        """
        from serflow_opt.search.incumbent import decision_in

        return decision_in(problem, built.further, outcome)

    def search(self, problem: Instance, goal: Goal, settings: SearchSettings) -> Found | None:
        """Search by labels and bounds, and by the model for what they leave.

        Parameters
        ----------
        problem, goal, settings
            As `Family.search` takes them.
        """
        from serflow_opt.families.found import Found
        from serflow_opt.search.best import search

        own = search(problem, settings, goal)  # type: ignore[arg-type]  # a goal of objectives
        found = Found(own.decision, None, 0.0, own.value, own.bound, own.checked, own.model_value, own.infeasible)
        found.doubt, found.nodes = own.doubt, own.nodes
        if own.decision is not None:
            valued = self.evaluate(problem, own.decision)
            found.values, found.violation = valued.values, valued.violation
        return found

    def document_of(self, problem: Instance, decision: Decision) -> dict[str, Any]:
        """Return a plan as documents have it."""
        from serflow_opt.plan.names import document_of

        return document_of(problem, decision).model_dump(mode="json")

    def decision_of(self, problem: Instance, document: Mapping[str, Any]) -> Decision:
        """Return the plan of a document."""
        from serflow_opt.plan.names import resolve

        return resolve(problem, document)[1]

    def in_a_line(self, problem: Instance) -> str:
        """Say how many stages, thresholds and options there are."""
        levels = sum(len(menu.thresholds) for menu in problem.menus[:-1])
        options, tiers = len(problem.options), len(problem.tiers)
        return f"{len(problem.stages)} stages, {levels} thresholds, {options} options in {tiers} tiers"

    def cautions(self, problem: Instance) -> list[str]:
        """Return what is likely to be meant otherwise."""
        from serflow_opt.plan.notes import cautions

        return cautions(problem)

    def obstacles(self, problem: Instance) -> list[str]:
        """Return nothing: clashing limits say it all."""
        return []

    def beside(self, problem: Instance, settings: SearchSettings) -> list[Other]:
        """Return nothing: `explain` of placements compares options."""
        return []

    def row(self, answer: Plan) -> dict[str, object]:
        """Return a plan as the row of a table, by column."""
        from serflow_opt.plan.document import over_cases, runs_on

        chosen = [choice for choice in answer.thresholds if choice.threshold is not None]
        return {
            "instance": answer.instance,
            "status": answer.status,
            "objective": answer.objective.name,
            "value": answer.objective.value,
            "unit": answer.objective.unit,
            "bound": answer.bound,
            "gap": answer.gap,
            "seconds": round(answer.seconds, 6),
            **{name: getattr(answer.metrics, name, None) for name in OF_METRICS},
            **over_cases(answer),
            "runs_on": runs_on(answer),
            "thresholds": " ".join(f"{choice.stage}:{choice.threshold:.6g}" for choice in chosen),
            "because": "; ".join(clash.message for clash in answer.infeasible_because),
        }


PLACEMENT: Family = Placements()
