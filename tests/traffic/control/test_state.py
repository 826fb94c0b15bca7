"""The state of a controller: through JSON, on another clock, damaged."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from support.controlled import LARGE, seen, service

from serflow_opt.errors import InputError
from serflow_opt.traffic.control.controller import Controller
from serflow_opt.traffic.control.valued import RETRY_S
from serflow_opt.traffic.demand.forecast import Daily, Ewma
from serflow_opt.traffic.scaling_policy import Orders, Seen


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


def test_a_state_of_another_service_is_refused() -> None:
    """A state of another service would order machines that are not there."""
    state = Controller(service()).state()
    with pytest.raises(ValueError, match="'one' with 1 blocks"):
        Controller(replace(service(), name="two")).restore(state)


@pytest.mark.parametrize("in_force", ["worth", "tracking-70", "oracle"])
def test_a_state_of_a_version_with_other_contestants_is_taken(in_force: str) -> None:
    """Saved before the function was a contestant, and with one that is no more: who is new starts level with all."""
    old = Controller(service())
    for step in range(40):
        old.decide(seen(60.0 * (step + 1), np.full(60, 98), {"m4.large": 6}))
    state = json.loads(json.dumps(old.state()))
    contest = state["blocks"][0]["contest"]
    contest["contestants"]["oracle"] = contest["contestants"].pop("function")
    contest["in_force"] = in_force
    del contest["contestants"]["worth-like-moments"], contest["plan"], state["blocks"][0]["past"]
    new = Controller(service())
    new.restore(state)
    (event,) = new.events
    assert "other contestants (function, oracle, worth-like-moments)" in event.text
    after = new.state()["blocks"][0]["contest"]
    assert after["in_force"] == ("worth" if in_force == "oracle" else in_force)
    assert set(after["contestants"]) == set(old.state()["blocks"][0]["contest"]["contestants"])
    assert {row["usd"] for row in after["contestants"].values()} == {0.0}
    assert after["valued_s"] == 0.0
    assert after["contestants"]["worth"]["ready"] == contest["contestants"]["worth"]["ready"] > 0
    assert new.decide(seen(2460.0, np.full(60, 98), {"m4.large": 6})).machines[0]["m4.large"] > 0


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
