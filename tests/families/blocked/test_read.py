"""Task graphs that are wrong, and blocks that no worker holds."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.small_blocked import EDGES, TASKS, folder

import serflow_opt as so

MATRIX = '[matrix]\nalgorithm = "cholesky"\nrows = 100\nblock = [10]\n'


@pytest.mark.parametrize(
    ("old", "new", "tasks", "edges", "said"),
    [
        ("", "", TASKS, EDGES + "left,load\n", "wait for each other: load, left"),
        ("", "", TASKS, EDGES + "left,rigth\n", "no such task"),
        ("", "", TASKS + "left,1,0,0\n", EDGES, "'left' twice"),
        ("[1, 2]", "[0]", TASKS, EDGES, "workers"),
        ("[graph]", MATRIX + "[graph]", TASKS, EDGES, "either \\[matrix\\] or \\[graph\\]"),
        (
            '[graph]\ntasks = "tasks.csv"\nedges = "edges.csv"',
            MATRIX.replace("[10]", "[200]"),
            TASKS,
            EDGES,
            "at most 100",
        ),
        (
            '[graph]\ntasks = "tasks.csv"\nedges = "edges.csv"',
            "tasks_max = 99\n" + MATRIX,
            TASKS,
            EDGES,
            "10 blocks a side, 220",
        ),
        (
            '[graph]\ntasks = "tasks.csv"\nedges = "edges.csv"',
            MATRIX.replace("block", "columns = 9\nblock"),
            TASKS,
            EDGES,
            "square",
        ),
        ("usd_per_hour = 3.6", "", TASKS, EDGES, "usd_per_hour"),
        ("usd_per_hour = 3.6", 'vm = "c6i.lagre"', TASKS, EDGES, "c6i.large"),
    ],
)
def test_bad_input(tmp_path: Path, old: str, new: str, tasks: str, edges: str, said: str) -> None:
    """Cycles, unknown tasks, graphs beyond all measure and mistyped machines are named before anything is planned."""
    with pytest.raises(so.InputError, match=said):
        so.load(folder(tmp_path, old, new, tasks, edges))


def test_blocks_that_no_worker_holds(tmp_path: Path) -> None:
    """Four blocks of 512 rows are 8 MB."""
    given = MATRIX.replace("100", "1024").replace("[10]", "[512]")
    own = folder(tmp_path, '[graph]\ntasks = "tasks.csv"\nedges = "edges.csv"', given)
    text = (own / "instance.toml").read_text()
    (own / "instance.toml").write_text(text + "memory_mb = 7\n")
    with pytest.raises(so.InputError, match="4 blocks take 8 MB"):
        so.load(own)
