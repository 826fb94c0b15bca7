"""Blocks that take batches, request by request, beside a simulator of a few plain lines and figures by hand."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from oracles.batch_lines import drawn, plainly

from serflow_opt.errors import InputError
from serflow_opt.traffic.control.baselines import Fixed
from serflow_opt.traffic.demand.trace import Trace
from serflow_opt.traffic.service import Block, Function, Machine, Service
from serflow_opt.traffic.simulate.requests import Requests
from serflow_opt.traffic.simulate.simulate import simulate

EACH = ((0.010, 0.012, 0.014, 0.016), (0.020, 0.021, 0.022, 0.023))
"""Seconds of two stages for 1 to 4 requests together."""


def sent(*moments: float, exits: Sequence[int]) -> Requests:
    return Requests(np.array(moments), np.array(exits, np.int16), np.ones(len(moments), np.int8))


def machine(stages: Sequence[Sequence[float]] = EACH, **keys: Any) -> Machine:
    alone = [own[0] for own in stages]
    ends = [*(sum(alone[: k + 1]) for k in range(len(alone))), sum(alone)]
    return Machine("m", 1.0, keys.pop("workers", 1), tuple(ends), stage_s=tuple(map(tuple, stages)), **keys)


def one_block(batch: int, wait: float, **keys: Any) -> Service:
    block = Block(0, 1, (machine(**keys),), None, batch=batch, batch_wait_s=wait)
    return Service("s", (block,), (0.5, 0.5), (1.0, 1.0))


def latencies(service: Service, requests: Requests, *counts: int, seconds: float = 10.0, **keys: Any) -> Any:
    trace = Trace(np.array([len(requests.times)]), seconds, np.array([seconds]))
    return simulate(service, trace, Fixed(service, counts), requests=requests, **keys)


def test_a_batch_closes_full_or_when_its_first_has_waited() -> None:
    """Of four requests, two close a batch at 0.003; the third waits 0.005 for nobody; the fourth comes too late."""
    found = latencies(one_block(2, 0.005), sent(0.0, 0.003, 0.1, 0.2, exits=[1, 1, 1, 0]), 1)
    # two together: 12 + 21 ms from 3 ms on; alone: 5 + 10 + 20 ms, and 5 + 10 ms where it leaves at the first stage
    assert found.latency == pytest.approx([0.036, 0.033, 0.035, 0.015], abs=1e-7)
    assert found.batch_mean == (4 / 3,)
    assert found.by_machine == (4,)


def test_those_who_leave_make_a_batch_quicker() -> None:
    """Four enter; three leave at the first stage, so that the second takes the time of one."""
    found = latencies(one_block(4, 1.0), sent(0.0, 0.001, 0.002, 0.003, exits=[0, 0, 1, 0]), 1)
    assert found.latency == pytest.approx([0.019, 0.018, 0.001 + 0.016 + 0.020, 0.016], abs=1e-7)
    assert found.busy_worker_s == pytest.approx(0.036)


def test_a_batch_that_all_leave_frees_its_worker() -> None:
    """Nothing is run for nobody: the next batch starts when the first stage is done."""
    found = latencies(one_block(2, 1.0), sent(0.0, 0.0, 0.001, 0.001, exits=[0, 0, 1, 1]), 1)
    assert found.latency == pytest.approx([0.012, 0.012, 0.044, 0.044], abs=1e-7)


def test_a_call_is_paid_as_a_whole() -> None:
    """10 + 20 ms of a batch that shrinks to one, billed by 25 ms, and one fee; a cold start is met once."""
    function = Function(
        "f", (0.01, 0.03, 0.03), 0.1, usd_per_s=2.0, usd_per_request=0.5, billing_step_s=0.025, stage_s=EACH
    )
    block = Block(0, 1, (), function, batch=2, batch_wait_s=1.0)
    service = Service("s", (block,), (0.5, 0.5), (1.0, 1.0))
    found = latencies(service, sent(0.0, 0.002, 5.0, 5.0, exits=[0, 1, 0, 0]), 0)
    # 0.1 cold + 0.012 + 0.020 = 0.132 -> 0.15 s; warm 0.012 -> 0.025 s
    assert found.usd["functions"] == pytest.approx(2 * 0.5 + 2.0 * (0.15 + 0.025))
    assert found.latency == pytest.approx([0.114, 0.132, 0.012, 0.012], abs=1e-7)
    assert (found.by_function, found.cold_starts) == ((4,), (1,))
    assert found.to_frame()["function_requests"].sum() == 4


def test_dropped_batches_drop_their_requests() -> None:
    """One machine is busy for 33 ms with two; who has waited 20 ms in front of it goes, with the whole batch."""
    keys = {"timeout_s": 0.020}
    found = latencies(one_block(2, 0.0), sent(0.0, 0.0, 0.001, 0.001, 0.002, exits=[1, 1, 1, 1, 1]), 1, **keys)
    assert (found.served, found.dropped["timeout"]) == (2, 3)
    never = latencies(one_block(2, 0.0), sent(0.0, 0.0, 0.001, exits=[1, 1, 1]), 0)
    assert (never.served, never.dropped["no machine"]) == (0, 3)


def test_times_up_to_the_batch_are_asked_for() -> None:
    """A machine of which only single requests are known cannot take batches."""
    block = Block(0, 0, (Machine("m", 1.0, 1, (0.01, 0.01)),), None, batch=2)
    with pytest.raises(InputError, match="no times for 2 requests together on m"):
        latencies(Service("s", (block,), (1.0,), (1.0,)), sent(0.0, exits=[0]), 1)


@pytest.mark.parametrize(("every_s", "cases"), [(60.0, 60), (0.1, 12)])
def test_random_services_against_the_plain_simulator(every_s: float, cases: int) -> None:
    """Two blocks, any batches, waits, workers and hand-overs; cut into steps of time, too."""
    rng = np.random.default_rng(11)
    for _ in range(cases):
        service, counts = drawn(rng)
        stages, shares = len(service.shares), service.shares
        times = np.sort(np.repeat(rng.uniform(0, 1.0, 120), rng.choice([1, 1, 1, 2], 120)))[:150]
        requests = Requests(
            times, rng.choice(stages, len(times), p=shares).astype(np.int16), np.ones(len(times), np.int8)
        )
        trace = Trace(np.array([len(times)]), 1.0, np.ones(1))
        found = simulate(service, trace, Fixed(service, counts, every_s=every_s), requests=requests)
        assert found.latency == pytest.approx(plainly(service, requests, counts), abs=1e-6)
