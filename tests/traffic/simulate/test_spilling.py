"""Batches that go to a function in several calls each, by hand."""

from __future__ import annotations

import numpy as np
import pytest

from serflow_opt.traffic.confirm.batch import FixedPools
from serflow_opt.traffic.control.baselines import Fixed
from serflow_opt.traffic.demand.trace import Trace
from serflow_opt.traffic.service import Block, Function, Machine, Service
from serflow_opt.traffic.simulate.faults import Faults
from serflow_opt.traffic.simulate.requests import Requests
from serflow_opt.traffic.simulate.service_times import Law
from serflow_opt.traffic.simulate.simulate import simulate

MACHINE = Machine("m", 0.0, 1, (0.1, 0.2, 0.2), stage_s=((0.1,) * 3, (0.1,) * 3))
CALLS = ((0.010, 0.012), (0.020, 0.023))


def function(calls: int, **keys: float) -> Function:
    """Two stages of 10 and 20 ms for one request; calls of up to so many."""
    stages = () if calls == 1 else CALLS
    return Function(name="f", usd_per_s=1.0, usd_per_request=0.5, seconds=(0.01, 0.03, 0.03), stage_s=stages, **keys)


def service(calls: int, **keys: float) -> Service:
    """One block, batches of 3 within 5 ms, one machine."""
    block = Block(0, 1, (MACHINE,), function(calls, **keys), batch=3, batch_wait_s=0.005)
    return Service("s", (block,), (0.5, 0.5), (1.0, 1.0))


def sent() -> Requests:
    """Two batches of three: the first takes the machine, the second finds it busy. Its first request leaves early."""
    moments, exits = np.array([0.0, 0.001, 0.002, 0.01, 0.011, 0.012]), [1, 1, 1, 0, 1, 1]
    return Requests(moments, np.array(exits, np.int16), np.ones(6, np.int8))


def simulated(own: Service, **keys: object):  # type: ignore[no-untyped-def]
    trace = Trace(np.array([6]), 10.0, np.array([10.0]))
    return simulate(own, trace, Fixed(own, (1,)), requests=sent(), **keys)  # type: ignore[arg-type]


def test_calls_of_two_and_the_rest() -> None:
    """The second batch closes at 12 ms: two requests in a call, of which one leaves, and the third in another."""
    found = simulated(service(2))
    first = [0.202, 0.201, 0.2]
    assert found.latency == pytest.approx([*first, 0.002 + 0.012, 0.001 + 0.012 + 0.020, 0.030], abs=1e-7)
    assert found.by_function == (3,)
    assert found.usd["functions"] == pytest.approx(2 * 0.5 + (0.012 + 0.020) + 0.030)


def test_requests_one_by_one() -> None:
    """A function without times by batch takes each request by itself."""
    found = simulated(service(1))
    assert found.latency[3:] == pytest.approx([0.002 + 0.010, 0.001 + 0.030, 0.030], abs=1e-7)
    assert found.usd["functions"] == pytest.approx(3 * 0.5 + 0.010 + 0.030 + 0.030)
    assert found.cold_starts == (3,)


def test_environments_of_its_calls_are_kept_warm() -> None:
    """Two from 0 s on: the call of two and that of one meet a warm one each, as 2 x 1 ms and the starts are over."""
    own = service(2, cold_start_s=0.001)
    policy = Fixed(own, (1,), keep_warm=(2,))
    later = Requests(sent().times + 1.0, sent().exits, sent().right)
    found = simulate(own, Trace(np.array([6]), 10.0, np.array([10.0])), policy, requests=later)
    assert (found.warm_calls, found.warm_cold, found.cold_starts) == ((2,), (2,), (0,))
    assert found.usd_warm == pytest.approx(2 * 0.5 + 2 * 0.002)
    assert simulated(own).cold_starts == (2,)


def test_calls_at_one_moment_need_environments_of_their_own() -> None:
    """Three calls at once are three cold starts, of 50 ms each; where one is allowed at once, two are refused."""
    found = simulated(service(1, cold_start_s=0.05))
    assert found.latency[3:] == pytest.approx([0.062, 0.081, 0.080], abs=1e-7)
    few = simulated(service(1, concurrency_max=1))
    assert few.dropped["throttled"] == 2
    assert few.throttled == (2,)
    assert few.served == 4
    assert simulated(service(1), faults=Faults(throttle=((0.0, 1.0, 2),))).dropped["throttled"] == 1


@pytest.mark.parametrize("calls", [1, 2])
def test_what_confirms_goes_by_the_same_rule(calls: int) -> None:
    """The simulation that confirms a deployment comes to the same shares and latencies at a steady rate."""
    own = service(calls)
    line = FixedPools(own, (1,), (0,), (0.0,), Law())
    batch = line.run(30.0, [0, 1, 2], 200, 20_000, 200)
    arrivals = np.random.default_rng(3).poisson(30.0, 700).astype(np.int64)
    found = simulate(own, Trace(arrivals, 1.0, np.ones(700)), Fixed(own, (1,)), seed=4)
    assert batch.on_function[0] / batch.entered[0] == pytest.approx(found.by_function[0] / found.arrivals, rel=0.02)
    assert float(batch.latency.mean()) == pytest.approx(float(found.latency.mean()), rel=0.02)
