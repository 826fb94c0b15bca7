"""The controller: its counts by arithmetic, and what it does when things go wrong."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import numpy as np
import pytest
from support.controlled import LARGE, PRICE, RENT, ROOM, Says, seen, service, steady

from serflow_opt.errors import InputError
from serflow_opt.traffic.control.controller import Controller
from serflow_opt.traffic.control.journal import MOST_EVENTS
from serflow_opt.traffic.demand.rates import Rates
from serflow_opt.traffic.scaling_policy import Seen
from serflow_opt.traffic.simulate.faults import Faults
from serflow_opt.traffic.simulate.simulate import simulate


def test_a_machine_is_ordered_when_it_earns_more_than_it_costs() -> None:
    """LIBRA's point is 3.2546 requests/s; the start adds 100 s of rent to 1,800 s: 3.2546 x (1 + 100/1800) = 3.4354."""
    point = RENT / PRICE * (1 + 100 / 1800)
    assert point == pytest.approx(3.4354, abs=5e-4)
    for left, expected in ((point * 0.999, 2), (point * 1.001, 3)):
        says = Says(Rates.steady(2 * ROOM + left))
        controller = Controller(service(), arrivals="smooth", forecaster=lambda block, says=says: says)
        controller.observe(0, 0, np.full(60, 36.0))
        assert controller.decide(seen(60, [])).machines == ({"m4.large": expected},)


def test_a_machine_is_kept_while_stopping_would_save_less_than_a_start() -> None:
    """LIBRA's point less the rent of a start that stopping may bring about."""
    point = RENT / PRICE * (1 - 100 / 1800)
    for left, expected in ((point * 0.999, 2), (point * 1.001, 3)):
        says = Says(Rates.steady(2 * ROOM + left))
        controller = Controller(service(), arrivals="smooth", forecaster=lambda block, says=says: says)
        controller.observe(0, 0, np.full(60, 36.0))
        assert controller.decide(seen(60, [], {"m4.large": 3})).machines == ({"m4.large": expected},)


def test_without_a_start_it_is_the_newsvendor() -> None:
    """Machine j pays when P(D > (j - 1) r ..) r-fold saving beats the rent: brute force over counts."""
    machine = replace(LARGE, start_s=0.0)
    rng = np.random.default_rng(5)
    values = np.unique(rng.integers(0, 200, 40)).astype(float)
    rates = Rates(values, np.full(len(values), 1 / len(values)))
    cost = [RENT * n + PRICE * float(np.maximum(values - ROOM * n, 0).mean()) for n in range(20)]
    controller = Controller(service(machine), arrivals="smooth", forecaster=lambda block: Says(rates))
    controller.observe(0, 0, np.array([200.0]))
    assert controller.decide(seen(1, [])).machines == ({"m4.large": int(np.argmin(cost))},)


def test_a_queue_only_where_there_is_time_for_it() -> None:
    """16 busy workers end 16 requests a second: the k-th to wait is late when fewer than k end in the slack.

    Of 0.9 s, with 14.4 ends on average: fewer than 3 in 7e-5 of the cases, fewer than 4 in 3e-4, fewer than 5 in 1e-3.
    Half of one in 10,000 may be late; four places make (7e-5 + 3e-4) / (5.7 + 4) late at 16 a second, where 5.7 is
    1 / B(16, 16), and a fifth 1.3e-3 / 10.7. 2.5 s are two whole rounds of 16, in which nobody is late.
    """
    says = Says(Rates.steady(16.0))
    for slo, waiting in ((1.0, 0), (1.9, 4), (3.5, 32)):
        controller = Controller(service(slo_s=slo), arrivals="smooth", forecaster=lambda block: says)
        controller.observe(0, 0, np.full(60, 16.0))
        assert controller.decide(seen(60, [], {"m4.large": 1})).queue_max == (waiting,)
        assert controller.decide(seen(120, [], starting={"m4.large": 1})).queue_max == (0,), "not yet serving"


