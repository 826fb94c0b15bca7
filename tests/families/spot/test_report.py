"""Pools in words."""

from __future__ import annotations

from typing import Any

from serflow_opt.families.spot.report import plan_parts, plan_words
from serflow_opt.ground.display import text

ROW = {"offer": "a", "term": "spot", "zone": "z", "machines": 3, "up": 0.95, "usd_per_hour": 0.2}
PLAN: dict[str, Any] = {"pool": [ROW, ROW | {"offer": "b", "machines": 0}], "workers_enough": 2, "workers_mean": 2.85}


def test_a_pool_in_a_line() -> None:
    """Only what is rented; nothing is said so."""
    assert plan_words(PLAN) == "3 x a: 2.85 workers up on average for 2"
    assert plan_words({"pool": [], "workers_enough": None, "workers_mean": 0.0}) == "nothing: 0 workers up on average"


def test_only_what_is_rented_has_a_row() -> None:
    """The offer that is not rented has none."""
    table = text(plan_parts(PLAN)[1])
    assert "95.0000%" in table
    assert "b" not in table.split("\n", 1)[1]
