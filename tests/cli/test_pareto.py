"""The command `pareto`: what is printed and written, exit codes, and what is refused."""

from __future__ import annotations

import csv
from pathlib import Path

from support.helpers import has_line, run

from serflow_opt.problem.loader import shipped_folder


def test_a_front_as_table_csv_and_picture(tmp_path: Path) -> None:
    """A front is written in order of cost, with latency falling, and drawn."""
    out, plot = tmp_path / "front.csv", tmp_path / "front.png"
    ran = run("pareto", "alexnet-cifar10", "--objectives", "cost", "latency", "--out", out, "--plot", plot)
    assert (ran.code, ran.stderr) == (0, "")
    assert has_line(ran.stdout, "alexnet-cifar10", "the complete front")
    with out.open(newline="", encoding="utf-8") as file:
        rows = [(float(row["cost_usd_per_request"]), float(row["latency_mean_ms"])) for row in csv.DictReader(file)]
    assert len(rows) > 1
    assert rows == sorted(rows)
    assert [latency for _, latency in rows] == sorted((latency for _, latency in rows), reverse=True)
    assert plot.read_bytes().startswith(b"\x89PNG")


def test_json_is_one_document() -> None:
    """The document holds the objectives, completeness and whole plans."""
    document = run("pareto", "alexnet-cifar10", "--json").document
    assert document["complete"] is True
    assert document["objectives"] == ["cost", "latency"]
    assert {plan["status"] for plan in document["plans"]} == {"optimal"}


def test_limits_that_no_plan_keeps() -> None:
    """Limits nobody can keep end with code 3 and a line that says so."""
    ran = run("pareto", "alexnet-cifar10", "--latency-slo-ms", "0.001")
    assert ran.code == 3
    assert has_line(ran.stdout, "no plan keeps the limits")


def test_what_is_wrong(tmp_path: Path) -> None:
    """A quantity that is none and endings nobody writes are refused before the search."""
    ran = run("pareto", "alexnet-cifar10", "--objectives", "cost", "beauty")
    assert (ran.code, ran.stdout) == (2, "")
    assert has_line(ran.stderr, "cost, beauty")
    assert run("pareto", "alexnet-cifar10", "--out", tmp_path / "front.xls").code == 2
    assert run("pareto", "alexnet-cifar10", "--plot", tmp_path / "front.xls").code == 2


def test_a_journal_that_is_not_needed_is_told(tmp_path: Path) -> None:
    """A journal that was asked for and not written is told, so that nobody waits for it."""
    journal = tmp_path / "answers.journal"
    private = Path(str(shipped_folder())) / "digits" / "private.toml"
    ran = run("pareto", private, "cost", "latency", "privacy", "--resume", journal)
    assert ran.code == 0
    assert not journal.exists()
    assert "was not needed" in ran.stderr
