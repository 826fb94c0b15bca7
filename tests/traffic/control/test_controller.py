"""The controller: its counts by arithmetic, its state, and what it does when things go wrong."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from serflow_opt.errors import InputError
from serflow_opt.traffic.control.controller import Controller
from serflow_opt.traffic.control.journal import MOST_EVENTS
from serflow_opt.traffic.control.valued import RETRY_S
from serflow_opt.traffic.demand.forecast import Daily, Ewma
from serflow_opt.traffic.demand.rates import Rates
from serflow_opt.traffic.demand.trace import Trace
from serflow_opt.traffic.scaling_policy import Orders, Seen
from serflow_opt.traffic.service import Block, Function, Machine, Service
from serflow_opt.traffic.simulate.faults import Faults
from serflow_opt.traffic.simulate.simulate import simulate

RENT, PRICE, ROOM = 0.1 / 3600, 0.5 * 1.667e-5 + 2e-7, 16
"""LIBRA's constants: rent of a machine, price of a request on the function, requests a machine serves at once."""
LARGE = Machine("m4.large", RENT, ROOM, (1.0, 1.0), start_s=100.0)
LAMBDA = Function("lambda", (1.0, 1.0), usd_per_s=0.5 * 1.667e-5, usd_per_request=2e-7)


def service(*machines: Machine, function: Function | None = LAMBDA, slo_s: float | None = 1.0) -> Service:
    """One stage of one second."""
    return Service("one", (Block(0, 0, machines or (LARGE,), function),), (1.0,), (math.nan,), slo_s)


def seen(now: float, counts: Any, ready: dict[str, int] | None = None, **more: Any) -> Seen:
    """What one block saw."""
    nothing: dict[str, int] = {}
    return Seen(
        now,
        (np.asarray(counts, dtype=np.int64),),
        (ready or {},),
        (more.get("starting", nothing),),
        (more.get("failed", nothing),),
        (more.get("throttled", 0),),
    )


def steady(rate: float, seconds: int) -> Trace:
    """A trace of one rate."""
    return Trace(np.full(seconds, round(rate), dtype=np.int64), 1.0, np.ones(seconds))


class Says:
    """A forecaster that says what it is told to."""

    def __init__(self, answer: Any) -> None:
        self.answer = answer

    def observe(self, counts: Any) -> None:
        """Do not listen."""

    def rates(self) -> Any:
        """Say it."""
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer

    def state(self) -> dict[str, Any]:
        """Nothing."""
        return {}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Nothing."""


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


def test_the_cheaper_type_is_taken() -> None:
    """Of two equal types the one with the lower rent is ordered, wherever it stands in the list."""
    dear = replace(LARGE, name="dear", usd_per_s=RENT * 1.01)
    controller = Controller(service(dear, LARGE), arrivals="smooth", forecaster=lambda block: Says(Rates.steady(98.0)))
    controller.observe(0, 0, np.full(60, 100.0))
    assert controller.decide(seen(60, [])).machines == ({"dear": 0, "m4.large": 6},)


def test_another_type_steps_in_where_one_does_not_start() -> None:
    """A type that did not start is left alone for a while; then it replaces the dear one without a gap."""
    dear = replace(LARGE, name="dear", usd_per_s=RENT * 1.01)
    controller = Controller(service(dear, LARGE), arrivals="smooth", forecaster=lambda block: Says(Rates.steady(98.0)))
    controller.observe(0, 0, np.full(60, 100.0))
    controller.decide(seen(60, []))
    after = controller.decide(seen(120, [], failed={"m4.large": 6}))
    assert after.machines == ({"dear": 6, "m4.large": 0},)
    assert "6 x m4.large did not start" in controller.events[-1].text
    again = controller.decide(seen(120 + RETRY_S, [], {"dear": 6}))
    assert again.machines[0]["m4.large"] == 6
    assert again.machines[0]["dear"] == 6, "the old ones stay until the new ones are there"


@pytest.mark.parametrize(
    "answer",
    [
        Rates(np.array([math.nan]), np.ones(1)),
        Rates(np.array([-5.0]), np.ones(1)),
        Rates(np.array([1e12]), np.ones(1)),
        Rates(np.array([5.0]), np.array([0.3])),
        Rates(np.array([10.0, 60.0]), np.array([2.0, -1.0])),
        Rates(np.array([60.0, 10.0]), np.array([0.5, 0.5])),
        Rates(np.zeros(0), np.zeros(0)),
        Rates([5.0, "many"], np.ones(2) / 2),  # type: ignore[arg-type, list-item]
        98.0,
        "98",
        ValueError("no"),
    ],
)
def test_a_forecast_that_is_nonsense_is_told_and_replaced(answer: Any) -> None:
    """Whatever a forecaster of one's own returns, the controller goes on with what it has seen itself."""
    controller = Controller(service(), arrivals="smooth", forecaster=lambda block: Says(answer))
    orders = controller.decide(seen(60, np.full(60, 98)))
    assert orders.machines == ({"m4.large": 6},)
    assert any("forecast" in event.text for event in controller.events)