def test_machines_alone_are_ordered_before_anything_is_known() -> None:
    """Without a function somebody must be there for the first request; with one nothing is rented yet."""
    controller = Controller(service(function=None))
    assert controller.decide(seen(0, [])).machines == ({"m4.large": 1},)
    assert Controller(service()).decide(seen(0, [])).machines == ({"m4.large": 0},)


def test_what_is_wrong_all_the_time_is_not_said_all_the_time() -> None:
    """A fault that lasts an hour is said twelve times, not at each decision."""
    controller = Controller(service(), forecaster=lambda block: Says(ValueError("no")))
    for step in range(60):
        controller.decide(seen(60.0 * (step + 1), np.full(60, 98)))
    assert len(controller.events) == 12, "an hour, once in five minutes"


def test_any_clock_will_do() -> None:
    """Whatever the clock shows and however it jumps, the same traffic leads to the same machines in the end."""
    counts = np.full(60, 98)
    plain = Controller(service())
    for step in range(1, 20):
        expected = plain.decide(seen(60.0 * step, counts))
    for clock in (
        [1.76e9 + 60 * step for step in range(20)],
        [60.0, 120.0, *(3.15e7 + 60 * step for step in range(20))],
        [1.76e9, 1.76e9 + 60, *(60.0 * step for step in range(1, 22))],
        [60.0, math.nan, math.inf, -math.inf, 1e300, *(60.0 * step for step in range(2, 20))],
    ):
        controller = Controller(service())
        for now_s in clock:
            found = controller.decide(seen(now_s, counts))
        assert found == expected, controller.events
        json.dumps(controller.state(), allow_nan=False)


def test_events_do_not_grow_for_ever() -> None:
    """A gateway that runs for months keeps its latest events alone."""
    controller = Controller(service())
    for step in range(5000):
        controller.observe(0, 10.0 * step, np.full(9, 5.0))  # another second is missing each time
    assert MOST_EVENTS <= len(controller.events) < 2 * MOST_EVENTS
    assert "seconds 49989 to 49989 are missing" in controller.events[-1].text


def test_what_was_seen_of_other_blocks_is_refused() -> None:
    """Measurements of more blocks than there are come from another service."""
    with pytest.raises(InputError, match="counts: 2 blocks; the service has 1"):
        Controller(service()).decide(Seen(0.0, (np.zeros(1), np.zeros(1)), ({},) * 2, ({},) * 2, ({},) * 2, (0, 0)))  # type: ignore[arg-type]


def test_machines_that_cannot_be_started() -> None:
    """While no machine starts the function serves all in time, and machines come when they can."""
    controller = Controller(service())
    run = simulate(service(), steady(100, 1200), controller, faults=Faults(no_start=(("m4.large", 0.0, 600.0),)))
    assert run.served == run.arrivals == 120_000
    assert run.violations == 0
    assert run.by_machine[0] > 0
    assert any("did not start" in event.text for event in controller.events)
    first = min(rental.ordered_s for rental in run.rentals)
    assert first >= 600, "nothing was started in the window"


def test_a_burst_of_ten_times_the_forecast() -> None:
    """A burst nobody foresaw goes to the function, and nobody is late."""
    trace = steady(50, 1800)
    trace.counts[900:960] = 500
    run = simulate(service(), trace, Controller(service()))
    assert run.served == run.arrivals
    assert run.violations == 0


def test_nobody_waits_for_machines_that_are_starting() -> None:
    """2.5 s of slack, 100 s of start-up: what waits for a start is late."""
    own = service(slo_s=3.5)
    trace = steady(40, 900)
    trace.counts[300:] = 160
    run = simulate(own, trace, Controller(own))
    assert run.violations == 0
    assert run.percentile(100) > 1.0, "some did wait"


def test_functions_that_refuse() -> None:
    """While the function refuses, requests wait for machines, and none is lost."""
    controller = Controller(service())
    run = simulate(service(), steady(100, 900), controller, faults=Faults(throttle=((300.0, 360.0, 0),)))
    assert run.served + sum(run.dropped.values()) == run.arrivals
    assert run.served == run.arrivals, "there are machines to wait for"
    if run.throttled[0]:
        assert any("refused" in event.text for event in controller.events)
