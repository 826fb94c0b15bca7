"""What machines leave to a function beside them: against Erlang's formulas, a simulation, and arithmetic."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from oracles.batch_enumeration import cheapest, drawn
from oracles.batch_enumeration import lost as by_quadrature
from support.helpers import load, run

import serflow_opt as so
from serflow_opt.ground.deadline import Deadline
from serflow_opt.traffic.batches.beside import lost_batches
from serflow_opt.traffic.batches.filled import evenness
from serflow_opt.traffic.batches.search import BatchSearch
from serflow_opt.traffic.carrying import Carrying
from serflow_opt.traffic.confirm.workers import starts
from serflow_opt.traffic.control.baselines import Fixed
from serflow_opt.traffic.demand.rates import Rates
from serflow_opt.traffic.demand.trace import Trace
from serflow_opt.traffic.provision.question import ProvisionQuestion
from serflow_opt.traffic.queues.erlang import erlang_b


@pytest.mark.parametrize(("servers", "load"), [(1, 0.01), (3, 2.0), (10, 30.0), (200, 260.0), (1000, 3000.0)])
def test_batches_of_one_are_erlangs(servers: int, load: float) -> None:
    """Without places to wait, batches of one are Poisson arrivals, far above what machines can do as well."""
    known = float(erlang_b(servers, np.array([load]))[0])
    assert lost_batches(servers, 0, load, 1.0, 0.3) == pytest.approx(known, rel=1e-9)


@pytest.mark.parametrize(("servers", "room", "load"), [(3, 0, 0.7), (2, 4, 1.7), (3, 3, 3.3), (6, 24, 5.0)])
def test_the_formula_is_what_quadrature_makes_of_it(servers: int, room: int, load: float) -> None:
    """Erlang's formula at real numbers of servers is an integral."""
    known = by_quadrature(servers, room, load, 0.19, 0.1)
    assert lost_batches(servers, room, load, 0.19, 0.1) == pytest.approx(known, rel=1e-7)


def test_all_left_beyond_what_they_can_do() -> None:
    """With many places nine machines serve nine of twelve, and never more."""
    assert lost_batches(9, 9 * 400, 12.0, 1 / 8, 0.0) == pytest.approx(1 / 4, rel=1e-9)
    assert lost_batches(9, 0, 12.0, 1 / 8, 0.0) > 1 / 4


@pytest.mark.parametrize(
    ("batch", "servers", "rounds", "busy"),
    [(16, 1, 1, 0.94), (8, 2, 1, 1.2), (4, 4, 0, 0.7), (16, 7, 0, 1.0), (2, 5, 1, 0.93), (8, 3, 2, 0.95)],
)
def test_a_simulation_agrees(batch: int, servers: int, rounds: int, busy: float) -> None:
    """Batches that fill at random leave about as many as the formula says: within 3 % of all of them."""
    rng, wait = np.random.default_rng(batch + servers), 1.2 * batch
    times = np.cumsum(rng.exponential(size=60_000))
    upto, first = np.searchsorted(times, times + wait, side="right"), [0]
    while first[-1] < len(times):
        first.append(int(min(first[-1] + batch, upto[first[-1]])))
    sizes = np.diff(first)
    full = sizes == batch
    closed = np.where(full, times[np.array(first[1:]) - 1], times[np.array(first[:-1])] + wait)
    mean = float(sizes.mean())
    holds = busy * servers * mean * (0.5 + 0.5 * sizes / mean)
    left = float(np.isnan(starts(closed, holds, servers, rounds * servers)).mean())
    cv2 = float(np.var(holds) / np.mean(holds) ** 2)
    even = float(np.var(np.diff(closed)) / np.mean(np.diff(closed)) ** 2)
    assert evenness(batch, wait, 1.0) == pytest.approx(even, rel=0.05)
    said = lost_batches(servers, rounds * servers, busy * servers, evenness(batch, wait, 1.0), cv2)
    assert said == pytest.approx(left, abs=0.03)


def beside_of(search: BatchSearch) -> bool:
    """Whether the best has a function beside machines."""
    structure = search.found.structure if search.found else ()
    return any(c.machine is not None and c.function is not None for c in structure)


@pytest.mark.parametrize("seed", [4, 32, 40, 41, 45, 50])
def test_nothing_is_cheaper_beside_functions(seed: int, tmp_path: Path) -> None:
    """Where calls are dear a function takes only what machines leave, as enumeration finds, too."""
    own, arrivals = drawn(seed), "smooth" if seed % 2 else "random"
    own.document["tier"][1]["option"][0]["usd_per_gb_s"] *= 15
    instance, least = load(own.document, tmp_path), cheapest(own, arrivals)
    assert instance.rate_per_s is not None
    carrying = Carrying(arrivals, instance.utilisation_cap)  # type: ignore[arg-type]
    question = ProvisionQuestion(instance, Rates.steady(instance.rate_per_s), 2, None, carrying)
    search = BatchSearch(question, 1e-7, Deadline(None))
    search.run()
    assert beside_of(search)
    assert search.best == pytest.approx(least, rel=1e-7)
    assert least * (1 - 2e-7) <= search.bound <= least * (1 + 1e-9)


