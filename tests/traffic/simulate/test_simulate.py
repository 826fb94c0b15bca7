"""The simulator of requests, rule by rule, against sums by hand."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from support.traffic_cases import Script, trace

from serflow_opt.traffic.demand.trace import Trace
from serflow_opt.traffic.scaling_policy import Orders
from serflow_opt.traffic.service import Block, Draws, Function, Machine, Service
from serflow_opt.traffic.simulate.faults import Faults
from serflow_opt.traffic.simulate.requests import draw
from serflow_opt.traffic.simulate.result import Simulation
from serflow_opt.traffic.simulate.simulate import simulate


def machine(name: str = "vm", seconds: Sequence[float] = (1.0, 1.0), workers: int = 1, **more: Any) -> Machine:
    return Machine(name, more.pop("usd_per_s", 1.0), workers, tuple(seconds), **more)


def function(seconds: Sequence[float] = (1.0, 1.0), **more: Any) -> Function:
    return Function("f", more.pop("usd_per_s", 1.0), more.pop("usd_per_request", 0.25), tuple(seconds), **more)


def one(machines: Sequence[Machine] = (), run: Function | None = None, **more: Any) -> Service:
    """A service of one block with one stage."""
    return Service("one", (Block(0, 0, tuple(machines), run),), (1.0,), (math.nan,), **more)


def fixed(number: int, queue_max: int = 0, quota: Any = None, every_s: float = 1.0) -> Script:
    return Script([Orders(({"vm": number},), (queue_max,), (quota,))], every_s)


def even(service: Service, over: Trace, policy: Any, **more: Any) -> Simulation:
    return simulate(service, over, policy, arrivals="even", **more)


# arrivals: "even" puts n requests of a second at (i + 0.5) / n, so two come at 0.25 and 0.75


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


def test_no_room_to_wait_though_machines_start() -> None:
    """Nobody waits for a start where none may wait: the function serves at once."""
    found = even(one([machine(start_s=2.5)], function()), trace(1), fixed(1))
    assert found.by_function == (1,)


def test_requests_wait_for_machines_only_where_there_are_any() -> None:
    """Room to wait and quotas of machines mean nothing while no machine is there or starting."""
    assert even(one([machine()], function()), trace(1), fixed(0, queue_max=5)).by_function == (1,)
    assert even(one([machine()], function()), trace(1), fixed(0, quota=((0, 5),))).by_function == (1,)


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


def test_orders_fail_in_their_window() -> None:
    """Orders fail in the window of a fault alone, cost nothing there, and the policy sees each failure."""
    policy = fixed(1)
    faults = Faults(no_start=(("vm", 0.0, 2.0), ("other", 0.0, 9.0)))
    found = even(one([machine()]), trace(0, 0, 0, 0), policy, faults=faults)
    assert [seen.failed[0]["vm"] for seen in policy.seen] == [0, 1, 1, 0]
    assert [(rental.ordered_s, rental.usd) for rental in found.rentals] == [(2.0, 2.0)]


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


def test_faults_throttle_functions() -> None:
    """In the window of a fault the function takes nobody, and the policy sees how many it refused."""
    policy = Script([Orders(({},))])
    found = even(one([], function()), trace(1, 1, 1, 1), policy, faults=Faults(throttle=((1.0, 3.0, 0),)))
    assert found.dropped["throttled"] == 2
    assert [seen.throttled[0] for seen in policy.seen] == [0, 0, 1, 1]


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


def test_the_latest_used_environment_is_taken() -> None:
    """Functions reuse the environment used last, and those idle beyond the keep-alive are cold again."""
    run = function([0.5, 0.5], keep_alive_s=1.0, cold_start_s=0.5)
    found = even(one([], run), trace(2, 0, 1, 0, 1), Script([Orders(({},))]))
    # 0.25 and 0.75 cold, until 1.25 and 1.75; 2.5 takes the latter, until 3.0; 4.5 finds none warm
    assert found.latency.tolist() == [1.0, 1.0, 0.5, 1.0]
    assert found.cold_starts == (3,)
    kept = even(one([], replace(run, keep_alive_s=1.5)), trace(2, 0, 1, 0, 1), Script([Orders(({},))]))
    assert kept.cold_starts == (2,)


def test_functions_are_billed_in_steps() -> None:
    """Billed time is rounded up to whole steps, and a whole number of steps is not rounded up by floating point."""
    found = even(one([], function([0.3, 0.3], billing_step_s=0.1)), trace(1), Script([Orders(({},))]))
    assert found.usd["functions"] == pytest.approx(0.25 + 0.3, rel=1e-12)  # 0.3 is three steps, not four
    found = even(one([], function([0.31, 0.31], billing_step_s=0.1)), trace(1), Script([Orders(({},))]))
    assert found.usd["functions"] == pytest.approx(0.25 + 0.4, rel=1e-12)


def two(sends: bool = True, hop_s: float = 0.5, **more: Any) -> Service:
    """Two blocks of three stages: everyone leaves at the second stage, the first of the second block."""
    first = Block(0, 0, (machine("a", [0.5, 0.25], sends=sends),), None, 0.25, 0.125)
    second = Block(1, 2, (machine("b", [1, 9, 9], workers=2),), None, hop_s, 2.0)
    draws = Draws(np.array([1]), np.array([True]))
    return Service("two", (first, second), (0.0, 1.0, 0.0), (0.5,) * 3, draws=draws, **more)


BOTH = Script([Orders(({"a": 1}, {"b": 1}))])


@pytest.mark.parametrize(("sends", "second"), [(True, 2.25), (False, 2.0)])
def test_hand_overs(sends: bool, second: float) -> None:
    """A machine that sends holds its worker while it hands over; one that does not is free at once."""
    found = even(two(sends, slo_s=2.0), trace(2, 0), replace(BOTH, seen=[]))
    # sent at 0.25, there at 0.5, served until 0.75, next at 1.25, until 2.25; the other is there at 1.0, but a worker
    # that sends is free at 1.25: served until 1.5, next at 2.0, until 3.0; else until 1.25, next at 1.75, until 2.75
    assert found.latency.tolist() == [2.0, second]
    assert found.busy_worker_s == 2 * (0.75 if sends else 0.25) + 2
    assert found.usd["links"] == 2 * 0.125 + 2 * 2.0
    assert (found.violations, found.accuracy, found.entered) == (int(sends), 1.0, (2, 2))


def test_exits_follow_shares_and_samples() -> None:
    """Requests leave in the shares of the exits, or as measured samples do, right and wrong with them."""
    blocks = (Block(0, 1, (), function([1, 1, 1])), Block(2, 2, (), function()))
    service = Service("s", blocks, (0.5, 0.2, 0.3), (0.9, 0.5, 0.7))
    found = simulate(service, trace(40_000), Script([Orders(({}, {}))]))
    assert found.entered[1] == pytest.approx(12_000, abs=4 * math.sqrt(40_000 * 0.3 * 0.7))
    assert found.accuracy == pytest.approx(0.76, abs=4 * math.sqrt(0.25 / 40_000))
    unknown = simulate(replace(service, accuracies=(0.9, math.nan, 0.7)), trace(99), Script([Orders(({}, {}))]))
    assert unknown.accuracy is None
    draws = Draws(np.array([0, 1, 2, 2]), np.array([True, True, True, False]))
    drawn = draw(replace(service, draws=draws), trace(40_000), 0)
    assert [np.unique(drawn.right[drawn.exits == s]).tolist() for s in range(3)] == [[1], [1], [0, 1]]
    assert np.mean(drawn.exits == 2) == pytest.approx(0.5, abs=0.01)


def test_arrivals() -> None:
    """Moments keep the counts of each period; Poisson arrivals have their mean and variance."""
    counts = trace(3, 0, 500, 2, period_s=60)
    for arrivals in ("spread", "even"):
        moments = draw(one([], function()), counts, 3, arrivals).times
        assert np.bincount((moments // 60).astype(int), minlength=4).tolist() == [3, 0, 500, 2]
        assert (np.diff(moments) >= 0).all()
    number = [len(draw(one([], function()), counts, seed, "poisson").times) for seed in range(400)]
    assert np.mean(number) == pytest.approx(505, abs=4 * math.sqrt(505 / 400))
    assert np.var(number) == pytest.approx(505, rel=4 * math.sqrt(2 / 400))


def lasting(service: Service, **more: Any) -> Any:
    """Latencies of 200,000 requests that never wait."""
    return simulate(service, trace(200_000), Script([Orders(({},))]), **more).latency


@pytest.mark.parametrize(("law", "cv"), [("lognormal", 0.5), ("lognormal", 1.0), ("pareto", 0.3)])
def test_factors_have_mean_1_and_the_cv(law: str, cv: float) -> None:
    """Random service times keep the mean that planning used, and have the spread that was asked for."""
    latency = lasting(one([], function([2, 2])), times=law, cv=cv)
    assert latency.mean() == pytest.approx(2, rel=0.01)
    assert latency.std() / latency.mean() == pytest.approx(cv, rel=0.06)
    if law == "pareto":
        shape = 1 + math.sqrt(1 + 1 / cv**2)
        assert cv**2 == pytest.approx(1 / (shape * (shape - 2)))
        scale = 2 * (shape - 1) / shape
        assert latency.min() >= scale * (1 - 1e-6)
        assert np.mean(latency > 2 * scale) == pytest.approx(2**-shape, abs=4 * math.sqrt(2**-shape / 200_000))


def test_measured_factors_and_deviations() -> None:
    """Measured factors are scaled to mean 1, and a stage's own deviation goes before the general one."""
    latency = lasting(one([], function()), times=np.array([1.0, 2.0, 6.0, 3.0]))
    assert np.unique(latency, return_counts=True)[0] == pytest.approx([1 / 3, 2 / 3, 1, 2])
    latency = lasting(one([], function([2, 2], sd_s=(0.5, 0.5))), times="lognormal", cv=3.0)
    assert latency.std() == pytest.approx(0.5, rel=0.03)
    assert set(lasting(one([], function([2, 2], sd_s=(0.5, 0.5))))) == {2.0}


