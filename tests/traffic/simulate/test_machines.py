"""Machines that come and go: who is stopped first, what is billed, what is limited."""

from __future__ import annotations

import math

import pytest
from support.simulated import even, fixed, machine, one
from support.traffic_cases import Script, trace

from serflow_opt.traffic.scaling_policy import Orders


def test_the_longest_there_is_preferred_while_it_has_free_workers() -> None:
    """Work is gathered on the oldest machine, so that others are free to stop at once."""
    found = even(
        one([machine(workers=2)]),
        trace(2, 0, 0, 0),
        Script(
            [
                Orders(
                    ({"vm": 2},),
                ),
                Orders(
                    ({"vm": 1},),
                ),
            ]
        ),
    )
    # both requests on the first machine, so the second stops at once
    assert [rental.end_s for rental in found.rentals] == [4.0, 1.0]


def test_machines_start_and_take_who_waits_at_once() -> None:
    """A machine that becomes ready takes as many who wait as it has workers, and is billed from its order on."""
    policy = fixed(1, every_s=10.0)
    found = even(one([machine(start_s=2.5, workers=2)]), trace(1, 1, 1, 1, 1), policy)
    # at 0.5, 1.5, 2.5, 3.5, 4.5: the first two start at 2.5, the third at 3.5 with the fourth
    assert found.latency.tolist() == [3.0, 2.0, 2.0, 1.0, 1.0]
    assert found.rentals[0].ready_s == 2.5
    # billed from the order on
    assert found.usd["machines"] == 5.5
    assert found.to_frame()["machines_ready"].tolist() == [pytest.approx(3 / 60)]


def test_stopped_machines_finish_what_they_have_begun() -> None:
    """A machine that is told to stop ends its request first, takes no other, and is billed up to then."""
    policy = Script([Orders(({"vm": 2},)), Orders(({"vm": 1},))], every_s=1.0)
    found = even(one([machine(seconds=[3, 3])]), trace(4, 0, 0), policy)
    # 0.125 on the first until 3.125, 0.375 on the second until 3.375; that was told to stop at 1: the rest waits
    assert found.latency.tolist() == [3.0, 3.0, 5.5, 8.25]
    assert [(rental.stopped_s, rental.end_s) for rental in found.rentals] == [(math.inf, 9.125), (1.0, 3.375)]
    assert [seen.ready[0]["vm"] for seen in policy.seen] == [0, 2, 1]


def test_starting_machines_are_stopped_first_and_billed_at_least() -> None:
    """Fewer machines are wanted: those that are only starting go first, and cost the least that is billed."""
    policy = Script([Orders(({"vm": 1},)), Orders(({"vm": 2},)), Orders(({"vm": 1},))])
    found = even(one([machine(start_s=2.0, billing_min_s=1.5)]), trace(0, 0, 0, 0), policy)
    assert [seen.starting[0]["vm"] for seen in policy.seen] == [0, 1, 1, 0]
    assert [seen.ready[0]["vm"] for seen in policy.seen] == [0, 0, 1, 1]
    # the second is ordered at 1, cancelled at 2 and billed for 1.5
    assert [rental.billed_s for rental in found.rentals] == [4.0, 1.5]
    assert found.usd_total == 5.5


def test_a_cancelled_start_leaves_its_requests_waiting() -> None:
    """Who waited for a machine whose start is called off is dropped at the end, and counts as late."""
    policy = Script([Orders(({"vm": 1},)), Orders(({"vm": 0},))])
    found = even(one([machine(start_s=2.0)]), trace(1, 0, 0), policy)
    assert found.dropped == {"timeout": 0, "throttled": 0, "no machine": 1}
    assert (found.served, found.violations, found.kept) == (0, 1, 0.0)
    assert math.isnan(found.percentile(50))
    assert math.isnan(found.latency_mean_s)


def test_machines_of_a_type_are_limited() -> None:
    """No more machines than the limit of their type are rented; the policy is told how many orders failed."""
    policy = fixed(3)
    found = even(one([machine(machines_max=2)]), trace(0, 0), policy)
    assert len(found.rentals) == 2
    assert [seen.failed[0]["vm"] for seen in policy.seen] == [0, 1]