def spilling(tmp_path: Path, rate: float, slo_ms: float) -> so.Instance:
    """One stage: up to 8 at a time in 20 ms on machines; 30 ms for one on a function, for 0.00002 USD."""
    return load(
        {
            "schema": 1,
            "name": "spilling",
            "network": {"stages": "stages.csv", "input_bytes": 1000},
            "exits": {"table": "exits.csv"},
            "workload": {"rate_per_s": rate, "latency_slo_ms": slo_ms, "utilisation_cap": 0.8},
            "tier": [
                {
                    "name": "gpu",
                    "kind": "vm",
                    "batch": [8],
                    "batch_wait_ms": [25.0],
                    "stage_times": "gpu.csv",
                    "option": [{"name": "card", "usd_per_hour": 3.6}],
                },
                {
                    "name": "fn",
                    "kind": "function",
                    "stage_times": "fn.csv",
                    "option": [{"name": "call", "memory_mb": 1024, "usd_per_gb_s": 0.00066, "usd_per_request": 2e-7}],
                },
            ],
            "tables": {
                "stages.csv": [{"stage": 1, "flops": 1e9, "activation_bytes": 1000, "parameter_bytes": 1000}],
                "exits.csv": [{"stage": 1, "threshold": 0, "exit_rate": 1.0, "accuracy": 0.9}],
                "gpu.csv": [{"stage": 1, "option": "card", "batch": n, "mean_ms": 20.0} for n in (1, 8)],
                "fn.csv": [{"stage": 1, "option": "call", "mean_ms": 30.0}],
            },
        },
        tmp_path,
    )


def test_even_batches_fill_machines_to_the_cap(tmp_path: Path) -> None:
    """At 480 a second, evenly, two cards at 80 % take 640: one takes 320 for 3.6 USD an hour, 160 are called.

    Those cost 0.00066 x 0.03 + 2e-7 = 2e-5 each: 0.0032 USD a second, 11.52 an hour, more than another card; at 340 a
    second 20 are called for 1.44 USD an hour, and a second card costs more.
    """
    two = so.provision(spilling(tmp_path / "a", 480.0, 200.0), arrivals="smooth")
    assert [(part.count, part.function) for part in two.parts] == [(2, None)]
    one = so.provision(spilling(tmp_path / "b", 340.0, 200.0), arrivals="smooth")
    (part,) = one.parts
    assert (one.status, part.count, part.machine, part.function) == ("optimal", 1, "card", "call")
    assert part.spilled == pytest.approx(20.0)
    assert part.busy == pytest.approx(0.8)
    assert one.usd_per_s * 3600 == pytest.approx(3.6 + 20 * 2e-5 * 3600)


def test_nobody_waits_too_long_beside_a_function(tmp_path: Path) -> None:
    """Within 90 ms a batch may wait 25 ms to fill, two rounds of 20 ms, and 20 ms to run; not one round more."""
    found = so.provision(spilling(tmp_path, 400.0, 90.0))
    (part,) = found.parts
    assert (part.count, part.function, part.queue_max) == (1, "call", 2)
    assert found.latency_worst_ms == pytest.approx(85.0)
    assert found.simulated is None  # there is nothing to confirm
    assert "beside a function as many batches wait for machines as are never late" in found.scope
    service = found.service
    assert service is not None
    ready = replace(
        service, blocks=tuple(replace(b, machines=(replace(b.machines[0], start_s=0.0),)) for b in service.blocks)
    )
    arrivals = np.random.default_rng(1).poisson(400.0, 120).astype(np.int64)
    done = so.simulate(
        ready, Trace(arrivals, 1.0, np.ones(120)), Fixed(ready, found.counts, queue_max=(part.queue_max,)), seed=1
    )
    assert float(done.latency.max()) <= 0.085 * (1 + 1e-6)
    assert done.usd_total / 120 == pytest.approx(found.usd_per_s, rel=0.03)
    assert sum(done.by_function) / done.arrivals == pytest.approx(part.spilled / part.rate, abs=0.01)


def test_the_command_tells_of_calls(tmp_path: Path) -> None:
    """The table says how many batches may wait, and how many requests a call has."""
    spilling(tmp_path, 400.0, 90.0)
    said = run("provision", tmp_path / "instance.toml").stdout
    assert "at most 1-1: 2 batches; others go to the function" in said
    assert "1 a call of the function" in said
    own = run("provision", tmp_path / "instance.toml", "--json").document["blocks"][0]
    assert (own["batch"], own["function_batch"], own["queue_max"]) == (8, 1, 2)
    assert math.isclose(own["random_arrivals"]["spill"], own["function_requests_per_s"] / 400.0, rel_tol=1e-9)
