"""What is wrong with a workflow's file is told, all at once, with place and cure."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.helpers import run

import serflow_opt as so

GOOD = """schema = 1
kind = "workflow"
name = "w"
[[phase]]
name = "a"
kind = "map"
vcpu_s = 100
workers = [1, 2]
memory_mb = [1769]
[[phase]]
name = "b"
kind = "train"
after = ["a"]
updates = "updates.csv"
gradient_s = 0.1
gradient_bytes = 1e4
workers = [1, 2]
memory_mb = [1769]
server = { usd_per_hour = 0.1, updates_per_s = 50 }
[[phase]]
name = "c"
kind = "tune"
after = ["b"]
rungs = "rungs.csv"
workers = [2]
memory_mb = [1769]
"""
TABLES = {"updates.csv": "workers,updates\n1,100\n2,150\n", "rungs.csv": "configurations,vcpu_s\n4,10\n2,20\n"}


def write(folder: Path, old: str = "", new: str = "", tables: dict[str, str] | None = None) -> Path:
    """Write the instance with one thing changed."""
    assert old in GOOD
    (folder / "instance.toml").write_text(GOOD.replace(old, new, 1) if old else GOOD, encoding="utf-8")
    for name, text in {**TABLES, **(tables or {})}.items():
        (folder / name).write_text(text, encoding="utf-8")
    return folder


@pytest.mark.parametrize(
    ("old", "new", "place", "cure"),
    [
        ('kind = "map"', 'kind = "map"\nafter = ["c"]', "phase.after: a cycle: a, b, c", "leave one of these out"),
        ('after = ["b"]', 'after = ["bb"]', "phase 'c'.after: 'bb'", "did you mean b"),
        ("updates_per_s = 50", "updates_per_s = 0", "updates_per_s", "more than 0"),
        ("updates_per_s = 50", 'updates_per_s = 50, options = ["m9.huge"]', "server.options", "m9.huge"),
        ("vcpu_s = 100\n", "", "vcpu_s", "needs it"),
        ("vcpu_s = 100", 'vcpu_s = 100\nrungs = "rungs.csv"', "rungs", "does not go with kind = 'map'"),
        ('name = "b"', 'name = "a"', "phase[2].name", "a name of its own"),
        ("workers = [2]", "workers = []", "workers", "at least 1"),
        ("workers = [2]", "workers = [0]", "workers", "greater than or equal to 1"),
    ],
)
def test_what_is_wrong_is_told(tmp_path: Path, old: str, new: str, place: str, cure: str) -> None:
    """Place, value and cure in one line, exit code 2."""
    ran = run("validate", write(tmp_path, old, new))
    assert ran.code == 2
    assert any(place in line and cure in line for line in ran.stderr.splitlines()), ran.stderr


def test_tables_are_checked(tmp_path: Path) -> None:
    """Updates that are missing for workers on offer, an empty grid, and rungs that grow are named together."""
    tables = {"updates.csv": "workers,updates\n1,100\n", "rungs.csv": "configurations,vcpu_s\n2,10\n4,20\n"}
    with pytest.raises(so.InputError) as told:
        so.load(write(tmp_path, tables=tables))
    assert "no updates for 2 workers" in str(told.value)
    assert "at most 2: none come back" in str(told.value)
    with pytest.raises(so.InputError, match=r"rungs\.csv"):
        so.load(write(tmp_path, tables={"rungs.csv": "configurations,vcpu_s\n"}))


def test_a_map_that_no_function_lives_for_is_explained(tmp_path: Path) -> None:
    """No row is left: proven infeasible, and the phase is named."""
    solution = so.solve(write(tmp_path, "vcpu_s = 100", "vcpu_s = 100000"))
    assert solution.status == "infeasible"
    assert any("phase a: no row fits the life of a function, 900 s" in note for note in solution.notes)
