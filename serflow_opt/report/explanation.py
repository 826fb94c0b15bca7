"""What the best plan beats and what its limits cost, as a table."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from rich.console import Group
from rich.text import Text

from serflow_opt.ground.sheet import Sheet
from serflow_opt.report.plan import plan_table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import RenderableType

    from serflow_opt.sensitivity.explain import Explanation


def explanation_table(explanation: Explanation) -> RenderableType:
    """Lay out the plan in a line, what each option would give in its place, and what each limit costs."""
    plan = explanation.plan
    if plan.plan is None:
        return plan_table(plan)
    unit = plan.objective.unit
    options = []
    for row in explanation.options:
        worse = explanation.worse_by(row.value)
        remark = "the best plan" if row.chosen else "" if row.used or row.option is None else "is not used then"
        if row.value is None:
            remark = "no plan keeps the limits" if row.status == "infeasible" else "no plan found in time"
        elif row.status != "optimal":
            remark = f"{remark} (no better than {row.bound:.6g} proven)".strip()
        if row.dominated_by is not None:
            remark = f"{remark}{', ' if remark else ''}never better than {row.dominated_by}"
        value = "" if row.value is None else f"{row.value:.6g} {unit}"
        further = f"{worse:.1%}" if worse < math.inf else ""
        options.append((row.tier, row.option or "(nothing)", value, further, remark))
    limits = []
    titles = (
        "limit",
        "asked",
        "reached",
        "a unit more",
        "saves",
        "next better at",
        "saves",
        "a step further",
        "saves",
        "without it",
    )

    def saved(value: float | None) -> str:
        return "-" if value is None else f"{max(-explanation.worse_by(value), 0.0) + 0.0:.1%}"

    for own in explanation.limits:
        kept = "" if own.reached is None else f"{own.reached:.6g}"
        if not own.binds:
            limits.append((own.limit, f"{own.asked:g}", kept, "does not bind", *[""] * (len(titles) - 4)))
            continue
        steps = ((own.unit_more, own.value_unit_more), (own.next_at, own.value_next), (own.looser, own.value_looser))
        cells = [text for at, value in steps for text in ("-" if at is None else f"{at:.6g}", saved(value))]
        limits.append((own.limit, f"{own.asked:g}", kept, *cells, saved(own.value_without)))
    words = ("tier", "offers only", "")
    of_options = Sheet((*words[:2], plan.objective.name, "worse by", ""), options, left=words, folds=words, keys=2)
    of_limits = Sheet(titles, limits, left=titles[:1], stays=("saves",))
    parts: list[RenderableType] = [plan_table(plan), Text(), of_options]
    proof = plan.certificate
    if proof.placements is not None and proof.placements_kept is not None:
        ruled_out = proof.placements - proof.placements_kept
        parts.append(Text(f"{proof.placements:,} placements considered, {ruled_out:,} ruled out by their bounds"))
    if explanation.limits:
        parts += [Text(), of_limits]
    return Group(*parts, *unasked(explanation.not_asked))


def unasked(questions: Sequence[str]) -> list[RenderableType]:
    """Return a line that names the questions there was no time for; none where there are none."""
    return [Text(f"not asked for want of time: {'; '.join(questions)}")] if questions else []
