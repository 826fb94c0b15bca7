"""The simulator against queueing theory: mean waits and losses of queues whose formulas are known.

Each mean has a confidence interval from batch means, with z = 4; seeds are fixed.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from serflow_opt.traffic.demand.trace import Trace
from serflow_opt.traffic.scaling_policy import Orders, Seen
from serflow_opt.traffic.service import Block, Function, Machine, Service
from serflow_opt.traffic.simulate.result import Simulation
from serflow_opt.traffic.simulate.simulate import simulate

SECONDS = 40_000
BATCHES = 25
WARM_UP = 0.1  # of the trace: it starts empty
Z = 4.0
# the midpoints of 100,000 equally likely parts of an exponential distribution; their second moment is within 0.02%
EXPONENTIAL = -np.log1p(-(np.arange(100_000) + 0.5) / 100_000)


@dataclass
class Fixed:
    """So many machines, and so much room to wait."""

    machines: int
    queue_max: int = 0
    name: str = "fixed"
    every_s: float = 60.0

    def decide(self, seen: Seen) -> Orders:
        del seen
        return Orders(({"vm": self.machines},), (self.queue_max,))


def run(rate: int, policy: Fixed, workers: int = 1, overflow: Function | None = None, **more: Any) -> Simulation:
    """Poisson arrivals of so many a second at machines that take a second on average."""
    block = Block(0, 0, (Machine("vm", 1.0, workers, (1.0, 1.0)),), overflow)
    trace = Trace(np.full(SECONDS, rate, np.int64), 1.0, np.ones(SECONDS))
    service = Service("queue", (block,), (1.0,), (math.nan,))
    return simulate(service, trace, policy, arrivals="poisson", period_s=SECONDS / 1000, **more)


def slowed(rate: float, policy: Fixed, overflow: Function | None = None, **more: Any) -> Simulation:
    """The same with less than one request in a service time: the load of all workers together is `rate`."""
    block = Block(0, 0, (Machine("vm", 1.0, 1, (rate, rate)),), overflow)
    trace = Trace(np.ones(6 * SECONDS, np.int64), 1.0, np.ones(6 * SECONDS))
    return simulate(Service("queue", (block,), (1.0,), (math.nan,)), trace, policy, arrivals="poisson", **more)


def close(values: np.ndarray, expected: float, weights: np.ndarray | None = None) -> bool:
    """Whether a mean is within the interval that the means of batches, one after the other, put around it."""
    values = values[int(len(values) * WARM_UP) :].astype(float)
    if weights is None:
        means = np.array([batch.mean() for batch in np.array_split(values, BATCHES)])
    else:
        weights = weights[int(len(weights) * WARM_UP) :]
        pairs = zip(np.array_split(values, BATCHES), np.array_split(weights, BATCHES), strict=True)
        means = np.array([a.sum() / b.sum() for a, b in pairs])
    half = Z * means.std(ddof=1) / math.sqrt(BATCHES)
    assert half < 0.25 * abs(expected)  # or else it says nothing
    return bool(abs(means.mean() - expected) <= half)


def erlang_b(servers: int, load: float) -> float:
    """The share that finds all servers busy and goes elsewhere, by the sum that defines it."""
    terms = [load**k / math.factorial(k) for k in range(servers + 1)]
    return terms[-1] / math.fsum(terms)


def erlang_c(servers: int, load: float) -> float:
    """The share that waits."""
    top = load**servers / math.factorial(servers) * servers / (servers - load)
    return top / (math.fsum(load**k / math.factorial(k) for k in range(servers)) + top)


@pytest.mark.parametrize(("machines", "workers", "rate"), [(2, 2, 3), (5, 2, 8), (1, 10, 9)])
def test_several_exponential_servers(machines: int, workers: int, rate: int) -> None:
    """M/M/c: mean wait C / (c μ - λ)."""
    found = run(rate, Fixed(machines), workers, times=EXPONENTIAL)
    servers = machines * workers
    wait = erlang_c(servers, rate) / (servers - rate)
    assert close(found.latency, 1 + wait)
    assert found.utilisation == pytest.approx(rate / servers, rel=0.02)


@pytest.mark.parametrize("load", [0.3, 0.6, 0.8])
def test_one_server_with_fixed_times(load: float) -> None:
    """M/D/1, Pollaczek-Khinchine: mean wait ρ s / (2 (1 - ρ))."""
    assert close(slowed(load, Fixed(1)).latency - load, load * load / (2 * (1 - load)))


@pytest.mark.parametrize(("load", "cv"), [(0.5, 0.5), (0.6, 1.0), (0.7, 0.5)])
def test_one_server_with_lognormal_times(load: float, cv: float) -> None:
    """M/G/1, Pollaczek-Khinchine: mean wait ρ s (1 + cv²) / (2 (1 - ρ))."""
    found = slowed(load, Fixed(1), times="lognormal", cv=cv)
    assert close(found.latency, load + load * load * (1 + cv * cv) / (2 * (1 - load)))


def test_one_exponential_server_waits_by_its_distribution() -> None:
    """M/M/1: times from arrival to answer are exponential with mean s / (1 - ρ)."""
    latency = slowed(0.5, Fixed(1), times=EXPONENTIAL).latency
    for share in (0.5, 0.1, 0.02):
        assert close(latency > -math.log(share), share)


@pytest.mark.parametrize(("times", "servers", "rate"), [("fixed", 10, 8), ("lognormal", 4, 3), ("pareto", 6, 6)])
def test_what_finds_no_worker_overflows(times: str, servers: int, rate: int) -> None:
    """M/G/c/c, Erlang B, whatever the law of service times."""
    found = run(
        rate, Fixed(servers), overflow=Function("f", (1.0, 1.0), usd_per_s=1.0, usd_per_request=0.0), times=times
    )
    frame = found.to_frame()[:1000]
    assert close(frame["function_requests"].to_numpy(), erlang_b(servers, rate), frame["arrivals"].to_numpy())
    assert set(frame["dropped"]) == {0}


def test_room_to_wait_is_limited() -> None:
    """M/M/1/K: share (1 - ρ) ρ^K / (1 - ρ^(K + 1)) overflows."""
    load, room = 0.8, 3
    found = slowed(
        load, Fixed(1, room), overflow=Function("f", (1.0, 1.0), usd_per_s=1.0, usd_per_request=0.0), times=EXPONENTIAL
    )
    frame, k = found.to_frame()[: SECONDS // 10], room + 1
    expected = (1 - load) * load**k / (1 - load ** (k + 1))
    assert close(frame["function_requests"].to_numpy(), expected, frame["arrivals"].to_numpy())


def test_functions_hold_as_many_requests_as_arrive_while_they_work() -> None:
    """M/G/∞: with room for c at once, Erlang B is refused."""
    function = Function("f", (1.0, 1.0), usd_per_s=1.0, usd_per_request=0.0, concurrency_max=5)
    found = run(4, Fixed(0), overflow=function, times="lognormal")
    frame = found.to_frame()[:1000]
    assert close(frame["dropped"].to_numpy(), erlang_b(5, 4), frame["arrivals"].to_numpy())
    assert found.throttled == (found.dropped["throttled"],)
