"""Confirmations against queues whose formulas are known, and against the simulator of whole traces."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pytest

from serflow_opt.ground.deadline import Deadline
from serflow_opt.ground.kept import decode, encode
from serflow_opt.traffic.confirm.confirm import confirm
from serflow_opt.traffic.confirm.result import Confirmation, LatencyTarget
from serflow_opt.traffic.control.baselines import Fixed
from serflow_opt.traffic.demand.rates import Rates
from serflow_opt.traffic.demand.trace import Trace
from serflow_opt.traffic.service import Block, Function, Machine, Service
from serflow_opt.traffic.simulate.service_times import Law
from serflow_opt.traffic.simulate.simulate import simulate

# the midpoints of 10,000 equally likely parts of an exponential distribution; its mean is 1, its second moment 1.9986
EXPONENTIAL = Law.of(-np.log1p(-(np.arange(10_000) + 0.5) / 10_000), 0.0)


def block(function: Function | None = None, first: int = 0, last: int = 0, hop_s: float = 0.0) -> Block:
    """Machines of one worker that take a second."""
    seconds = (1.0,) * (last - first + 2)
    return Block(first, last, (Machine("vm", 1.0, 1, seconds, sends=False),), function, hop_s)


def queue(function: Function | None = None) -> Service:
    return Service("queue", (block(function),), (1.0,), (math.nan,))


def asked(service: Service, counts: list[int], rate: float | Rates, target: LatencyTarget, **more: Any) -> Confirmation:
    n = len(counts)
    demand = rate if isinstance(rate, Rates) else Rates.steady(rate)
    given: dict[str, Any] = {"queue_max": [None] * n, "cold_shares": [0.0] * n} | more
    return confirm(service, counts, demand, target=target, **given)


def share(slo_s: float, late: float) -> LatencyTarget:
    return LatencyTarget("share", slo_s, late)


def test_one_worker_and_exponential_times() -> None:
    """The time in M/M/1 is exponential with rate 1 - 0.8: e^-2 of the requests take more than 10 s, the mean is 5."""
    for late, verdict in ((0.17, "kept"), (0.10, "broken")):
        found = asked(queue(), [1], 0.8, share(10.0, late), law=EXPONENTIAL)
        assert (found.verdict, found.low <= math.exp(-2) <= found.high) == (verdict, True)
    for slo_s, verdict in ((6.0, "kept"), (4.0, "broken")):
        found = asked(queue(), [1], 0.8, LatencyTarget("mean", slo_s), law=EXPONENTIAL)
        assert (found.verdict, found.low <= 5.0 <= found.high) == (verdict, True)


def test_one_worker_and_fixed_times() -> None:
    """M/D/1 at half load waits 1/2 service time on average."""
    found = asked(queue(), [1], 0.5, LatencyTarget("mean", 1.5), most_requests=400_000)
    assert found.verdict == "undecided"  # it is just the limit
    assert "at the limit" in found.note
    assert found.within <= 0.01
    assert found.said.startswith("within 0.")
    assert found.low <= 1.5 <= found.high
    assert found.high - found.low < 0.05
    assert found.waited_s == pytest.approx(found.value - 1)


def test_who_finds_no_worker_goes_to_the_function() -> None:
    """Erlang's formula with 3 workers and a load of 2: (8/6) / (1 + 2 + 4/2 + 8/6) = 4/19; there 3 s instead of 1."""
    found = asked(
        queue(Function("f", (3.0, 3.0), usd_per_s=0.0, usd_per_request=0.0)), [3], 2.0, share(2.0, 0.25), queue_max=[0]
    )
    assert found.verdict == "kept"
    assert found.low <= 4 / 19 <= found.high
    assert found.on_function[0] == pytest.approx(found.value)
    assert found.waited_s == 0


def test_few_may_wait() -> None:
    """M/M/1 with room for 2 that wait and a load of 1: all of 4 states are equally likely, 1/4 goes elsewhere."""
    service = queue(Function("f", (0.0, 0.0), usd_per_s=0.0, usd_per_request=0.0))
    found = asked(service, [1], 1.0, LatencyTarget("mean", 1.4), queue_max=[2], law=EXPONENTIAL)
    assert found.low <= (1 + 2 + 3) / 4 <= found.high  # services that each of those who join sees until it is done
    assert found.on_function[0] == pytest.approx(0.25, abs=0.02)


