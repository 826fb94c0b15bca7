"""A policy as a table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from serflow_opt.planner.policy import Policy, words

if TYPE_CHECKING:
    from rich.console import RenderableType


def policy_table(policy: Policy) -> RenderableType:
    """Lay out a policy: a row a piece."""
    from rich.console import Group
    from rich.text import Text

    from serflow_opt.ground.sheet import Sheet

    rows = []
    for piece in policy.pieces:
        plan = piece.plan
        value = None if plan is None else plan.objective.value
        shown = "" if value is None or plan is None else f"{value:.6g} {plan.objective.unit}"
        rows.append((f"{piece.low:.6g}", f"{piece.high:.6g}", shown, f"{piece.gap:.2g}", words(plan)))
    titles = ("from", "to", "value", "gap at most", "option and stages")
    table = Sheet(titles, rows, left=titles[-1:], folds=titles[-1:], keys=2)
    return Group(Text.assemble((policy.instance, "bold"), f"  by {policy.axis}"), table)
