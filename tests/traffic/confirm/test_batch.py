"""Batches of requests on a line of blocks, against a simulator of plain lines and by first come, first served."""

from __future__ import annotations

import math

import numpy as np
import pytest
from oracles.batch_lines import drawn, plainly

from serflow_opt.traffic.confirm.batch import FixedPools
from serflow_opt.traffic.service import Block, Function, Machine, Service
from serflow_opt.traffic.simulate.requests import Requests, leaving
from serflow_opt.traffic.simulate.service_times import Law

# the midpoints of 10,000 equally likely parts of an exponential distribution; its mean is 1, its second moment 1.9986
EXPONENTIAL = Law.of(-np.log1p(-(np.arange(10_000) + 0.5) / 10_000), 0.0)


def block(function: Function | None = None, first: int = 0, last: int = 0, hop_s: float = 0.0) -> Block:
    """Machines of one worker that take a second."""
    seconds = (1.0,) * (last - first + 2)
    return Block(first, last, (Machine("vm", 1.0, 1, seconds, sends=False),), function, hop_s)


def test_other_counts_meet_the_same_requests() -> None:
    """First come, first served: with a worker more nobody waits longer, whatever the blocks behind."""
    blocks = (block(last=1), block(first=2, last=2, hop_s=0.1))
    service = Service("tandem", blocks, (0.2, 0.3, 0.5), (math.nan,) * 3)
    fewer, more = (
        FixedPools(service, workers, (None, None), (0.0, 0.0), EXPONENTIAL).run(3.0, (7, 2, 0), 0, 3000, 0)
        for workers in ((4, 2), (5, 3))
    )
    assert (more.latency[:50] <= fewer.latency[:50] + 1e-9).mean() > 0.9
    assert more.waited.mean() < fewer.waited.mean()
    np.testing.assert_allclose((more.latency - more.waited), (fewer.latency - fewer.waited), atol=1e-6)


def test_batches_request_by_request() -> None:
    """As a simulator of a few plain lines has it."""
    rng = np.random.default_rng(5)
    for n in range(20):
        service, counts = drawn(rng)
        key, rate, number = (7, n, 0), float(rng.uniform(20, 200)), 150
        workers = tuple(count * b.machines[0].workers for count, b in zip(counts, service.blocks, strict=True))
        found = FixedPools(service, workers, (None, None), (0.0, 0.0), Law()).run(rate, key, 0, number, 0)
        times = np.cumsum(np.random.default_rng([*key, 1]).standard_exponential(number)) / rate
        exits = leaving(service, number, np.random.default_rng([*key, 2]))[0]
        requests = Requests(times, exits, np.ones(number, np.int8))
        assert found.latency == pytest.approx(plainly(service, requests, counts), abs=1e-9)
