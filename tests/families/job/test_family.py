"""Jobs on functions or machines: LambdaML's figures, enumeration by scalar code, every verb, and bad input."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from oracles.job import rows
from support.helpers import run
from support.small_job import folder

import serflow_opt as so
from serflow_opt.families.job.family import JOB


def test_functions_are_faster_and_never_much_cheaper() -> None:
    """The abstract's conclusion, on the shipped job: fastest on functions, cheapest on machines."""
    problem = JOB.changed(so.load("higgs-lr"), {"deadline_s": None, "budget_usd": None})
    assert so.solve(problem).plan["platform"] == "functions"
    assert so.solve(JOB.changed(problem, {"objective": "cost"})).plan["platform"] == "machines"


def test_commands(tmp_path: Path) -> None:
    """Solve, evaluate again, the front, explain, the picture, and what cannot be had."""
    own = folder(tmp_path / "one")
    solved = run("solve", own, "--json", "--set", "objective=cost", "--plot", tmp_path / "plan.png")
    assert solved.code == 0
    assert (tmp_path / "plan.png").exists()
    document = json.loads(solved.stdout)
    assert sum(document["plan"]["usd"].values()) == pytest.approx(document["objective"]["value"])
    file = tmp_path / "plan.json"
    file.write_text(solved.stdout, encoding="utf-8")
    assert json.loads(run("evaluate", own, file, "--json").stdout)["metrics"] == document["metrics"]
    document["plan"]["channel"] = "memcached"
    file.write_text(json.dumps(document), encoding="utf-8")
    bad = run("evaluate", own, file)
    assert (bad.code, "channel" in bad.stderr) == (2, True)
    assert "complete front" in run("pareto", own).stdout
    explained = run("explain", own, "--set", "budget_usd=0.04")
    assert "machines" in explained.stdout.split("beside")[1]
    refused = run("solve", own, "--set", "deadline_s=10")
    assert refused.code == 3
    assert "deadline_s" in refused.stdout
    none = run("solve", folder(tmp_path / "none", "data_bytes = 1e9", "data_bytes = 1e12"))
    assert none.code == 3
    assert "4 workers hold" in none.stdout


def test_jobs_share_a_budget_and_functions(tmp_path: Path) -> None:
    """Two jobs alike: each choice of two rows of one job's menu, by brute force."""
    given = [folder(tmp_path / name, name=name) for name in ("one", "two")]
    known = [v for _, v in rows(so.load(given[0]).data)]
    alone = sorted(known, key=lambda own: own["time"])[0]
    budget, most = 1.5 * alone["cost"], 6
    best = min(
        a["time"] + b["time"]
        for a in known
        for b in known
        if a["cost"] + b["cost"] <= budget and a["functions"] + b["functions"] <= most
    )
    ran = run("fleet", *given, "--budget-usd-per-hour", f"{budget!r}", "--machines", f"functions={most}", "--json")
    assert ran.code == 0
    assert ran.document["value"] == pytest.approx(best)
    only = run("fleet", *given, "--machines", "functions=4")
    assert only.code == 0
    assert run("fleet", *given, "--machines", "c6i.large=4").code == 2
