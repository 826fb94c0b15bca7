"""Tables and pictures of what is measured at the cuts: which files there are, and what is said on the way."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("torch")

import matplotlib
import matplotlib.pyplot as plt
from support.compressed import tiny_network, tiny_parts

from serflow_opt.errors import Problem
from serflow_opt.problem.compression_table import read_compression
from serflow_opt.profiling.at_cuts import _save, write_compressed

matplotlib.use("Agg")


def test_rows_are_written_and_told_one_by_one(tmp_path: Path) -> None:
    """One cut: a line for each row of the table, which can be read again; the picture is there, and closed."""
    said: list[str] = []
    write_compressed(tiny_network(), tiny_parts(), tmp_path, cuts=[0], seed=0, say=said.append)
    problems: list[Problem] = []
    count = len(read_compression(tmp_path / "compression.csv", 3, problems))
    assert problems == []
    assert len(said) == count
    assert said[0].startswith(f"compression 1/{count}: cut 0, none: 1.000 of the bytes")
    assert (tmp_path / "compression.png").stat().st_size > 1000
    assert not plt.get_fignums()


def test_a_picture_replaces_the_old_one_whole(tmp_path: Path) -> None:
    """Nothing is left of a draft, and the figure is closed."""
    path = tmp_path / "p.png"
    path.write_bytes(b"old")
    figure, _ = plt.subplots(figsize=(1, 1))
    _save(figure, path)
    assert path.read_bytes().startswith(b"\x89PNG")
    assert [own.name for own in tmp_path.iterdir()] == ["p.png"]
    assert not plt.get_fignums()
