"""Commitments in words."""

from __future__ import annotations

from typing import Any

from serflow_opt.families.commitment.report import plan_parts, plan_words
from serflow_opt.ground.display import text

MADE = {"plan": "p", "usd_per_hour": 0.5, "machines": 2.0, "usd": 4380.0, "usd_upfront": 0.0, "used": 0.75}
NOT_MADE = {"plan": "q", "usd_per_hour": 0.0, "usd": 0.0, "usd_upfront": 0.0, "used": 0.0, "usd_saved": 0.0}
PLAN: dict[str, Any] = {
    "commitments": [{**MADE, "usd_saved": 1000.0}, NOT_MADE],
    "usd_on_demand": 4620.0,
    "usd": 9000.0,
}


def test_commitments_in_a_line() -> None:
    """Of 10,000 on demand 1,000 are saved; nothing committed is said so."""
    assert plan_words(PLAN) == "0.5 USD/hour of p: 10.0% less than on demand"
    assert plan_words(PLAN | {"commitments": [NOT_MADE]}) == "no commitment: nothing pays"


def test_only_what_is_bought_has_a_row() -> None:
    """Beside it what is left on demand."""
    table = text(plan_parts(PLAN)[1])
    assert "75.0%" in table
    assert "on demand" in table
    assert "q" not in table.split("\n", 1)[1]
