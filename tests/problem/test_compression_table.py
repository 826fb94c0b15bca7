"""Tables of compressions: written, read, and what is wrong with them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from serflow_opt.errors import Problem
from serflow_opt.problem.compression_table import CompressionRow, read_compression, write_compression

ROW = CompressionRow(1, "quantise-8", None, 0.25, 0.01, 0.9, 0.3, 100, 200, 1.5, 0.1, 2.5, 0.2, 50)


def test_rows_survive_their_file(tmp_path: Path) -> None:
    """A width that is none is an empty cell, and figures come back as they were."""
    rows = [ROW, replace(ROW, method="autoencoder", width=0.5), replace(ROW, cut=0)]
    problems: list[Problem] = []
    write_compression(rows, tmp_path / "c.csv")
    assert read_compression(tmp_path / "c.csv", 2, problems) == rows
    assert problems == []


def test_a_way_that_stands_twice_and_a_cut_too_far_are_told(tmp_path: Path) -> None:
    """One of two equal rows would win by chance; a network of two stages has cuts 0 and 1."""
    problems: list[Problem] = []
    write_compression([ROW, ROW, replace(ROW, width=4.0)], tmp_path / "twice.csv")
    read_compression(tmp_path / "twice.csv", 2, problems)
    assert [(own.place, own.found) for own in problems] == [("line 3", "cut 1, quantise-8 stands in line 2 too")]
    problems.clear()
    write_compression([replace(ROW, cut=2)], tmp_path / "far.csv")
    read_compression(tmp_path / "far.csv", 2, problems)
    assert [own.place for own in problems] == ["line 2, column cut"]