def test_two_workers_one_behind_the_other() -> None:
    """Departures of M/M/1 are Poisson: times of both are independent (Burke, Reich); (1 + x) e^-x with x = 0.4 t."""
    blocks = (block(), block(first=1, last=1, hop_s=0.25))
    service = Service("tandem", blocks, (0.0, 1.0), (math.nan, math.nan))
    exact = (1 + 4) * math.exp(-4)  # 10 s after the hand-over
    found = asked(service, [1, 1], 0.6, share(10.25, 0.12), law=EXPONENTIAL)
    assert found.verdict == "kept"
    assert found.low <= exact <= found.high
    assert found.waited_s == pytest.approx(2 * 1.5, rel=0.25)


def test_cold_starts_and_functions_alone() -> None:
    """Cold starts make late as many as meet one, where functions serve alone, too."""
    service = queue(Function("f", (1.0, 1.0), usd_per_s=0.0, usd_per_request=0.0, cold_start_s=5.0))
    found = asked(service, [0], 50.0, share(3.0, 0.03), cold_shares=[0.02])
    assert found.verdict == "kept"
    assert found.low <= 0.02 <= found.high
    assert asked(service, [0], 50.0, share(0.5, 0.03), cold_shares=[0.02]).verdict == "broken"


def test_nobody_late_takes_more_requests_to_believe_where_fewer_may_be_late() -> None:
    """Of n without a late one, a share above log(100)/n is out of question at 99 %, not one below."""
    requests = [asked(queue(), [40], 1.0, share(3.0, late)).requests for late in (1e-2, 1e-4)]
    assert requests[0] < 50_000
    assert requests[1] > math.log(100) / 1e-4


def test_rates_weigh_by_their_requests() -> None:
    """Two thirds of the requests come at the rate at which all go to the slow function, in half of the time."""
    service = queue(Function("f", (9.0, 9.0), usd_per_s=0.0, usd_per_request=0.0))
    demand = Rates(np.array([0.0, 1e-3, 2e-3]), np.array([0.2, 0.4, 0.4]))
    found = asked(service, [0], demand, share(8.0, 1.0))
    assert found.value == 1
    # Erlang with one worker: a / (1 + a) at each rate
    exact = (0.5 * 1 * 0.5 / 1.5 + 0.5 * 2 * 1 / 2) / 1.5
    found = asked(service, [1], Rates(np.array([0.5, 1.0]), np.array([0.5, 0.5])), share(8.0, 0.5), queue_max=[0])
    assert found.low <= exact <= found.high


def test_more_work_than_machines_can_do() -> None:
    """Where queues grow for ever the promise is broken without a single simulated request."""
    demand = Rates(np.array([0.5, 2.0]), np.array([0.99, 0.01]))
    found = asked(queue(), [2], demand, share(10.0, 0.5))
    assert (found.verdict, found.requests) == ("broken", 0)
    assert "block 1" in found.note
    assert asked(queue(), [0], 1.0, share(10.0, 0.5)).verdict == "broken"
    json.dumps(found.to_dict(), allow_nan=False)


def test_near_full_load_nothing_is_confirmed_on_a_warm_up_cut_short() -> None:
    """Near full load the start from empty is forgotten too late: no verdict is better than a rosy one."""
    found = asked(queue(), [1], 0.999, share(1e4, 0.05), most_requests=50_000)
    assert found.verdict == "undecided"
    assert "warm-up" in asked(queue(), [1], 0.999, share(1e4, 1.0), most_requests=50_000).note


def test_time_is_up() -> None:
    """Without time there is no verdict, and the document says why."""
    found = asked(queue(), [1], 0.5, share(1.0, 0.5), deadline=Deadline(0.0))
    assert (found.verdict, found.requests, found.note) == ("undecided", 0, "time is up")
    json.dumps(found.to_dict(), allow_nan=False)


