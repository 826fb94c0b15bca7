"""A plan over all cases: believed, expected and worst value, and a row for each case."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from rich.console import RenderableType

from serflow_opt.ground.sheet import Sheet, facts_table

if TYPE_CHECKING:
    from serflow_opt.plan.document import Plan
    from serflow_opt.plan.robustness import Robustness

MOST_CASES = 12
"""Rows of cases at most; the document has them all."""
GOALS = {
    "worst": "in the worst case",
    "believed": "as believed",
    "expected": "on average",
    "cvar": "on average of the worst cases",
}


def robust_parts(plan: Plan, robustness: Robustness) -> Iterator[RenderableType]:
    """Yield what a plan is worth over all cases, and the cases."""
    name, unit = plan.objective.name, plan.objective.unit
    believed = robustness.believed

    def beside(value: float) -> str:
        more = f" ({value / believed - 1:+.2%})" if believed > 0 and value != believed else ""
        return f"{value:.6g} {unit}{more}"

    facts = [("believed", f"{name} {believed:.6g} {unit}")]
    if robustness.expected is not None:
        facts.append(("expected", beside(robustness.expected)))
    facts += [("worst", beside(robustness.worst)), ("minimised", f"{name} {GOALS[robustness.goal]}")]
    if robustness.budget is not None:
        facts.append(("deviating", f"at most {robustness.budget} at once; worst for {name}: {robustness.worst_case}"))
    yield facts_table(facts)
    titles = ["case", "probability", "USD per million", f"{plan.limits['latency_measure']} ms", "accuracy", "limits"]
    rows = []
    for own in robustness.cases[:MOST_CASES]:
        row = [
            own.case,
            "" if own.probability is None else f"{own.probability:.4g}",
            f"{own.cost_usd_per_request * 1e6:.6g}",
            f"{own.latency_ms:.4g}",
            "" if own.accuracy is None else f"{own.accuracy:.4f}",
            "kept" if own.keeps_limits else "missed",
        ]
        rows.append(row)
    if robustness.budget is not None:
        titles, rows = titles[:1] + titles[2:], [row[:1] + row[2:] for row in rows]
    yield Sheet(tuple(titles), [tuple(row) for row in rows], left=("case", "limits"), folds=("case",))
