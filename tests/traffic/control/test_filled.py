"""Machines for blocks that take batches, by the rates that come."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from oracles.writing import write
from support.helpers import load, run
from support.two_stages import document

import serflow_opt as so
from serflow_opt.traffic.control.filled import FilledBatches
from serflow_opt.traffic.demand.trace import Trace
from serflow_opt.traffic.scaling_policy import Seen
from serflow_opt.traffic.service import Block, Function, Machine, Service


def service(tmp_path: Path, slo_ms: float = 20.0) -> so.Service:
    """Both stages in one block, batches of two within a millisecond."""
    own = document(start_s=0.0)
    own["workload"]["latency_slo_ms"] = slo_ms
    found = so.provision(load(own, tmp_path), 1000.0, blocks=1, confirm=False)
    assert found.service is not None
    assert found.service.blocks[0].batch == 2
    return found.service


def test_machines_are_those_of_the_queue(tmp_path: Path) -> None:
    """At r requests a second 2 - e^(-r/1000) are together; a batch of two takes 6.5 ms, of one 4.5.

    What waits longer than 20 - 1 - 8 ms, by Erlang C, is at most 1 in 10,000, and a machine is 80 % busy at most.
    """
    policy = FilledBatches(service(tmp_path))
    for rate in (30.0, 1000.0, 5000.0):
        step = 1.05 ** math.ceil(math.log(rate, 1.05))
        one = math.exp(-step / 1000)
        seconds = one * 0.0045 + (1 - one) * 0.0065
        load_ = step / (2 - one) * seconds
        count = policy.count(0, rate)
        waiting = [_waits(n, load_, seconds, 0.011) if n > load_ / 0.8 else 1.0 for n in (count - 1, count)]
        assert waiting[1] <= 1e-4 < waiting[0]


def _waits(servers: int, load_: float, seconds: float, slack: float) -> float:
    """Erlang C from its definition, and an exponential tail."""
    terms = [load_**k / math.factorial(k) for k in range(servers + 1)]
    last = terms[-1] * servers / (servers - load_)
    return last / (math.fsum(terms[:-1]) + last) * math.exp(-(servers - load_) * slack / seconds)


def test_a_trace_is_served_in_time(tmp_path: Path) -> None:
    """Rates that double and halve: nobody is late where machines start at once, and they are no more than asked for."""
    own = service(tmp_path)
    rates = np.repeat([400, 800, 400, 200], 60)
    trace = Trace(rates, 1.0, np.ones(len(rates)), "steps")
    found = so.simulate(own, trace, FilledBatches(own, 10.0, rate=800.0), seed=1)
    assert found.violations <= 1e-3 * found.arrivals
    most = FilledBatches(own).count(0, 900.0)
    assert len(found.rentals) <= most + 3
    assert 1 < found.batch_mean[0] < 2


def test_targets_that_full_batches_miss(tmp_path: Path) -> None:
    """1 ms of waiting and 8 ms of two full stages do not fit into 8.5 ms."""
    own = service(tmp_path)
    with pytest.raises(so.InputError, match="full batches take 9 ms"):
        FilledBatches(replace(own, slo_s=0.0085))


def test_the_command_takes_batches_where_they_are_on_offer(tmp_path: Path) -> None:
    """Without a policy the simulated service takes batches; schedules count full ones, and say so."""
    write(document(start_s=0.0), tmp_path)
    trace = tmp_path / "trace.csv"
    trace.write_text("second,requests\n" + "".join(f"{s},500\n" for s in range(20)))
    found = run("simulate", tmp_path, "--trace", trace, "--json").document
    assert found["policy"] == "batches"
    assert "as full as is best" in run("scale", tmp_path, "--trace", trace, "--json").document["scope"]
    assert run("simulate", "bert12-sst2", "--trace", trace, "--policy", "batches").code == 2


def beside() -> Service:
    """Up to 8 in 20 ms on a card, whatever their number, for 3.6 USD an hour; calls of 30 ms for 2e-5 USD, 90 ms."""
    card = Machine("card", 0.001, 1, (0.02, 0.02), stage_s=((0.02,) * 8,))
    call = Function(name="call", usd_per_s=0.0, usd_per_request=2e-5, seconds=(0.03, 0.03))
    block = Block(0, 0, (card,), call, batch=8, batch_wait_s=0.025)
    return Service("beside", (block,), (1.0,), (1.0,), slo_s=0.09)


def test_a_function_takes_what_machines_leave() -> None:
    """Within 90 ms two rounds of 20 ms fit; at 40 requests a second calls cost 2.88 USD an hour, less than a card.

    A card does 400 at most. At 424, which 410 is rounded up to, 24 above cost 1.73 an hour, another card 3.6; at 500
    the 100 above cost 7.2.
    """
    policy = FilledBatches(beside())
    assert [policy.count(0, rate) for rate in (40.0, 200.0, 410.0, 500.0)] == [0, 1, 1, 2]
    seen = Seen(0.0, (np.array([410] * 60),), ({"card": 1},), ({},), ({},), (0,))
    orders = policy.decide(seen)
    assert (orders.machines, orders.queue_max) == (({"card": 1},), (2,))


def test_nobody_is_late_beside_a_function() -> None:
    """Rates that treble at once, and machines that take a minute: calls take what is left, and nobody is late."""
    own = beside()
    slow = replace(own, blocks=(replace(own.blocks[0], machines=(replace(own.blocks[0].machines[0], start_s=60.0),)),))
    trace = Trace(np.repeat([300, 900, 300], 120), 1.0, np.ones(360))
    found = so.simulate(slow, trace, FilledBatches(slow, 30.0, rate=300.0), seed=1)
    assert found.violations == 0
    assert 0 < sum(found.by_function) < found.arrivals / 2