def test_a_queue_only_where_there_is_time_for_it() -> None:
    """16 busy workers end 16 requests a second: the k-th to wait is late when fewer than k end in the slack.

    Of 0.9 s, with 14.4 ends on average: fewer than 3 in 7e-5 of the cases, fewer than 4 in 3e-4; one in 10,000 may be
    late, of which 0.8 is planned for. 2.5 s are two whole rounds of 16, in which nobody is late.
    """
    says = Says(Rates.steady(16.0))
    for slo, waiting in ((1.0, 0), (1.9, 3), (3.5, 32)):
        controller = Controller(service(slo_s=slo), arrivals="smooth", forecaster=lambda block: says)
        controller.observe(0, 0, np.full(60, 16.0))
        assert controller.decide(seen(60, [], {"m4.large": 1})).queue_max == (waiting,)
        assert controller.decide(seen(120, [], starting={"m4.large": 1})).queue_max == (0,), "not yet serving"


def test_machines_alone_are_ordered_before_anything_is_known() -> None:
    """Without a function somebody must be there for the first request; with one nothing is rented yet."""
    controller = Controller(service(function=None))
    assert controller.decide(seen(0, [])).machines == ({"m4.large": 1},)
    assert Controller(service()).decide(seen(0, [])).machines == ({"m4.large": 0},)


def test_the_most_that_may_be_rented_is_kept() -> None:
    """A limit on machines holds, however many would pay."""
    few = replace(LARGE, machines_max=2)
    controller = Controller(service(few), arrivals="smooth", forecaster=lambda block: Says(Rates.steady(98.0)))
    controller.observe(0, 0, np.full(60, 100.0))
    assert controller.decide(seen(60, [])).machines == ({"m4.large": 2},)


def test_a_controller_that_is_stopped_and_restored_decides_the_same() -> None:
    """State through JSON is enough to decide as if nothing had happened."""
    rng = np.random.default_rng(0)
    traffic = rng.poisson(np.repeat(rng.uniform(10, 120, 20), 60))

    def decide(controller: Controller, step: int, have: dict[str, int]) -> Orders:
        return controller.decide(seen(60.0 * (step + 1), traffic[60 * step : 60 * step + 60], have))

    whole, have = Controller(service()), {"m4.large": 0}
    first = Controller(service())
    for step in range(10):
        kept = decide(whole, step, have)
        assert decide(first, step, have) == kept
        have = kept.machines[0]
    second = Controller(service())
    second.restore(json.loads(json.dumps(first.state())))
    for step in range(10, 20):
        kept = decide(whole, step, have)
        assert decide(second, step, have) == kept
        have = kept.machines[0]


def test_a_state_goes_on_on_a_new_clock() -> None:
    """The old process lived for an hour; the new one counts from 0 again."""
    old = Controller(service())
    for step in range(60):
        old.decide(seen(60.0 * (step + 1), np.full(60, 98)))
    old.decide(seen(3660.0, np.full(60, 98), failed={"m4.large": 6}))
    new = Controller(service())
    new.restore(json.loads(json.dumps(old.state())), now_s=0.0)
    assert new.decide(seen(60.0, np.full(60, 98))).machines == ({"m4.large": 0},), "still left alone"
    assert new.decide(seen(RETRY_S, np.full(240, 98))).machines[0]["m4.large"] > 0
    assert not [event for event in new.events if "late" in event.text or "missing" in event.text]


def test_what_is_wrong_all_the_time_is_not_said_all_the_time() -> None:
    """A fault that lasts an hour is said twelve times, not at each decision."""
    controller = Controller(service(), forecaster=lambda block: Says(ValueError("no")))
    for step in range(60):
        controller.decide(seen(60.0 * (step + 1), np.full(60, 98)))
    assert len(controller.events) == 12, "an hour, once in five minutes"


def test_a_state_of_another_service_is_refused() -> None:
    """A state of another service would order machines that are not there."""
    state = Controller(service()).state()
    with pytest.raises(ValueError, match="'one' with 1 blocks"):
        Controller(replace(service(), name="two")).restore(state)


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


def test_a_type_is_not_left_alone_for_ever_when_the_clock_is_set_back() -> None:
    """A type that failed is tried again though the clock went back by years."""
    controller = Controller(service())
    controller.decide(seen(1.76e9, np.full(60, 98), failed={"m4.large": 6}))
    for step in range(1, 10):
        orders = controller.decide(seen(60.0 * step, np.full(60, 98)))
    assert orders.machines[0]["m4.large"] > 0


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


DAILY = {"forecaster": lambda block: Daily()}
EWMA = {"forecaster": lambda block: Ewma()}


