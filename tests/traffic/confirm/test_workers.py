"""Who gets a worker when, against the simulator of whole traces, in which machines come and go."""

from __future__ import annotations

import numpy as np
import pytest

from serflow_opt.traffic.confirm.workers import starts
from serflow_opt.traffic.service import Block, Function, Machine
from serflow_opt.traffic.simulate.faults import Faults
from serflow_opt.traffic.simulate.pool import Pool

FUNCTION = Function("function", (1.0, 1.0), usd_per_s=0.0, usd_per_request=0.0)


def in_pool(times: list[float], holds: list[float], workers: int, queue_max: int | None) -> list[float]:
    """Starts as the pool of machines has them; NaN for calls of the function."""
    machine = Machine("vm", 0.0, 1, (1.0, 1.0))
    pool = Pool(Block(0, 0, (machine,), None if queue_max is None else FUNCTION), Faults(), None)
    pool.fleet.want({"vm": workers}, 0.0, Faults())
    pool.queue_max = queue_max or 0
    pool.arrive(range(len(times)), times, [holds], [1.0] * len(times), None)
    pool.advance(float("inf"))
    begun = [float("nan")] * len(times)
    for j in pool.at_once[0]:
        begun[j] = times[j]
    for j, start in zip(*pool.later[:2], strict=True):
        begun[j] = start
    return begun


@pytest.mark.parametrize("queue_max", [None, 0, 1, 3])
@pytest.mark.parametrize("workers", [1, 2, 5])
@pytest.mark.parametrize("whole", [True, False])  # whole seconds: much happens at one moment
def test_starts_are_those_of_the_pool(workers: int, queue_max: int | None, whole: bool) -> None:
    """The short loop gives each request the moment that the simulator of whole traces gives it."""
    rng = np.random.default_rng(workers)
    for _ in range(20):
        times, holds = np.sort(rng.random(60) * 30), rng.random(60) * workers
        if whole:
            times, holds = np.floor(times), np.ceil(holds)
        expected = in_pool(times.tolist(), holds.tolist(), workers, queue_max)
        np.testing.assert_allclose(starts(times, holds, workers, queue_max), expected, rtol=0, atol=1e-9)


def test_without_workers_all_go_elsewhere() -> None:
    """Where there is no worker nobody starts."""
    assert np.isnan(starts(np.arange(3.0), np.ones(3), 0, 5)).all()
