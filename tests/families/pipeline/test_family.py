"""Pipelines: PipeDream's published configuration, enumeration written apart, model and simulation as witnesses."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from support.helpers import run
from support.small_pipeline import ROWS, compare, drawn, every, folder, question

import serflow_opt as so


def test_the_model_against_enumeration() -> None:
    """The mixed-integer model, another way to the same answer, agrees with enumeration too."""
    assert compare(range(100, 116), model=True) > 10


def test_vgg16_on_four_workers_is_published() -> None:
    """PipeDream's configuration 3-1, cut behind the third pooling, node 18 of its profile."""
    plan = so.solve("vgg16-pipeline").plan
    assert plan["configuration"] == "3-1"
    assert (plan["stages"][0]["last"], plan["stages"][0]["to"].split("(")[0]) == (18, "MaxPool2d")


def test_the_front_of_time_and_rent_is_complete() -> None:
    """The front holds each undominated pair of time and rent, and no other."""
    problem = drawn(2)
    front = so.pareto(question(problem, "time", {}), ["time", "rent"])
    points = {(round(v["time"] * 1000, 6), round(v["rent"], 6)) for v, _ in every(problem)}
    best = {p for p in points if not any(q != p and q[0] <= p[0] and q[1] <= p[1] for q in points)}
    assert front.complete
    assert {(round(a, 6), round(b, 6)) for a, b in front.points} == best


def test_commands(tmp_path: Path) -> None:
    """Solve, evaluate, explain and plot work on a file, and a plan whose stages leave a layer out is refused."""
    own = folder(tmp_path, ROWS, samples_per_epoch=8000)
    solved = run("solve", own, "--json")
    assert solved.code == 0
    plan = json.loads(solved.stdout)["plan"]
    # apart: layer a works 2 ms and hands 1,000 B over, twice, at 1 MB/s: 2 ms; b works 3 ms: that is the pace
    assert (plan["configuration"], plan["holds_up"]) == ("2", "the work of stage 1")  # both on both: 2.5 ms and 0.01
    assert plan["epoch_h"] == pytest.approx(2000 * 2.51e-3 / 3600, rel=1e-2)
    file = tmp_path / "plan.json"
    file.write_text(solved.stdout, encoding="utf-8")
    assert run("evaluate", own, file).code == 0
    explained = run("explain", own, "--set", "workers_max=1")
    assert explained.code == 0
    assert "+1 w" in explained.stdout
    picture = tmp_path / "plan.png"
    assert run("solve", own, "--plot", picture).code == 0
    assert picture.exists()
    assert run("solve", own, "--set", "time_max_ms=1").code == 3
    document = json.loads(solved.stdout)
    document["plan"]["stages"][0]["last"] = 1
    file.write_text(json.dumps(document), encoding="utf-8")
    bad = run("evaluate", own, file)
    assert bad.code == 2
    assert "give stages for layers 1 to 2" in bad.stderr
