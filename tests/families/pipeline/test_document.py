"""Networks and workers that cannot make a pipeline."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from support.small_pipeline import ROWS, folder

import serflow_opt as so
from serflow_opt.errors import InputError


@pytest.mark.parametrize(
    ("rows", "workers", "changes", "said"),
    [
        ("1,a,1,1,10,10\n3,b,1,1,10,10\n", "", {}, "a layer is missing"),
        ("1,a,0,0,10,10\n", "", {}, "no layer takes time"),
        ("1,a,-1,1,10,10\n", "", {}, "of at least 0"),
        (ROWS, "", {"batch": 0}, "batch"),
        (ROWS, '[[worker]]\nname = "w"\ncount = 0\nbandwidth_mbit_s = 8\n', {}, "count"),
        (ROWS, '[[worker]]\nname = "w"\ncount = 1\n', {}, "bandwidth_mbit_s"),
        (ROWS, '[[worker]]\nname = "w"\ncount = 1\nbandwidth_mbit_s = 8\n' * 2, {}, "'w' twice"),
        (ROWS, "".join(f'[[worker]]\nname = "{k}"\ncount = 99\nbandwidth_mbit_s = 8\n' for k in "ab"), {}, "fewer"),
    ],
)
def test_bad_input(tmp_path: Path, rows: str, workers: str, changes: dict[str, Any], said: str) -> None:
    """Rows that are missing or negative and workers that cannot be are named with the place and the cure."""
    with pytest.raises(InputError, match=said):
        so.load(folder(tmp_path, rows, workers, **changes))


def test_layers_that_fit_nowhere_are_named(tmp_path: Path) -> None:
    """A layer larger than any worker is named with its size, so that the user knows what to buy."""
    workers = '[[worker]]\nname = "w"\ncount = 2\nbandwidth_mbit_s = 8\nmemory_gb = 0.001\n'
    found = so.solve(so.load(folder(tmp_path, "1,a,1,1,10,10\n2,b,1,1,10,5e6\n", workers)))
    assert found.status == "infeasible"
    assert "layer 2 (b) needs 5 MB, the largest worker has 1" in " ".join(found.notes)


def test_times_measured_on_each_type(tmp_path: Path) -> None:
    """2 and 3 ms by the table on a, 10 and 1 ms measured on b: the first layer on a, the second on b."""
    workers = "".join(
        f'[[worker]]\nname = "{own}"\ncount = 1\nbandwidth_mbit_s = 1e9\n{more}'
        for own, more in (("a", ""), ("b", 'times = "b"\n'))
    )
    (tmp_path / "times.csv").write_text("layer,worker,forward_ms,backward_ms\n1,b,3,7\n2,b,0.5,0.5\n")
    found = so.solve(so.load(folder(tmp_path, ROWS, workers, times="times.csv")))
    assert found.plan is not None
    assert [own["worker"] for own in found.plan["stages"]] == ["a", "b"]
    assert [own["computing_ms"] for own in found.plan["stages"]] == pytest.approx([2.0, 1.0])
    with pytest.raises(InputError, match=r"worker 'b'\.times"):
        so.load(folder(tmp_path, ROWS, workers))
