"""What a simulation found: sums, percentiles and periods by hand, from two machines and four answers."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from support.simulated import even, fixed, machine, one
from support.traffic_cases import trace

from serflow_opt.traffic.simulate.result import Simulation


@pytest.fixture(scope="module")
def run() -> Simulation:
    """Four requests in two seconds on two workers of a machine; each takes a second; five seconds are allowed."""
    return even(one([machine(workers=2)], slo_s=5.0), trace(2, 2), fixed(1, queue_max=9))


def test_percentiles_are_latencies_that_were_met(run: Simulation) -> None:
    """Of latencies 1, 2, 3, 4 a quarter keep 1, half 2, and 51 % need 3; without any there is none."""
    made = replace(run, latency=np.array([3.0, 1.0, 4.0, 2.0], np.float32))
    assert [made.percentile(q) for q in (0, 25, 50, 51, 75, 99.9, 100)] == [1, 1, 2, 3, 3, 4, 4]
    assert made.latency_mean_s == 2.5
    none = replace(run, latency=np.zeros(0, np.float32))
    assert math.isnan(none.percentile(50))
    assert math.isnan(none.latency_mean_s)


def test_shares_are_of_what_came(run: Simulation) -> None:
    """One late of four is 75 % in time; of nobody nobody is late."""
    assert run.kept == 1.0
    assert replace(run, violations=1).kept == 0.75
    assert replace(run, arrivals=0).kept == 1.0


def test_machines_are_busy_by_their_workers(run: Simulation) -> None:
    """Four seconds of work of two workers for as long as the machine is billed, at 1 USD a second."""
    (rental,) = run.rentals
    assert run.machine_seconds == rental.billed_s
    assert run.utilisation == pytest.approx(4 / (2 * rental.billed_s))
    assert run.usd_total == pytest.approx(rental.billed_s)
    assert replace(run, rentals=()).utilisation == 0.0


def test_rows_of_periods_add_up(run: Simulation) -> None:
    """Requests, rent and worker-seconds of all periods are those of the whole."""
    frame = run.to_frame()
    assert frame["arrivals"].sum() == frame["machine_requests"].sum() == 4
    assert frame["usd_machines"].sum() == pytest.approx(run.usd["machines"])
    assert (frame["machines_billed"] * run.period_s).sum() == pytest.approx(run.machine_seconds)


def test_the_document_has_no_number_that_json_does_not_know(run: Simulation) -> None:
    """Without answers there are no latencies: null, not NaN."""
    none = replace(run, latency=np.zeros(0, np.float32), batch_mean=(math.nan,))
    document = none.to_dict()
    assert document["latency_ms"]["mean"] is None
    assert document["latency_ms"]["p99"] is None
    assert document["blocks"][0]["batch_mean"] is None
    assert document["requests"] == {"arrived": 4, "served": 4, "dropped": run.dropped}
