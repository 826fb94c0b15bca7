"""The command `fleet`: what it prints, writes, and ends with."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
from oracles.writing import write
from support.helpers import run
from support.services import mixed_fleet

from serflow_opt.cli.fleet import _pairs
from serflow_opt.errors import InputError


def test_the_command(tmp_path: Path) -> None:
    """The command prints what it writes, has a row for each service, and ends with the code for each outcome."""
    documents, _ = mixed_fleet(3, (3, 3))
    for document in documents:
        write(document, tmp_path / "all" / document["name"])
    table, out = tmp_path / "fleet.csv", tmp_path / "fleet.json"
    ran = run("fleet", tmp_path / "all", "--machines", "small=2", "--json", "--csv", table, "--out", out)
    assert ran.code == 0
    assert ran.document == json.loads(out.read_text(encoding="utf-8"))
    assert ran.document["status"] == "optimal"
    assert ran.document["bound"] <= ran.document["value"]
    with table.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["instance"] for row in rows] == [own["instance"] for own in ran.document["services"]]
    shown = run("fleet", tmp_path / "all", "--machines", "small=2", "--minimize", "latency").stdout
    assert "proven optimal" in shown
    assert "of 2 small rented" in shown
    assert run("fleet", tmp_path / "all", "--budget-usd-per-hour", "0.0001").code == 3
    assert run("fleet", tmp_path / "all", "--machines", "small").code == 2
    assert run("fleet", tmp_path / "all").code == 2


def test_pairs_that_are_none_are_all_told() -> None:
    """A half of a machine and a weight without a name are told together, each with its flag and a form to write."""
    with pytest.raises(InputError) as told:
        _pairs("--machines", ["small=1.5", "=3", "big=2"], "TYPE=NUMBER", whole=True)
    assert [(own.place, own.found) for own in told.value.problems] == [
        ("--machines", "'small=1.5'"),
        ("--machines", "'=3'"),
    ]
    assert _pairs("--weight", ["a=b=0.5", "c=2"], "INSTANCE=WEIGHT", whole=False) == {"a=b": 0.5, "c": 2.0}