def test_a_failing_policy_is_survived() -> None:
    """A policy that raises or orders nonsense is noted with its moment; the last good orders stay in force."""
    policy = Script([None, Orders(({"vm": 1},)), None, Orders(({"wm": 1},)), Orders(({"vm": 1}, {})), None])
    found = even(one([machine()]), trace(1, 1, 1, 1, 1, 1), policy)
    assert [moment for moment, _ in found.policy_errors] == [0, 2, 3, 4, 5]
    assert found.policy_errors[0][1] == "RuntimeError: no idea"
    assert "wm" in found.policy_errors[2][1]
    assert found.served == 6
    assert len(found.rentals) == 1


def test_seen_counts_whole_seconds() -> None:
    """A policy sees the requests of whole seconds that are over, each exactly once."""
    policy = fixed(1, every_s=2.5)
    even(one([machine(seconds=[0.125] * 2)]), trace(4, 2, 4, 1, 1, 0), policy)
    # 2.125 and 2.375 belong to the first 2.5 s, 2.625 and 2.875 to the next
    assert [seen.counts[0].tolist() for seen in policy.seen] == [[], [4, 2, 2], [2, 1, 1]]
    assert [seen.now_s for seen in policy.seen] == [0, 2.5, 5.0]


def test_periods_by_hand() -> None:
    """Each column of the table by period is the one reckoned by hand."""
    run = function([0.5, 0.5], cold_start_s=0.5)
    service = one([machine(seconds=[1.5, 1.5], start_s=0.5, workers=2, usd_per_s=2.0)], run)
    found = even(service, trace(1, 4), Script([Orders(({"vm": 1},))], 9.0), period_s=1.0)
    # 0.5 and 1.125 on the machine until 2.0 and 2.625, 1.375, 1.625, 1.875 cold on the function
    frame = found.to_frame()
    assert frame["arrivals"].tolist() == [1, 4, 0]
    assert frame["machine_requests"].tolist() == [1, 1, 0]
    assert frame["function_requests"].tolist() == [0, 3, 0]
    assert frame["cold"].tolist() == [0, 3, 0]
    assert frame["machines_ready"].tolist() == [0.5, 1, 0.625]
    assert frame["machines_billed"].tolist() == [1, 1, 0.625]
    assert frame["busy_share"].tolist() == [0.5 / 2, (1 + 0.875) / 2, pytest.approx(0.625 / 1.25)]
    assert frame["usd_machines"].tolist() == [2, 2, 1.25]
    assert frame["usd_functions"].tolist() == [0, 3 * 1.25, 0]


