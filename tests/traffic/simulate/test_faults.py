"""Faults: orders that fail and functions that refuse, in their window."""

from __future__ import annotations

from support.controlled import service
from support.simulated import even, fixed, function, machine, one
from support.traffic_cases import Script, trace

from serflow_opt.ground.tolerances import TOLERANCE
from serflow_opt.traffic.control.controller import Controller
from serflow_opt.traffic.scaling_policy import Orders
from serflow_opt.traffic.simulate.faults import Faults
from serflow_opt.traffic.simulate.simulate import simulate


def test_orders_fail_in_their_window() -> None:
    """Orders fail in the window of a fault alone, cost nothing there, and the policy sees each failure."""
    policy = fixed(1)
    faults = Faults(no_start=(("vm", 0.0, 2.0), ("other", 0.0, 9.0)))
    found = even(one([machine()]), trace(0, 0, 0, 0), policy, faults=faults)
    assert [seen.failed[0]["vm"] for seen in policy.seen] == [0, 1, 1, 0]
    assert [(rental.ordered_s, rental.usd) for rental in found.rentals] == [(2.0, 2.0)]


def test_faults_throttle_functions() -> None:
    """In the window of a fault the function takes nobody, and the policy sees how many it refused."""
    policy = Script([Orders(({},))])
    found = even(one([], function()), trace(1, 1, 1, 1), policy, faults=Faults(throttle=((1.0, 3.0, 0),)))
    assert found.dropped["throttled"] == 2
    assert [seen.throttled[0] for seen in policy.seen] == [0, 0, 1, 1]


def test_all_at_once_while_requests_wait() -> None:
    """Ten times the requests while starts fail and the function refuses: all are in time, late, or dropped with a word.

    60 a second, 600 from second 900 to 960; machines do not start from 880 on, and the function takes 20 at once.
    """
    over = trace(*[60] * 900, *[600] * 60, *[60] * 240)
    own = service(slo_s=2.0)
    faults = Faults(no_start=(("m4.large", 880.0, 1080.0),), throttle=((900.0, 960.0, 20),))
    run = simulate(own, over, Controller(own), faults=faults, timeout_s=5.0)
    assert run.arrivals == int(over.counts.sum()) == 60 * 1140 + 600 * 60
    late = int((run.latency > 2.0 * (1 + TOLERANCE)).sum())
    in_time = run.served - late
    assert min(in_time, late, sum(run.dropped.values()), run.throttled[0]) > 0, "all of it happens"
    assert run.arrivals == in_time + late + sum(run.dropped.values())
    assert run.violations == late + sum(run.dropped.values())
    assert run.served == run.by_machine[0] + run.by_function[0]
    assert not [rental for rental in run.rentals if 880.0 <= rental.ordered_s < 1080.0]
    frame = run.to_frame()
    ended = frame["machine_requests"] + frame["function_requests"] + frame["dropped"]
    assert ended.tolist() == frame["arrivals"].tolist(), "in each period who came is told"


def test_machines_are_taken_away_and_replaced() -> None:
    """100 s up on average, then to the next decision (half a second on average) and 25 s: up for 100.5 / 125.5.

    400 times in 50,000 s; the share deviates by 0.2 x 0.8 / 20.
    """
    own = machine(start_s=10.0, taken_per_s=0.01, replace_s=25.0)
    found = even(one([own]), trace(*[0] * 50_000), fixed(1, every_s=1.0), faults=Faults(interruptions=True))
    up = sum(min(rental.stopped_s, 50_000.0) - rental.ready_s for rental in found.rentals if rental.ready_s < 50_000)
    assert abs(up / 50_000 - 100.5 / 125.5) < 3 * 0.008
    assert found.taken_away == len(found.rentals) - 1 == found.to_dict()["machines_taken_away"]
    assert {round(own.ready_s - own.ordered_s) for own in found.rentals[1:]} == {25}
    assert even(one([own]), trace(*[0] * 500), fixed(1)).taken_away == 0, "only where it is asked for"


def test_a_machine_that_is_taken_away_ends_what_it_has_begun() -> None:
    """Nobody is lost: who is being served is served to the end, and who waits is served by the next one."""
    own = machine(taken_per_s=0.05, replace_s=3.0)
    found = even(one([own]), trace(*[1, 0] * 200), fixed(1, every_s=1.0), faults=Faults(interruptions=True))
    assert found.taken_away > 0
    assert (found.served, sum(found.dropped.values())) == (200, 0)
