"""The one place that puts a `Plan` together: a decision, its exact value, and what is proven of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from serflow_opt.plan.certificate import Certificate
from serflow_opt.plan.decision import Decision
from serflow_opt.plan.document import Metrics, ObjectiveValue, Plan, PlanDocument, PlanStatus
from serflow_opt.plan.names import document_of
from serflow_opt.plan.notes import notes_on
from serflow_opt.plan.samples import replayed
from serflow_opt.problem.instance import Instance
from serflow_opt.problem.limits import limits_of, shown_unit


def answer_with(
    instance: Instance,
    decision: Decision | None,
    metrics: Metrics | None,
    *,
    status: PlanStatus,
    value: float | None,
    method: str,
    seconds: float,
    bound: float | None = None,
    gap: float | None = None,
    model_value: float | None = None,
    checked_bound: float | None = None,
    scope: str = "",
    optimised: bool = True,
    nodes: int = 0,
    counts: Mapping[str, int] | None = None,
    notes: Sequence[str] = (),
    question: Instance | None = None,
) -> Plan:
    """Return the answer to an instance; objectives and bounds are in the unit that documents have them in.

    Parameters
    ----------
    decision, metrics
        What is decided and what that achieves by the exact evaluator; None: there is no plan.
    value, model_value
        The objective, exactly and as the model has it.
    bound, checked_bound, gap
        What no plan is better than: by all that was said, by what was checked; and how far the plan is from it.
    method, scope
        What proves it, and what the proof is of where that is narrower than the question.
    counts
        Further numbers of the certificate, by its fields.
    notes
        What is said before what is to be known of the plan itself.
    question
        Whose objective and limits the plan answers to; None: the instance's.
    """
    question = instance if question is None else question
    said, replays, document = list(notes), [], None
    if decision is not None and metrics is not None:
        replays, document = replayed(instance, decision), document_of(instance, decision)
        said += notes_on(instance, decision, metrics, replays)
    return Plan(
        instance=instance.name,
        status=status,
        objective=ObjectiveValue(name=question.minimize, value=value, unit=shown_unit(question.minimize)[1]),
        bound=bound,
        gap=gap,
        seconds=seconds,
        plan=document,
        metrics=metrics,
        certificate=Certificate(
            exact_objective=value,
            max_constraint_violation=None if metrics is None else metrics.violation,
            model_objective=model_value,
            method=method,
            scope=scope,
            checked_bound=checked_bound,
            optimised=optimised,
            nodes=nodes,
            **dict(counts or {}),  # type: ignore[arg-type]  # fields of whole numbers
        ),
        limits=limits_of(question),
        samples=replays,
        notes=said,
    )


def unvalued(plan: PlanDocument, instance: str) -> Plan:
    """Return a plan written by hand, of which nothing is known but what it decides and the name of its instance."""
    return Plan(
        instance=instance,
        status="feasible",
        objective=ObjectiveValue(name="none", value=None, unit=""),
        bound=None,
        gap=None,
        seconds=0.0,
        plan=plan,
        metrics=None,
        certificate=Certificate(
            exact_objective=None, max_constraint_violation=None, model_objective=None, method="", optimised=False
        ),
    )


def fluid_scope(instance: Instance, metrics: Metrics | None) -> str:
    """Say that whole machines are counted by the work there is, where a plan rents any."""
    if metrics is None or not metrics.machines:
        return ""
    return f"machines by the work there is, at most {instance.utilisation_cap:.0%} busy, requests coming evenly"
