"""`scale` and `compare` of families that are no placements, as functions."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

import serflow_opt as so
from serflow_opt.cli.market import over_trace


def market(folder: Path) -> Path:
    """Ten steps in which every zone has machines, and five in which one has none."""
    path = folder / "market.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([("seconds", "us-west-2b"), (6000, 1), (3000, 0)])
    return path


def test_rules_are_told_and_drawn(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The family's answer is printed, its table and its picture are written."""
    out, plot = tmp_path / "rules.csv", tmp_path / "rules.png"
    code = over_trace("compare", so.load("spot-v100"), market(tmp_path), 600.0, None, False, out, plot)
    assert code == 0
    assert "odds" in capsys.readouterr().out
    assert out.read_text(encoding="utf-8").count("\n") == 5
    assert plot.stat().st_size > 1000


def test_a_family_without_an_answer_says_what_it_takes(tmp_path: Path) -> None:
    """A batching is not compared over a trace."""
    with pytest.raises(so.InputError, match="no verb of a batching"):
        over_trace("compare", so.load("vgg19-three-apps"), tmp_path, 60.0, None, False, None, None)
