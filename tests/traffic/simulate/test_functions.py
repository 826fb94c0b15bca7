"""Functions request by request: environments, cold starts, bills in steps."""

from __future__ import annotations

from dataclasses import replace

import pytest
from support.simulated import even, function, machine, one
from support.traffic_cases import Script, trace

from serflow_opt.traffic.scaling_policy import Orders


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


KEPT = function([0.5, 0.5], keep_alive_s=10.0, cold_start_s=0.25, named=False)


def test_one_environment_is_kept_warm() -> None:
    """Called at 0, 8, 16 s for a millisecond: the first is cold, the request at 15.5 s is not."""
    found = even(one([], KEPT), trace(*[0] * 15, 1, *[0] * 4), Script([Orders(({},), keep_warm=(1,))]))
    assert (found.warm_calls, found.warm_cold, found.cold_starts) == ((3,), (1,), (0,))
    assert found.latency.tolist() == [0.5]
    assert found.usd_warm == pytest.approx(3 * 0.25 + 3 * 0.001 + 0.25)
    assert found.usd["functions"] == pytest.approx(found.usd_warm + 0.25 + 0.5)
    assert found.to_frame()["warm_calls"].sum() == 3
    without = even(one([], KEPT), trace(*[0] * 15, 1, *[0] * 4), Script([Orders(({},))]))
    assert (without.warm_calls, without.usd_warm, without.cold_starts) == ((0,), 0.0, (1,))


def test_two_environments_are_called_at_once() -> None:
    """Two of 0.1 s at 0 and 8 s reach two environments: of three requests in a second the third meets none warm."""
    found = even(one([], KEPT), trace(*[0] * 9, 3, *[0] * 4), Script([Orders(({},), keep_warm=(2,))]))
    # 9.167 and 9.5 s find the two; 9.833 s the one that has been free since 9.667 s
    assert (found.warm_calls, found.warm_cold, found.cold_starts) == ((4,), (2,), (0,))
    assert found.usd_warm == pytest.approx(4 * 0.25 + 4 * 0.1 + 2 * 0.25)
    slower = replace(KEPT, seconds=(0.75, 0.75))
    found = even(one([], slower), trace(*[0] * 9, 3, *[0] * 4), Script([Orders(({},), keep_warm=(2,))]))
    assert (found.warm_calls, found.cold_starts) == ((4,), (1,))


def test_environments_with_names_are_called_for_a_millisecond() -> None:
    """As above; each is called by itself."""
    own = one([], replace(KEPT, named=True))
    found = even(own, trace(*[0] * 9, 3, *[0] * 4), Script([Orders(({},), keep_warm=(2,))]))
    assert (found.warm_calls, found.warm_cold, found.cold_starts) == ((4,), (2,), (0,))
    assert found.usd_warm == pytest.approx(4 * 0.25 + 4 * 0.001 + 2 * 0.25)


def test_requests_meet_environments_that_are_being_kept_warm() -> None:
    """Calls of 0.1 s at 0 s start cold and end at 0.35 s: a request at 0.25 s is cold, too, one at 0.75 s is not."""
    found = even(one([], KEPT), trace(2), Script([Orders(({},), keep_warm=(2,))]))
    assert found.latency.tolist() == [0.75, 0.5]
    assert (found.warm_calls, found.warm_cold, found.cold_starts) == ((2,), (2,), (1,))


def test_more_are_called_at_once_and_none_no_longer() -> None:
    """One from 0 s on, three from 5 s on, for whom it begins anew, two from 10 s on, none from 15 s on."""
    orders = [Orders(({},), keep_warm=(n,)) for n in (1, 3, 2, 0)]
    found = even(one([], KEPT), trace(*[0] * 40), Script(orders, every_s=5.0))
    # 0 s: 1, cold; 5 s: 3, two of them cold; 13 s: 2; then nothing
    assert (found.warm_calls, found.warm_cold) == ((6,), (3,))


def test_limits_hold_for_calls_that_keep_warm() -> None:
    """Of three calls at once two are taken, and nobody is told of the third."""
    policy = Script([Orders(({},), keep_warm=(3,))])
    found = even(one([], replace(KEPT, concurrency_max=2)), trace(0), policy)
    assert (found.warm_calls, found.throttled) == ((2,), (0,))


@pytest.mark.parametrize(("count", "said"), [(-1, "0 or more"), (0.5, "whole number"), (1, "no function")])
def test_nonsense_is_not_kept_warm(count: float, said: str) -> None:
    """Orders for parts of environments, or without a function, are errors of the policy."""
    policy = Script([Orders(({},), keep_warm=(count,))])  # type: ignore[arg-type]
    found = even(one([machine()]), trace(0), policy)
    assert said in found.policy_errors[0][1]
