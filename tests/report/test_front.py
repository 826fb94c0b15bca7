"""Fronts as tables: spread over all plans, and never more than a screen holds."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console
from support.helpers import has_line, load, two_tiers

import serflow_opt as so
from serflow_opt.report.front import SHOWN, front_table


def text_of(front: so.Front) -> str:
    console = Console(width=200)
    with console.capture() as capture:
        console.print(front_table(front))
    return capture.get()


def test_a_long_front_is_shown_from_end_to_end(tmp_path: Path) -> None:
    """Of a hundred plans some are shown, the first and the last among them, and how many there are is said."""
    front = so.pareto(load(two_tiers(), tmp_path), ("cost", "latency"))
    first, last = front.plans[0], front.plans[-1]
    long = front.model_copy(update={"plans": [first] * 99 + [last]})
    text = text_of(long)
    assert has_line(text, f"{SHOWN} of 100 plans shown")
    for plan in (first, last):
        assert plan.metrics is not None
        assert has_line(text, f"{plan.metrics.cost_usd_per_request * 1e6:.6g}", f"{plan.metrics.latency_worst_ms:.6g}")


def test_an_empty_front_has_its_verdict_alone(tmp_path: Path) -> None:
    """Without plans there is a line with the verdict, and no table of nothing."""
    document = two_tiers() | {"workload": {"latency_slo_ms": 1.0}}
    text = text_of(so.pareto(load(document, tmp_path), ("cost", "latency")))
    assert "0 plans" in text.splitlines()[0]
    assert "runs on" not in text