@pytest.mark.parametrize("more", [{}, DAILY, EWMA])
def test_the_state_is_json_whatever_was_measured(more: Any) -> None:
    """Hundreds of steps of clocks, counts and machines, absurd ones among them; each state can be restored."""
    rng = np.random.default_rng(3)
    odd = [math.nan, math.inf, -math.inf, -1.0, 1e308, 1e12, 1e7, 2.5, 0.0]
    own = service(replace(LARGE, machines_max=20))
    controller, now_s = Controller(own, **more), 0.0
    for step in range(300):
        now_s += float(rng.choice([60.0, 60.0, 60.0, 0.0, -30.0, 86_400.0, 1e7, -1e7]))
        counts = rng.poisson(50, rng.integers(0, 90)).astype(float)
        for _ in range(rng.integers(0, 4) if len(counts) else 0):
            counts[rng.integers(len(counts))] = odd[rng.integers(len(odd))]
        moment = odd[rng.integers(len(odd))] if rng.random() < 0.1 else now_s
        what: Any = ["many", None, 7.0, [[1, 2], [3]], ["x"]][rng.integers(5)] if rng.random() < 0.05 else counts
        ready = {"m4.large": odd[rng.integers(len(odd))] if rng.random() < 0.1 else int(rng.integers(0, 9))}
        orders = controller.decide(Seen(moment, (what,), (ready,), ({},), ({"m4.large": 1},), (3,)))  # type: ignore[arg-type]
        assert orders.machines[0]["m4.large"] >= 0
        if step % 10 == 0:
            state = json.loads(json.dumps(controller.state(), allow_nan=False))
            after = Controller(own, **more)
            after.restore(state)
            assert after.state() == state


@pytest.mark.parametrize("more", [{}, DAILY, EWMA])
def test_damaged_states_are_refused_by_key(more: Any) -> None:
    """At each place of a state something else, or nothing: restored, or refused naming the place, and as it was."""
    controller = Controller(service(), **more)
    for step in range(1, 4):
        controller.decide(seen(60.0 * step + 30, np.full(60, 98), failed={"m4.large": 1}))
    good = json.loads(json.dumps(controller.state()))
    others = [None, True, "x", -1, 1e300, math.nan, 10**400, [], {}, [1], ["x"], [math.inf], {"a": 1}]
    rng = np.random.default_rng(4)
    refused = 0
    for _ in range(400):
        state = json.loads(json.dumps(good))
        place: list[Any] = []
        inside = state
        while isinstance(inside, (dict, list)) and inside and (not place or rng.random() < 0.8):
            keys = list(inside) if isinstance(inside, dict) else list(range(len(inside)))
            key = keys[rng.integers(len(keys))]
            place.append(key)
            around, inside = inside, inside[key]
        if isinstance(around, dict) and rng.random() < 0.3:
            del around[key]
        else:
            around[key] = others[rng.integers(len(others))]
        fresh = Controller(service(), **more)
        before = fresh.state()
        try:
            fresh.restore(state)
            json.dumps(fresh.state(), allow_nan=False)
            fresh.decide(seen(300.0, np.full(60, 98)))
        except InputError as error:
            refused += 1
            assert fresh.state() == before
            (problem,) = error.problems
            named = [part for part in place if isinstance(part, str)]
            assert problem.place == "service" or any(part in problem.place for part in named), (place, problem)
    assert refused > 120


@pytest.mark.parametrize("state", [None, [], "x", {}, {"service": "one"}, {"service": "one", "blocks": 3, "now_s": 0}])
def test_what_is_no_state_is_refused(state: Any) -> None:
    """What is no state, and no moment, is refused in words."""
    with pytest.raises(InputError, match="state"):
        Controller(service()).restore(state)
    with pytest.raises(InputError, match="now_s"):
        Controller(service()).restore(Controller(service()).state(), now_s=math.nan)


def test_a_forecaster_whose_state_cannot_be_written_starts_afresh() -> None:
    """A state that is no JSON is left out and told; one that cannot be read back is refused by its key."""

    class Odd(Says):
        def state(self) -> dict[str, Any]:
            return {"seen": {1, 2}, "mean": math.nan}

        def restore(self, state: Mapping[str, Any]) -> None:
            raise KeyError("mean")

    controller = Controller(service(), forecaster=lambda block: Odd(Rates.steady(5.0)))
    state = json.loads(json.dumps(controller.state(), allow_nan=False))
    assert "state is lost" in controller.events[-1].text
    controller.restore(state)
    state["blocks"][0]["forecaster"] = {"mean": 3}
    with pytest.raises(InputError, match=r"blocks\[0\].forecaster: the forecaster cannot restore it"):
        controller.restore(state)


# ----------------------------------------------------------------------------------------------------
# Things that go wrong, request by request


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


def test_a_forecaster_that_fails_all_the_time() -> None:
    """A broken forecaster costs money, not requests."""

    def fails(block: Block) -> Says:
        return Says(RuntimeError("broken"))

    run = simulate(service(), steady(100, 900), Controller(service(), forecaster=fails))
    assert run.served == run.arrivals
    assert not run.policy_errors
    assert run.by_machine[0] > run.by_function[0]
