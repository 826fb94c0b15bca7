"""A blocked Cholesky run on processes beside its prediction."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from support.helpers import run

from serflow_opt.families.blocked.graphs import graph_of
from serflow_opt.families.blocked.schedule import starts_of
from serflow_opt.profiling.tasks.cholesky import predicted

HERE = """
schema = 1
kind = "blocked"
name = "here"
workers = [1, 64]
[matrix]
algorithm = "cholesky"
rows = 128
block = [32, 50]
[[option]]
name = "core"
kind = "vm"
flops_per_s = 1e9
usd_per_hour = 1
"""


def test_the_prediction_is_the_schedule_of_what_was_measured() -> None:
    """2 x 2 blocks are a chain: twice the first kind, and one of each other."""
    own = predicted(graph_of("cholesky", 20, 10), (1.0, 10.0, 100.0))
    assert float((starts_of(own, 2) + own.seconds).max()) == pytest.approx(112.0)


def test_the_command_runs_a_plan_and_shows_both(tmp_path: Path) -> None:
    """The factor is right; more workers than cores, and blocks that do not divide the rows, are refused together."""
    (tmp_path / "instance.toml").write_text(HERE)
    plan = tmp_path / "plan.json"
    plan.write_text(json.dumps({"block": 32, "option": "core", "workers": 1}))
    found = run("run", tmp_path, plan, "--runs", "2", "--json").document
    assert found["tasks"] == [4, 6, 10]
    assert all(own["residual"] < 1e-12 and own["measured_s"] > 0 < own["predicted_s"] for own in found["runs"])
    plan.write_text(json.dumps({"block": 50, "option": "core", "workers": 64}))
    refused = run("run", tmp_path, plan)
    assert (refused.code, "a divisor of 128" in refused.stderr, "cores" in refused.stderr) == (2, True, True)
