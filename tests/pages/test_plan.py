"""The page of a plan: drawing, figures, limits, proof."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from support.helpers import changed, load, two_tiers

import serflow_opt as so
from serflow_opt.pages.network import network
from serflow_opt.pages.page import page_of


def test_a_plan_is_told_whole(tmp_path: Path, read: Any) -> None:
    """A cell and a row a stage, its cost and latency, and what is proven."""
    plan = so.solve(load(changed(two_tiers(), workload={"latency_slo_ms": 1e4}), tmp_path))
    page = read(page_of(plan))
    assert plan.metrics is not None
    assert page.count("svg", **{"class": "cell"}) == len(plan.metrics.stages)
    assert f"{plan.metrics.latency_worst_ms:.4g}" in page.text
    assert "proven optimal" in page.text
    assert "no plan is below" in page.text
    assert "latency (worst) at most 10000 ms" in page.text


def test_why_there_is_no_plan(tmp_path: Path, read: Any) -> None:
    """Limits that clash are told in the place of a drawing."""
    plan = so.solve(load(changed(two_tiers(), workload={"latency_slo_ms": 1.0}), tmp_path))
    page = read(page_of(plan))
    assert "Why there is no plan" in page.text
    assert page.count("svg") == 0


def test_a_stage_in_words(tmp_path: Path, read: Any) -> None:
    """Who does not see the drawing is told stage, option and shares."""
    metrics = so.solve(load(two_tiers(), tmp_path)).metrics
    assert metrics is not None
    drawn = read(network(metrics))
    first = metrics.stages[0]
    said = [own["aria-label"] for name, own in drawn.elements if name == "svg"]
    assert said[0].startswith(f"stage 1 on {first.tier}: {first.option}; 100.0% enter")
