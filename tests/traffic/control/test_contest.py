"""Rivals of the plan by worth: their fleets in thought, what they are valued at, and who gives the orders."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from support.tracked import CALL, MACHINE, service

import serflow_opt as so
from serflow_opt.traffic.control import contest
from serflow_opt.traffic.control.contest import FIRST_S, CameInSteps, Contestant
from serflow_opt.traffic.control.controller import Controller
from serflow_opt.traffic.control.worth import MachineWorth
from serflow_opt.traffic.demand.rates import Rates
from serflow_opt.traffic.service import Function


def test_a_fleet_in_thought() -> None:
    """Ordered at 0 s, ready at 60 s; of five ordered two are stopped before they serve."""
    one = Contestant()
    one.want(5, 60.0)
    assert one.advance(30.0) == [(30.0, 0)]
    one.want(3, 60.0)
    assert (one.ready, one.have) == (0, 3)
    assert one.advance(60.0) == [(30.0, 0), (30.0, 3)]
    one.want(4, 60.0)
    one.want(1, 60.0)
    assert (one.ready, one.starting) == (1, [])


def test_the_function_takes_over_where_load_is_gone_before_machines_are_there(monkeypatch: pytest.MonkeyPatch) -> None:
    """100 requests/s for a minute in six or so, machines that start in two: calls alone cost 100 x 60 x 2e-5 a wave.

    Five machines cost 60 s x 5 x 1e-4, a quarter of the calls, so the plan by worth orders them at each wave. Waves
    come at no fixed time: those that did would be foreseen. Machines that wait for the next one cost more than it.
    """
    late = replace(MACHINE, usd_per_s=1e-4, start_s=120.0)
    own = service(CALL).with_machines(((late,),))
    waves, pauses = 20, np.random.default_rng(1).integers(3, 9, 20).tolist()
    minutes = [count for pause in pauses for count in (6000, *[0] * pause)]
    trace, calls = so.Trace.of(minutes, 60.0), waves * 100 * 60 * 2e-5
    run = so.simulate(own, trace, controller := Controller(own))
    assert not run.policy_errors
    assert any("function gives the orders instead of" in event.text for event in controller.events)
    assert run.usd_total < 1.04 * calls
    assert run.to_frame().query("start_s >= 1800")["usd_machines"].sum() == 0
    monkeypatch.setattr(contest, "MUCH", math.inf)  # the function never takes over
    assert so.simulate(own, trace, Controller(own)).usd_total > 1.05 * calls


def test_the_plan_that_has_learnt_takes_part_where_the_rate_has_its_hours() -> None:
    """A quarter of an hour of 100 requests/s in each hour, which a window of the last minutes sees too late, each time.

    With the first hours learnt the machines for it are there when it begins; without, calls cost 2e-5 USD each until
    machines have started: over a minute of 80/s, 0.1 USD an hour, where five machines rent for 0.05 in that hour.
    """
    own = service(CALL).with_machines(((replace(MACHINE, start_s=120.0),),))
    trace = so.Trace.of(([1200] * 45 + [6000] * 15) * 5, 60.0)
    run = so.simulate(own, trace, controller := Controller(own))
    assert not run.policy_errors
    assert any("worth-like-moments is the plan instead of worth" in event.text for event in controller.events)
    frame = run.to_frame()
    hourly = [frame.query(f"{3600 * h} <= start_s < {3600 * h + 3600}")["usd_functions"].sum() for h in range(5)]
    assert hourly[4] < 0.75 * hourly[1]


class Low:
    """A forecaster that expects next to nothing."""

    def observe(self, counts: Any) -> None:
        """Do not listen."""

    def rates(self) -> Rates:
        """One request a second."""
        return Rates.steady(1.0)

    def state(self) -> dict[str, Any]:
        """Nothing."""
        return {}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Nothing."""


@pytest.mark.parametrize("function", [CALL, None])
def test_tracking_takes_over_where_the_forecast_is_bad(function: Function | None) -> None:
    """100 requests/s fill 5 machines; the function would cost 100 x 2e-5 USD a second, 200 times the rent of one."""
    own = service(function)
    controller = Controller(own, forecaster=lambda block: Low())
    trace = so.Trace.of([6000] * 60, 60.0)
    run = so.simulate(own, trace, controller)
    assert not run.policy_errors
    assert any("tracking" in event.text and "instead of worth" in event.text for event in controller.events)
    last = max(rental.ordered_s for rental in run.rentals)
    assert last >= FIRST_S
    there = sum(rental.stopped_s == math.inf for rental in run.rentals)
    assert 5 <= there <= 9


def test_nobody_takes_over_from_a_good_forecast() -> None:
    """Steady traffic is forecast well: target tracking must not take over there."""
    own = service()
    controller = Controller(own)
    so.simulate(own, so.Trace.of([6000] * 90, 60.0), controller)
    assert not [event for event in controller.events if "instead of worth" in event.text]


def test_what_a_fleet_in_thought_costs_and_makes_late() -> None:
    """Two machines for a minute, and without a function a backlog: 60 requests/s come, 2 x 20 are served."""
    own = service(None)
    worth = MachineWorth(own, 0, MACHINE, 1800.0, "smooth")
    one = Contestant(ready=2)
    one.value(worth, one.advance(60.0), CameInSteps(np.full(4, 60.0), 15.0))
    assert one.usd == pytest.approx(2 * 60 * MACHINE.usd_per_s)
    assert one.backlog == pytest.approx(60 * (60 - 40))
    assert one.late == pytest.approx(60 * 60)  # who comes behind 15 s x 20 waits 7.5 s and more, of 0.3 s


def test_a_fleet_beside_a_function_pays_for_what_it_does_not_take() -> None:
    """Of 60 requests/s that come evenly two machines take 40; each call is 0.2 s at 1e-4 USD/s."""
    own = service()
    worth = MachineWorth(own, 0, MACHINE, 1800.0, "smooth")
    one = Contestant(ready=2)
    one.value(worth, one.advance(60.0), CameInSteps(np.full(4, 60.0), 15.0))
    assert one.usd == pytest.approx(2 * 60 * MACHINE.usd_per_s + 60 * 20 * 0.2 * 1e-4, rel=0.02)
    assert (one.late, one.backlog) == (0.0, 0.0)