def test_the_same_question_has_the_same_answer_also_from_a_file() -> None:
    """A verdict can be had again from its seed, and survives being saved."""
    one, two = (asked(queue(), [1], 0.8, share(10.0, 0.2), seed=3) for _ in range(2))
    assert one == two == decode(json.loads(json.dumps(encode(one))))


def test_against_the_simulator_of_traces() -> None:
    """Two blocks, half of the requests leave early, a hand-over holds the worker, the second block overflows."""
    first = Block(0, 1, (Machine("vm", 1.0, 2, (0.5, 1.0, 1.0)),), None)
    cloud = Function("f", (0.8, 0.8), usd_per_s=0.0, usd_per_request=0.0)
    second = Block(2, 2, (Machine("vm", 1.0, 1, (0.6, 0.6)),), cloud, hop_s=0.2)
    service = Service("two", (first, second), (0.3, 0.2, 0.5), (math.nan,) * 3, slo_s=3.0)
    seconds = 25_000
    trace = Trace(np.full(seconds, 4, np.int64), 1.0, np.ones(seconds))
    ran = simulate(service, trace, Fixed(service, (2, 1)), times="lognormal", cv=0.7, arrivals="poisson")
    batches = [part.mean() for part in np.array_split(ran.latency[5000:] > 3.0, 25)]
    half = 4 * np.std(batches, ddof=1) / 5
    found = asked(service, [2, 1], 4.0, share(3.0, 0.9), queue_max=[None, 0], law=Law("lognormal", 0.7))
    exact = asked(
        service,
        [2, 1],
        4.0,
        share(3.0, float(np.mean(batches))),
        queue_max=[None, 0],
        law=Law("lognormal", 0.7),
        most_requests=300_000,
    )
    assert found.verdict == "kept"
    assert found.on_function[1] == pytest.approx(ran.by_function[1] / ran.entered[1], rel=0.1)
    assert exact.low - half <= np.mean(batches) <= exact.high + half


def test_the_interval_holds_as_often_as_it_says() -> None:
    """Of 60 intervals at 80 %, in M/M/1 with the limit at the true share, at least 48 less three deviations hold it."""
    exact = math.exp(-0.5 * 4)
    held = 0
    for seed in range(60):
        found = asked(
            queue(), [1], 0.5, share(4.0, exact), seed=seed, confidence=0.8, most_requests=40_000, law=EXPONENTIAL
        )
        held += found.low <= exact <= found.high
    assert held >= 48 - 3 * math.sqrt(60 * 0.8 * 0.2)


def test_a_machine_that_serves_batches_as_they_come() -> None:
    """Two at a time, one second for any: at most 2 a second. Alone half a second of waiting is what 1 a second pay."""
    each = Machine("vm", 1.0, 1, (1.0, 1.0), stage_s=((1.0, 1.0),))
    service = Service("pairs", (Block(0, 0, (each,), None, batch=2, batch_wait_s=1e6),), (1.0,), (math.nan,))
    # pairs come as Erlang-2: the first of each waits 1 s on average; G/D/1 at half load waits less than M/D/1's 1/2 s
    found = asked(service, [1], 1.0, LatencyTarget("mean", 1.0 + 0.5 + 0.5))
    assert found.verdict == "kept"
    assert found.value > 1.5
    assert asked(service, [1], 2.2, LatencyTarget("mean", 10.0), most_requests=100_000).verdict == "broken"
    assert asked(service, [0], 1.0, LatencyTarget("mean", 10.0)).verdict == "broken"


def test_a_call_of_many_meets_one_cold_start() -> None:
    """A call with a batch meets a cold start once, for all that are in it."""
    function = Function("f", (1.0, 1.0), usd_per_s=0.0, usd_per_request=0.0, cold_start_s=5.0, stage_s=((1.0, 1.0),))
    service = Service("pairs", (Block(0, 0, (), function, batch=2, batch_wait_s=1.0),), (1.0,), (math.nan,))
    found = asked(service, [0], 50.0, share(3.0, 0.03), cold_shares=[0.02])
    assert found.verdict == "kept"
    assert found.low <= 0.02 <= found.high
