"""Faults: orders that fail and functions that refuse, in their window."""

from __future__ import annotations

from support.simulated import even, fixed, function, machine, one
from support.traffic_cases import Script, trace

from serflow_opt.traffic.scaling_policy import Orders
from serflow_opt.traffic.simulate.faults import Faults


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
