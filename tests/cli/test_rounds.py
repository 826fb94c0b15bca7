"""The command `rounds`."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from support.helpers import run

from serflow_opt.profiling.convex import ALGORITHMS


def test_the_command_writes_what_jobs_read(tmp_path: Path) -> None:
    """A table with a row for each algorithm; numbers of workers that are none are refused."""
    data, out, draw = tmp_path / "data.npz", tmp_path / "rounds.csv", np.random.default_rng(0)
    inputs = draw.normal(size=(200, 3))
    np.savez(data, inputs=inputs, labels=(inputs.sum(axis=1) + draw.normal(size=200) > 0).astype(int))
    assert run("rounds", data, "--workers", "2", "--within", "0.1", "--rounds-max", "300", "--out", out).code == 0
    lines = out.read_text().splitlines()
    assert lines[0] == "algorithm,workers,rounds,passes"
    assert [line.split(",")[0] for line in lines[1:]] == list(ALGORITHMS)
    for wrong in ("two", "99"):
        assert run("rounds", data, "--workers", wrong).code == 2
