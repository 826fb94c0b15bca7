"""Plans of workflows in words."""

from __future__ import annotations

from typing import Any

from support.shown import text_of

from serflow_opt.families.workflow.report import plan_parts, plan_words

MAP = {"phase": "split", "kind": "map", "workers": 4, "memory_mb": 1769, "begin_s": 0, "end_s": 10}
TRAIN = {"phase": "train", "kind": "train", "workers": 8, "memory_mb": 3538, "server": "c6i.large", "servers": 2}
JOB = {"phase": "last", "kind": "job", "words": "as a job", "begin_s": 40, "end_s": 45, "usd": {"job": 1.0}}
PLAN: dict[str, Any] = {
    "usd": 3.75,
    "phases": [
        MAP | {"usd": {"functions": 0.5, "requests": 0.25}},
        TRAIN | {"begin_s": 10, "end_s": 40, "usd": {"functions": 2.0}, "kept_from": "split"},
        JOB,
    ],
}


def test_a_plan_in_a_line() -> None:
    """Three phases until 45 s; the second takes 30 of them."""
    assert plan_words(PLAN) == "3 phases, 45 s, 3.75 USD; train takes longest, 30 s"


def test_a_row_a_phase() -> None:
    """What each runs on, its servers and where they were before, from when to when, and what it costs."""
    words, table = plan_parts(PLAN)
    rows = [line.split("  ") for line in text_of(table).splitlines()[1:]]
    cells = [[cell.strip() for cell in row if cell.strip()] for row in rows]
    assert cells == [
        ["split", "4 x 1769 MB", "0", "10", "0.75"],
        ["train", "8 x 3538 MB", "2 x c6i.large, from split", "10", "40", "2"],
        ["last", "as a job", "40", "45", "1"],
    ]
    assert text_of(words).strip() == plan_words(PLAN)
