"""Workflows as a family: its commands, limits that clash, and what stands beside a plan."""

from __future__ import annotations

from pathlib import Path

import pytest
from oracles import workflow as oracle
from support.helpers import run

import serflow_opt as so
from serflow_opt.families.workflow.family import WORKFLOW
from serflow_opt.search.outcome import SearchSettings


def test_commands(tmp_path: Path) -> None:
    """Solved, valued again, and no plan that is both faster and cheaper than any: exit codes and limits that clash."""
    phases = oracle.drawn(2, 3, chain=True)
    folder, out = oracle.write(phases, tmp_path / "w"), tmp_path / "plan.json"
    values = list(oracle.plans(phases))
    fastest, cheapest = (min(own[name] for own in values) for name in ("time", "cost"))
    assert run("solve", folder, "--set", "objective=cost", "--out", out).code == 0
    ran = run("evaluate", folder, out, "--json")
    assert ran.code == 0
    assert {own["name"]: own["value"] for own in ran.document["metrics"]}["cost"] == pytest.approx(cheapest, rel=2e-6)
    limits = ("--set", f"deadline_s={fastest * 1.001}", "--set", f"budget_usd={cheapest * 1.001}")
    both = [own for own in values if own["time"] <= fastest * 1.001 and own["cost"] <= cheapest * 1.001]
    clash = run("solve", folder, *limits, "--json")
    assert clash.code == (0 if both else 3)
    if not both:
        assert {own["limit"] for own in clash.document["infeasible_because"]} == {"deadline_s", "budget_usd"}


def test_what_others_do_stands_beside(tmp_path: Path) -> None:
    """All phases at their fastest and at their cheapest are no better than the best in time and in money."""
    phases = oracle.drawn(3, 3)
    problem = so.load(oracle.write(phases, tmp_path))
    values = list(oracle.plans(phases))
    beside = WORKFLOW.beside(problem, SearchSettings())
    assert len(beside) >= 2
    for own in beside:
        assert own.values["time"] >= min(v["time"] for v in values) * (1 - 1e-9)
        assert own.values["cost"] >= min(v["cost"] for v in values) * (1 - 1e-9)
    assert "3 phases" in WORKFLOW.in_a_line(problem)
