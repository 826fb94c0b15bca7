"""Target tracking by arithmetic, as a policy and as a rival of the controller."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

import serflow_opt as so
from serflow_opt.traffic.control.contest import FIRST_S, Contestant
from serflow_opt.traffic.control.controller import Controller
from serflow_opt.traffic.control.tracking import STABILISATION_S, TrackedPool, Tracking
from serflow_opt.traffic.demand.rates import Rates
from serflow_opt.traffic.scaling_policy import Seen
from serflow_opt.traffic.service import Block, Function, Machine, Service

MACHINE = Machine("m", 1e-5, 4, (0.2, 0.2), start_s=60.0)
CALL = Function("f", (0.2, 0.2), usd_per_s=1e-4, usd_per_request=0.0)


def service(function: Function | None = CALL) -> Service:
    """A machine serves 20 requests/s."""
    return Service("one", (Block(0, 0, (MACHINE,), function),), (1.0,), (math.nan,), 0.5, 0.95)


def test_the_target_is_followed_out_at_once_and_in_after_the_window() -> None:
    """Load 5.6 machines at 70 %: 8. Down to 2.1: 3, once the window is over."""
    target = TrackedPool(0.7)
    assert target.count(0.0, 1, 5.6) == 8
    assert target.count(60.0, 8, 2.1) == 8
    assert target.count(STABILISATION_S - 1, 8, 2.1) == 8
    assert target.count(STABILISATION_S + 1, 8, 2.1) == 3
    assert target.count(STABILISATION_S + 2, 3, 0.0) == 3
    for second in range(1000):
        target.count(1000.0 + second / 10, 3, 2.1)
    assert len(target.recent) <= 100


def test_the_policy_sees_what_came() -> None:
    """120 requests/s keep 6 machines busy: 10 at 60 %."""
    policy = Tracking(service(None), 0.6)
    none: tuple[dict[str, int], ...] = ({},)
    first = policy.decide(Seen(0.0, (np.zeros(0, np.int64),), none, none, none, (0,)))
    assert first.machines == ({"m": 1},)
    after = policy.decide(Seen(60.0, (np.full(60, 120),), ({"m": 1},), none, none, (0,)))
    assert after.machines == ({"m": 10},)


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
