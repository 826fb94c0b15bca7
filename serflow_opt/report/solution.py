"""Answers to problems of any family as tables."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from rich.console import Group
from rich.text import Text

from serflow_opt.families.registry import get
from serflow_opt.ground.display import named
from serflow_opt.ground.sheet import Sheet
from serflow_opt.report.explanation import unasked

if TYPE_CHECKING:
    from rich.console import RenderableType

    from serflow_opt.families.answer import Solution
    from serflow_opt.families.explain import LimitCosts
    from serflow_opt.families.fleet import SolutionFleet
    from serflow_opt.families.front import SolutionFront


def solution_table(answer: Solution) -> RenderableType:
    """Lay an answer out: status, what is decided, what that achieves, and what is proven; or why there is nothing."""
    good = answer.status in ("optimal", "feasible")
    style = "bold green" if answer.status == "optimal" else "bold yellow" if good else "bold red"
    head = Text.assemble((answer.instance, "bold"), "  ", (answer.status, style), f"  in {answer.seconds:.2f} s")
    parts: list[Any] = [head]
    if answer.plan is not None:
        parts += _decided(answer.kind, answer.plan)
        rows = [(own.name, f"{own.value:.7g}", own.unit) for own in answer.metrics]
        parts.append(Sheet(("achieves", "value", ""), rows, left=("achieves", "")))
    parts += [Text(clash.message) for clash in answer.infeasible_because]
    sets = {tuple(own.limits): own.message for clash in answer.infeasible_because for own in clash.sets}
    parts += [Text(message) for message in sets.values() if len(sets) > 1]
    broken = [f"{own.limit} is {own.value:.6g}, asked {own.bound:.6g}" for own in answer.breaches]
    parts += [Text(line) for line in (*broken, *answer.notes)]
    parts.append(Text(_proof(answer)))
    if answer.certificate.scope:
        parts.append(Text(f"proof of    {answer.certificate.scope}"))
    return Group(*parts)


def _decided(kind: str, plan: dict[str, Any]) -> list[Any]:
    """Lay out what is decided, in the family's own way where it has one."""
    layout = get(kind).own.get("layout")
    if layout is not None:
        parts: list[Any] = named(layout)(plan)
        return parts
    rows = [(key, _written(own)) for key, own in plan.items()]
    return [Sheet(("decided", ""), rows, left=("decided", ""), folds=("",))]


def solutions_table(answers: Sequence[Any]) -> Sheet:
    """One row an answer, of whatever kinds."""
    rows = [
        (
            own.instance,
            own.status,
            "" if own.objective.value is None else f"{own.objective.value:.6g} {own.objective.unit}".rstrip(),
            "" if own.gap is None else f"{own.gap:.1e}",
            f"{own.seconds:.2f}",
        )
        for own in answers
    ]
    words = ("instance", "status")
    return Sheet(("instance", "status", "objective", "gap", "s"), rows, left=words, folds=words[:1])


def front_table(front: SolutionFront) -> RenderableType:
    """Lay a front out: what is proven of it, and a row for each decision."""
    words, style = ("the complete front", "bold green") if front.complete else ("not complete", "bold yellow")
    if not front.complete and front.coverage is not None:
        words = f"every decision covered within {front.coverage:.3g}"
    if front.complete and not front.plans:
        words, style = "no decision keeps the limits", "bold red"
    head = Text.assemble((front.instance, "bold"), f"  {len(front.plans):,} decisions  ", (words, style))
    rows = [
        (*(f"{value:.6g}" for value in point), decided_words(front.kind, plan.plan))
        for point, plan in zip(front.points, front.plans, strict=True)
    ]
    units = {own.name: own.unit for plan in front.plans for own in plan.metrics}
    titles = [f"{name} {units.get(name, '')}".strip() for name in front.objectives]
    table = Sheet((*titles, "decided"), rows, left=("decided",), folds=("decided",))
    counts = ", ".join(f"{count:,} {name}" for name, count in front.counts.items())
    scope = [Text(f"proof of    {front.scope}")] if front.scope else []
    return Group(head, *([table] if rows else []), Text(f"{front.method} ({counts})"), *scope)


def fleet_table(fleet: SolutionFleet) -> RenderableType:
    """Lay a fleet out: what is proven, a row for each problem, or why there is nothing."""
    value = "" if fleet.value is None else f"  {fleet.minimize} {fleet.value:.6g} {fleet.unit}".rstrip()
    head = Text(f"{fleet.status}{value}  in {fleet.seconds:.2f} s", style="bold")
    rows = [
        (own.instance, f"{own.adds:.6g}", f"{own.shares:.6g}", decided_words(fleet.kind, own.plan.plan))
        for own in fleet.services
    ]
    titles = ("instance", fleet.minimize, fleet.shared, "decided")
    table = [Sheet(titles, rows, left=(titles[0], titles[3]), folds=titles[3:])] if rows else []
    within = "" if fleet.budget_usd_per_hour is None else f" of {fleet.budget_usd_per_hour:.6g}"
    spent = [] if fleet.total is None else [Text(f"{fleet.shared} {fleet.total:.6g}{within}")]
    last = [Text(line) for line in (*fleet.because, fleet.certificate.method, f"proof of    {fleet.certificate.scope}")]
    return Group(head, *table, *spent, *last)


def limits_table(costs: LimitCosts) -> RenderableType:
    """Lay out the best decision, and what its limits cost."""
    goal = costs.plan.objective

    def there(at: float | None, value: float | None) -> str:
        return "" if value is None else f"{value:.6g}{'' if at is None else f' at {at:.6g}'}"

    rows = [
        (
            own.limit,
            f"{own.asked:g}",
            "" if own.reached is None else f"{own.reached:.6g}",
            there(own.next_at, own.value_next) if own.binds else "does not bind",
            there(own.looser, own.value_looser) if own.binds else "",
            there(None, own.value_without) if own.binds else "",
        )
        for own in costs.limits
    ]
    titles = ("limit", "asked", "reached", f"next better {goal.name}", "a step further", "without it")
    parts: list[Any] = [solution_table(costs.plan)]
    if rows:
        parts += [Text(), Sheet(titles, rows, left=titles[:1])]
    if costs.beside:
        others = [
            (own.name, own.words, f"{own.value:.6g}", "" if own.times is None else f"{own.times:.3f}")
            for own in costs.beside
        ]
        words = ("beside", "decides")
        parts += [Text(), Sheet((*words, f"{goal.name} {goal.unit}".strip(), "times"), others, left=words, folds=words)]
    return Group(*parts, *unasked(costs.not_asked))


def decided_words(kind: str, plan: dict[str, Any] | None) -> str:
    """Say what is decided in a line, in the family's own words where it has any."""
    words = get(kind).own.get("words")
    return _written(plan) if words is None or plan is None else str(named(words)(plan))


def _written(own: object) -> str:
    return own if isinstance(own, str) else json.dumps(own)


def _proof(answer: Solution) -> str:
    goal, parts = answer.objective, []
    if goal.value is not None:
        parts.append(f"{goal.name} {goal.value:.7g} {goal.unit}".rstrip())
    if answer.bound is not None:
        parts.append(f"bound {answer.bound:.7g}{'' if answer.gap is None else f' (gap {answer.gap:.2g})'}")
    return ", ".join([*parts, answer.certificate.method])
