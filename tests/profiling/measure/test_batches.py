"""Times by batch: a table that does not fall, a fit by hand, and what stages hold, counted by hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")

import torch
from torch import nn

from serflow_opt.profiling.measure.batches import Rising, held_bytes, rising, write_batches, write_fit, write_memory
from serflow_opt.profiling.measure.timing import StageTimes
from serflow_opt.profiling.stages.network import MultiExit


def timed(batch: int, *means: float) -> StageTimes:
    return StageTimes(1, batch, np.array([means, means]))


def test_times_do_not_fall() -> None:
    """What was quicker in a larger batch is put together with its neighbours, until nothing falls."""
    first, second = rising([timed(4, 0.006, 0.001), timed(1, 0.001, 0.003), timed(2, 0.008, 0.002)])
    assert (first.sizes, first.seconds, first.evened) == ((1, 2, 4), pytest.approx((0.001, 0.007, 0.007)), True)
    assert second.seconds == pytest.approx((0.002, 0.002, 0.002))
    assert not rising([timed(1, 0.001), timed(2, 0.001)])[0].evened


def test_fixed_and_per_request_parts() -> None:
    """A line is found as it is; what would fall below 0 is left out; the residual is of the size that fits worst."""
    line = Rising(1, "1-thread", (1, 2, 8), (0.003, 0.004, 0.010), evened=False).fit
    assert (line.fixed_s, line.per_request_s, line.worst) == pytest.approx((0.002, 0.001, 0), abs=1e-12)
    steep = Rising(1, "1-thread", (1, 2), (0.001, 0.004), evened=False).fit
    # t = c n: (c/1 - 1)^2 + (2c/4 - 1)^2 is least at c = 1.5/1.25 = 1.2
    assert (steep.fixed_s, steep.per_request_s, steep.worst) == pytest.approx((0, 0.0012, -0.4))


def test_what_stages_hold(tmp_path: Path) -> None:
    """64 inputs of 3: at once a stage's input, product and ReLU; weights do not count."""
    stages = [nn.Sequential(nn.Linear(3, 100), nn.ReLU()), nn.Linear(100, 5)]
    network = MultiExit(stages, {2: nn.Identity()})
    inputs = torch.zeros(64, 3)
    first, last = held_bytes(network, inputs)
    assert first == 64 * 4 * (3 + 100 + 100)
    assert last >= 64 * 4 * (100 + 5)
    assert held_bytes(network, inputs[:1])[0] == first / 64
    most = write_memory(network, lambda n: torch.zeros(1, 3), (1, 2), tmp_path / "memory.csv")
    assert (tmp_path / "memory.csv").read_text(encoding="utf-8").startswith("stage,batch,held_bytes\n1,1,812\n2,1,")
    assert most[2] == 2 * most[1]


def test_tables_are_read_as_stage_times(tmp_path: Path) -> None:
    """The files hold times and fit of each batch, to the digit."""
    measured = rising([timed(1, 0.001), timed(2, 0.0015)])
    write_batches(measured, tmp_path / "b.csv")
    assert (tmp_path / "b.csv").read_text(encoding="utf-8") == (
        "stage,option,batch,mean_ms\n1,1-thread,1,1\n1,1-thread,2,1.5\n"
    )
    write_fit(measured, tmp_path / "f.csv")
    assert (tmp_path / "f.csv").read_text(encoding="utf-8") == (
        "stage,option,fixed_ms,per_request_ms,worst_residual\n1,1-thread,0.5,0.5,+0.0000\n"
    )
