"""Task graphs: NumPyWren's counts, schedules against enumeration and the programme, every verb, and bad input."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from support.helpers import run
from support.small_blocked import folder

from serflow_opt.families.blocked.family import BLOCKED


def test_commands(tmp_path: Path) -> None:
    """Two workers: 1.03 s of loading, then 4 + 1.03 + 1.03 s; every verb on it."""
    own = folder(tmp_path)
    solved = run("solve", own, "--json", "--plot", tmp_path / "plan.png")
    assert solved.code == 0
    document = json.loads(solved.stdout)
    assert document["objective"]["value"] == pytest.approx(1.03 + 4 + 1.03 + 1.03)
    assert document["status"] == "optimal"
    whose = {own["task"]: own["worker"] for own in document["plan"]["schedule"]}
    assert (whose["load"], whose["left"] + whose["right"]) == (1, 3)
    file = tmp_path / "plan.json"
    file.write_text(solved.stdout, encoding="utf-8")
    assert json.loads(run("evaluate", own, file, "--json").stdout)["metrics"] == document["metrics"]
    document["plan"]["workers"] = 3
    file.write_text(json.dumps(document), encoding="utf-8")
    assert run("evaluate", own, file).code == 2
    assert run("pareto", own, "time", "cost", "--json").document["complete"]
    explained = run("explain", own, "--set", "workers_max=1")
    assert (explained.code, "2 workers" in explained.stdout) == (0, True)
    refused = run("solve", own, "--set", "deadline_s=7")
    assert (refused.code, "deadline_s" in refused.stdout) == (3, True)
    assert BLOCKED.kind in run("schema", "blocked").stdout
