"""The command `sweep`."""

from __future__ import annotations

import csv
from pathlib import Path

from support.helpers import has_line, run


def test_a_table_a_file_and_a_picture(tmp_path: Path) -> None:
    """Three limits, one that nothing keeps: the table says so, and the exit code is that of an answer."""
    rows, picture = tmp_path / "rows.csv", tmp_path / "rows.png"
    ran = run("sweep", "libra", "--set", "latency_slo_ms=1,1000..2000:2", "--csv", rows, "--plot", picture)
    assert ran.code == 0
    assert has_line(ran.stdout, "1", "infeasible", "-")
    assert has_line(ran.stdout, "2000", "optimal")
    with rows.open(encoding="utf-8", newline="") as file:
        assert [row["status"] for row in csv.DictReader(file)] == ["infeasible", "optimal", "optimal"]
    assert picture.read_bytes().startswith(b"\x89PNG")


def test_what_is_wrong_is_told_before_anything_is_solved(tmp_path: Path) -> None:
    """A key twice, half a key, a folder that is not there and an unknown key end with exit code 2."""
    for arguments, words in (
        (("--set", "accuracy_min=0.5", "--set", "accuracy_min=0.6"), "a key twice"),
        (("--set", "accuracy_min"), "write KEY=A,B,C"),
        (("--set", "accuracy_min=0.5", "--csv", tmp_path / "absent" / "a.csv"), "no such folder"),
        (("--set", "accurcy_min=0.5"), "accuracy_min"),
    ):
        ran = run("sweep", "libra", *arguments)
        assert (ran.code, ran.stdout) == (2, "")
        assert words in ran.stderr
