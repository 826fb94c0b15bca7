"""Machines, queue and function of a block: who goes where, at the moment when things meet."""

from __future__ import annotations

import pytest
from support.simulated import even, fixed, function, machine, one
from support.traffic_cases import Script, trace

from serflow_opt.traffic.scaling_policy import Orders


def test_waits_first_come_first_served() -> None:
    """Who came first is served first, and a machine is billed until its last request is done."""
    found = even(one([machine()]), trace(2, 2), fixed(1))
    # at 0.25, 0.75, 1.25, 1.75; done at 1.25, 2.25, 3.25, 4.25
    assert found.latency.tolist() == [1.0, 1.5, 2.0, 2.5]
    assert found.by_machine == (4,)
    # billed until the last request is done
    assert found.usd == {"machines": 4.25, "functions": 0.0, "links": 0.0}
    assert found.busy_worker_s == 4.0
    assert found.utilisation == pytest.approx(4 / 4.25)
    assert found.machine_seconds == 4.25
    assert (found.latency_mean_s, found.percentile(50), found.percentile(51)) == (1.75, 1.5, 2.0)


def test_a_worker_that_gets_free_serves_who_comes_at_that_moment() -> None:
    """Ends come before arrivals at one moment: evenly spaced requests of one interval's length need no function."""
    found = even(one([machine()], function()), trace(1, 1, 1), fixed(1))
    assert found.by_machine == (3,)
    assert found.latency.tolist() == [1, 1, 1]


def test_functions_take_what_finds_no_worker_and_no_room_to_wait() -> None:
    """Only who finds all workers busy and the queue full is sent to the function, and pays its fee and cold start."""
    run = function([0.5, 0.5], cold_start_s=0.25)
    found = even(one([machine()], run), trace(4), fixed(1, queue_max=1))
    # 0.125 machine until 1.125; 0.375 waits; 0.625 and 0.875 function, the second while the first is busy: both cold
    assert found.latency.tolist() == [1.0, 1.75, 0.75, 0.75]
    assert (found.by_machine, found.by_function, found.cold_starts) == ((2,), (2,), (2,))
    # a fee of 0.25 each, and 0.75 s
    assert found.usd["functions"] == 2 * (0.25 + 0.75)


def test_no_room_to_wait_though_machines_start() -> None:
    """Nobody waits for a start where none may wait: the function serves at once."""
    found = even(one([machine(start_s=2.5)], function()), trace(1), fixed(1))
    assert found.by_function == (1,)


def test_requests_wait_for_machines_only_where_there_are_any() -> None:
    """Room to wait and quotas of machines mean nothing while no machine is there or starting."""
    assert even(one([machine()], function()), trace(1), fixed(0, queue_max=5)).by_function == (1,)
    assert even(one([machine()], function()), trace(1), fixed(0, quota=((0, 5),))).by_function == (1,)


def test_requests_leave_when_they_have_waited_too_long() -> None:
    """Who waits longer than the timeout leaves and is a violation; who waits exactly so long is served."""
    found = even(one([machine()], slo_s=1.25), trace(4), fixed(1), timeout_s=1.0)
    # 0.125 until 1.125; 0.375 waits 0.75 s, until 2.125; 0.625 and 0.875 would wait for 1.5 and 1.25 s
    assert found.latency.tolist() == [1.0, 1.75]
    assert found.dropped == {"timeout": 2, "throttled": 0, "no machine": 0}
    assert found.violations == 3
    assert even(one([machine()]), trace(2), fixed(1), timeout_s=0.5).served == 2  # exactly 0.5 s is not longer
    assert even(one([machine()]), trace(2), fixed(0), timeout_s=0.5).dropped["timeout"] == 2


def test_those_who_left_make_room_to_wait() -> None:
    """A place in the queue is free from the moment on at which its request has left."""
    found = even(one([machine(seconds=[9, 9])], function()), trace(2, 2), fixed(1, queue_max=1), timeout_s=0.5)
    # 0.75 waits until 1.25 and leaves; at that moment the next comes and waits, until 1.75, and so on
    assert (found.by_machine, found.by_function) == ((1,), (0,))
    assert found.dropped["timeout"] == 3


def test_refused_requests_wait_where_there_are_machines() -> None:
    """Who is refused by a full function waits for a machine, if there is one; else it is dropped."""
    run = function(concurrency_max=1)
    found = even(one([machine()], run), trace(4), fixed(1))
    # 0.125 machine, 0.375 function until 1.375, 0.625 and 0.875 refused: from 1.125 and 2.125
    assert found.latency.tolist() == [1.0, 1.0, 1.5, 2.25]
    assert (found.throttled, found.by_machine, found.by_function) == ((2,), (3,), (1,))
    alone = even(one([], run), trace(4), Script([Orders(({},))]))
    assert alone.dropped == {"timeout": 0, "throttled": 3, "no machine": 0}
    assert alone.throttled == (3,)


def test_quota_sends_the_first_of_each_second_to_machines() -> None:
    """With a quota the first requests of each second go to machines, free or not, and all others to the function."""
    quota = ((1.0, 1), (2.0, 3))
    found = even(one([machine()], function()), trace(2, 2, 4), fixed(1, quota=quota))
    # none before 1; then the first at 1.25 until 2.25; of 2.125 to 2.875 three, to start at 2.25, 3.25, 4.25
    assert (found.by_machine, found.by_function) == ((4,), (4,))
    assert found.latency.tolist() == [1, 1, 1, 1, 1.125, 1.875, 2.625, 1]


def test_quota_counts_over_decisions_within_a_second() -> None:
    """A decision within a second does not begin its quota anew."""
    policy = Script([Orders(({"vm": 4},)), Orders(({"vm": 4},), (0,), (((0.0, 3),),))], every_s=0.5)
    found = even(one([machine()], function()), trace(4), policy)
    assert (found.by_machine, found.by_function) == ((3,), (1,))


def test_a_refused_request_above_the_quota_takes_a_free_worker() -> None:
    """A quota is no reason to drop somebody: who is refused by the function takes a free worker."""
    found = even(one([machine(workers=4)], function(concurrency_max=1)), trace(4), fixed(1, quota=((0, 1),)))
    assert (found.by_machine, found.by_function, found.throttled) == ((3,), (1,), (2,))
    assert found.latency.tolist() == [1, 1, 1, 1]
