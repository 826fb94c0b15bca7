"""Pipelines simulated batch by batch."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from support.helpers import run

import serflow_opt as so
from serflow_opt.families.pipeline import simulate
from serflow_opt.families.pipeline.family import PIPELINE
from serflow_opt.families.pipeline.problem import PipelineStage


def test_simulation_runs_at_the_pace_of_the_plan() -> None:
    """Batches sent through the plan one by one come out at the pace that was promised."""
    problem = so.load("vgg16-pipeline")
    for workers in (3, 4, 8, 16):
        held = PIPELINE.changed(problem, {"workers_max": workers})
        solution = so.solve(held)
        plan = PIPELINE.decision_of(held, solution.plan)
        pace = simulate.run(problem.data, plan, 600).time_s * 1000
        assert pace == pytest.approx(solution.objective.value, rel=0.01)
    idle = replace(problem.data, on_links=0)  # PipeDream's number in flight: workers wait for links
    assert simulate.run(idle, (PipelineStage(0, 17, 0, 3), PipelineStage(18, 40, 0, 1)), 600).time_s > 1.1 * 0.17635


def test_the_command_puts_what_was_simulated_beside_the_plan(tmp_path: Path) -> None:
    """3-1 takes 176.35 ms, 725.8 samples/s; 15.606 USD/h of rent; busy as `solve` says."""
    found = run("simulate", "vgg16-pipeline", "--mini-batches", "200", "--json").document
    assert {own["name"]: own["planned"] for own in found["figures"]} == {
        "time": pytest.approx(176.3492, rel=1e-5),
        "cost": pytest.approx(15.606 * 0.1763492 / 3600 / 128 * 1e6, rel=1e-5),
        "throughput": pytest.approx(128 / 0.1763492, rel=1e-5),
    }
    assert all(abs(own["off"]) < 0.03 for own in found["figures"])
    assert [own["layers"] for own in found["busy"]] == ["1-18", "19-41"]
    assert all(own["simulated"] == pytest.approx(own["planned"], rel=0.1) for own in found["busy"])
    assert simulate.PipelineSimulated.from_dict(found).to_dict() == found
    plan = tmp_path / "plan.json"
    alone = {"stages": [{"first": 1, "last": 41, "worker": "v100-32gb", "replicas": 1}]}
    plan.write_text(json.dumps(alone))
    ran = run("simulate", "vgg16-pipeline", "--plan", plan)
    assert ran.code == 0
    assert "1-41" in ran.stdout
    for wrong in (("--trace", "twitter-day"), ("--mini-batches", "1"), ("--plan", tmp_path / "none.json")):
        assert run("simulate", "vgg16-pipeline", *wrong).code == 2
