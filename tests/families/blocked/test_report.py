"""Plans of task graphs in words."""

from __future__ import annotations

from typing import Any

from rich.text import Text

from serflow_opt.families.blocked.report import plan_parts, plan_words

PLAN: dict[str, Any] = {
    "block": 4096,
    "option": "core",
    "workers": 1200,
    "tasks": 45760,
    "path_s": 10.0,
    "busy": 0.5,
    "bound_s": 20.0,
    "read_tb": 1.5,
    "written_tb": 0.5,
    "algorithm": "cholesky",
    "tasks_by_kind": {"chol": 64, "syrk": 2016},
    "usd": {"workers": 12.0, "calls": 0.0},
}


def test_a_plan_in_a_line_and_what_is_paid_for() -> None:
    """Kinds of tasks are counted where there are any, and nothing free is listed."""
    assert plan_words(PLAN) == "1,200 x core, blocks of 4,096, 45,760 tasks"
    assert plan_words(PLAN | {"block": None}) == "1,200 x core, 45,760 tasks"
    lines = [part.plain for part in plan_parts(PLAN) if isinstance(part, Text)]
    assert lines == ["cholesky: 64 chol, 2,016 syrk", "USD: workers 12"]
    assert len(plan_parts(PLAN | {"tasks_by_kind": {}})) == 2
