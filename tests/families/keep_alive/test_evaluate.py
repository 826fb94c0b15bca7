"""The witness of windows: every idle time on its own."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from support.idle_times import by_hand, drawn, write

import serflow_opt as so
from serflow_opt.families.keep_alive.family import KEEP_ALIVE
from serflow_opt.families.keep_alive.problem import KeepAliveWindow


@pytest.mark.parametrize("seed", range(20))
def test_the_witness_says_what_each_idle_time_says(tmp_path: Path, seed: int) -> None:
    """Of any window."""
    times, draw = drawn(seed), random.Random(seed)
    problem = so.load(write(tmp_path, times, resolution_s=0.5))
    opens = draw.choice([0.0, draw.uniform(0, 20)])
    ends = opens + draw.uniform(0, 20)
    values = KEEP_ALIVE.evaluate(problem, KeepAliveWindow(opens, ends)).values
    assert (values["idle"], values["cold"]) == pytest.approx(by_hand(times, opens, ends, 0.5), abs=1e-12)
