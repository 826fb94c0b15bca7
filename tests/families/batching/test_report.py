"""Plans of groups in words and tables."""

from __future__ import annotations

from typing import Any

from serflow_opt.families.batching.report import plan_parts, plan_words

GROUP: dict[str, Any] = {
    "applications": ["a", "b"],
    "function": "f",
    "size": 2.0,
    "unit": "vCPU",
    "batch": 4,
    "mean_batch": 3.25,
    "timeouts_ms": {"a": 20.0, "b": 50.0},
    "longest_ms": 180.0,
    "promised_ms": {"a": 200.0, "b": 230.0},
    "rate_per_s": 20.0,
    "cost_usd_per_request": 0.0475,
}


def test_a_plan_in_a_line_and_a_row_a_group() -> None:
    """Each application's wait is told, none where batches are of one."""
    alone = GROUP | {"applications": ["c"], "batch": 1, "timeouts_ms": {"c": 7.0}}
    assert plan_words({"groups": [GROUP, alone]}) == "a + b on f 2 x 4; c on f 2 x 1"
    (sheet,) = plan_parts({"groups": [GROUP, alone]})
    waits = [row[4] for row in sheet.rows]  # type: ignore[attr-defined]
    assert waits == ["20.0 / 50.0", "0"]