def test_an_empty_trace() -> None:
    """Without requests nothing divides by nothing: none late, and only machines are paid."""
    found = simulate(one([machine()]), trace(), fixed(1))
    assert (found.arrivals, found.kept, found.usd_total, found.utilisation) == (0, 1.0, 0.0, 0.0)
    assert found.to_frame().empty
    assert simulate(one([machine()]), trace(0, 0), fixed(1)).usd_total == 2.0


def test_progress_goes_up_to_all() -> None:
    """Who watches is told shares that rise to 1."""
    told: list[float] = []
    simulate(one([machine()]), trace(1, 1, 1), fixed(1, every_s=2.0), on_progress=told.append)
    assert told == [2 / 3, 1.0]


@pytest.mark.parametrize(
    "more",
    [
        {"times": "normal"},
        {"cv": -1.0, "times": "pareto"},
        {"times": np.array([-1.0, 2.0])},
        {"times": np.zeros(3)},
        {"arrivals": "never"},
        {"timeout_s": -1.0},
        {"period_s": 0.0},
    ],
)
def test_nonsense_is_refused(more: dict[str, Any]) -> None:
    """Settings without a meaning are refused by name instead of simulated."""
    with pytest.raises(ValueError, match=next(iter(more))):
        simulate(one([machine()]), trace(1), fixed(1), **more)
