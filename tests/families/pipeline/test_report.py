"""Pipelines in words."""

from __future__ import annotations

from typing import Any

from rich.text import Text

from serflow_opt.families.pipeline.report import plan_parts, plan_words

STAGE: dict[str, Any] = {
    "first": 1,
    "last": 17,
    "worker": "v100",
    "replicas": 3,
    "computing_ms": 1.0,
    "synchronising_ms": 2.0,
    "receiving_ms": 0.0,
    "sending_ms": 3.0,
    "busy": 0.97,
    "in_flight": 2,
    "memory_mb": 1234.5,
}


def test_a_plan_in_a_line_and_what_holds_it_up() -> None:
    """An epoch is told only where its samples are known."""
    plan = {
        "configuration": "3-1",
        "holds_up": "the work of stage 1",
        "samples_per_s": 725.8,
        "epoch_h": None,
        "stages": [STAGE, STAGE | {"first": 18, "last": 40, "replicas": 1}],
    }
    assert plan_words(plan) == "1-17 on 3 x v100, 18-40 on 1 x v100"
    said = "configuration 3-1, held up by the work of stage 1; 725.8 samples/s"
    sheet, line = plan_parts(plan)
    assert isinstance(line, Text)
    assert line.plain == said
    assert plan_parts(plan | {"epoch_h": 0.5})[1].plain == said + ", an epoch in 0.5 h"  # type: ignore[attr-defined]
    assert sheet.rows[0][-1] == "1,234"  # type: ignore[attr-defined]
