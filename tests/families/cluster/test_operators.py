"""Times of networks of operators by hand."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.small_cluster import small

import serflow_opt as so


def test_operators_add_up_along_the_longest_way(tmp_path: Path) -> None:
    """3 x 10 ms, then 40 ms beside 2 x 25 ms, then 10 ms: 90 ms, times a safety of 1.1."""
    steps = """operators = "ops.csv"
safety = 1.1
step = [
  { operator = "conv", calls = 3 },
  { operator = "left" },
  { operator = "right", calls = 2, after = ["conv"] },
  { operator = "conv", name = "join", after = ["left", "right"] },
]
"""
    folder = small(tmp_path, 'profiles = "p.csv"\n', steps)
    rows = ["operator,batch,ms,cpu_cores", "conv,1,10,1", "left,1,40,1", "right,1,25,1", "conv,2,15,1"]
    (folder / "ops.csv").write_text("\n".join(rows), encoding="utf-8")
    (config,) = so.load(folder).data.configs
    assert (config.batch, config.time_s) == (1, pytest.approx(0.099))
