"""What machines that take batches are worth, by Erlang's formulas, and a controller that goes by it."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from support.helpers import load
from support.two_stages import document

import serflow_opt as so
from serflow_opt.traffic.batches.filled import filled
from serflow_opt.traffic.control.batch_worth import BatchWorth
from serflow_opt.traffic.demand.trace import Trace
from serflow_opt.traffic.queues.erlang import erlang_c
from serflow_opt.traffic.service import Function


def service(tmp_path: Path, start_s: float = 0.0) -> so.Service:
    """Both stages in one block on machines, batches of two within a millisecond, 20 ms in all."""
    own = document(start_s=start_s)
    own["workload"]["latency_slo_ms"] = 20.0
    found = so.provision(load(own, tmp_path), 1000.0, blocks=1, confirm=False)
    assert found.service is not None
    assert found.service.blocks[0].batch == 2
    return found.service


def with_function(own: so.Service) -> so.Service:
    """The same with a function beside the machines, that takes both stages in 12 ms, one request a call."""
    block = own.blocks[0]
    called = Function(
        "call",
        usd_per_s=1e-4,
        usd_per_request=1e-6,
        cold_start_s=0.0,
        keep_alive_s=600.0,
        seconds=(0.006, 0.012, 0.012),
    )
    return replace(own, blocks=(replace(block, function=called),))


def test_who_is_late_waits_longer_than_full_batches_leave(tmp_path: Path) -> None:
    """M/M/c of batches: full ones take 8 of the 20 ms, and 1 is waited for a second request."""
    own = service(tmp_path)
    worth = BatchWorth(own, 0, own.blocks[0].machines[0], 1800.0, "random")
    assert worth.rate_per_s == pytest.approx(2 / of_two(own))
    for rate, count in ((500.0, 3), (1000.0, 5), (3000.0, 12)):
        found = filled(own, 0, rate, "random")
        late = erlang_c(count, found.load) * math.exp(-(count - found.load) * 0.011 / found.seconds)
        assert worth.late_at(count, rate) == pytest.approx(late, rel=0.05, abs=1e-6)
    assert worth.late_at(1, 5000.0) == 1.0
    assert worth.late_behind(0.0) == 0.0
    assert worth.late_behind(0.02) == 1.0


def of_two(own: so.Service) -> float:
    """Seconds of a full batch on average."""
    return filled(own, 0, 1e9, "random").seconds


def test_what_is_left_goes_to_the_function(tmp_path: Path) -> None:
    """More load leaves more, more machines less, and so many rounds of batches may wait as end in time."""
    own = with_function(service(tmp_path))
    worth = BatchWorth(own, 0, own.blocks[0].machines[0], 1800.0, "random")
    assert worth.room(3) == 3 * worth.room(1)
    # of 20 ms 1 is waited for a second request, and 8 are those of a full batch: one more goes into the other 11
    assert worth.room(1) == 1
    left = [worth.lost_at(2, rate) for rate in (100.0, 500.0, 1000.0, 4000.0)]
    assert left == sorted(left)
    assert worth.lost_at(3, 1000.0) < worth.lost_at(2, 1000.0)
    assert left[-1] == pytest.approx(1 - 2 / filled(own, 0, 4000.0, "random").load, rel=0.05)


def test_the_controller_serves_batches_ahead_of_their_start(tmp_path: Path) -> None:
    """A rate grows fourfold in ten minutes, machines take 60 s: once they are there 1 in 1,000 is late."""
    own = service(tmp_path, 60.0)
    rates = np.concatenate([np.full(300, 200.0), np.linspace(200, 800, 600), np.full(300, 800.0)])
    trace = Trace(np.random.default_rng(2).poisson(rates), 1.0, np.ones(len(rates)), "rising")
    controller = so.Controller(own, 30.0)
    done = so.simulate(own, trace, controller, seed=1)
    assert done.served == trace.requests
    late = np.asarray(done.latency) > 0.020 * (1 + 1e-9)
    before = int(trace.counts[:150].sum())  # the first machines are ordered at 0, and more when somebody was seen
    assert late[before:].mean() <= 1e-3
    state = json.loads(json.dumps(controller.state()))
    again = so.Controller(own, 30.0)
    again.restore(state)
    assert again.state() == controller.state()
