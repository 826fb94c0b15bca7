"""Answers to problems of any family as tables."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from rich.console import Group
from rich.text import Text

from serflow_opt.ground.sheet import Sheet

if TYPE_CHECKING:
    from rich.console import RenderableType

    from serflow_opt.families.answer import Solution


def solution_table(answer: Solution) -> RenderableType:
    """Lay an answer out: status, what is decided, what that achieves, and what is proven; or why there is nothing."""
    good = answer.status in ("optimal", "feasible")
    style = "bold green" if answer.status == "optimal" else "bold yellow" if good else "bold red"
    head = Text.assemble((answer.instance, "bold"), "  ", (answer.status, style), f"  in {answer.seconds:.2f} s")
    parts: list[Any] = [head]
    if answer.plan is not None:
        parts.append(
            Sheet(
                ("decided", ""),
                [(key, _written(own)) for key, own in answer.plan.items()],
                left=("decided", ""),
                folds=("",),
            )
        )
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


def _written(own: object) -> str:
    return own if isinstance(own, str) else json.dumps(own)


def _proof(answer: Solution) -> str:
    goal, parts = answer.objective, []
    if goal.value is not None:
        parts.append(f"{goal.name} {goal.value:.7g} {goal.unit}".rstrip())
    if answer.bound is not None:
        parts.append(f"bound {answer.bound:.7g}{'' if answer.gap is None else f' (gap {answer.gap:.2g})'}")
    return ", ".join([*parts, answer.certificate.method])
