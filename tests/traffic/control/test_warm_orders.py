"""Environments kept warm beside machines: as planned, fewer where these carry the load, and back."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

import serflow_opt as so
from serflow_opt.errors import InputError
from serflow_opt.traffic.control.warm_orders import WarmOrders
from serflow_opt.traffic.control.worth import MachineWorth
from serflow_opt.traffic.demand.rates import Rates
from serflow_opt.traffic.demand.trace import Trace
from serflow_opt.traffic.service import Block, Function, Machine, Service

MACHINE = Machine("m", 1e-5, 4, (0.1, 0.1), sends=False, start_s=30.0)
CALL = Function("call", (0.1, 0.1), usd_per_s=1e-4, usd_per_request=1e-7, cold_start_s=0.5, named=False)
OWN = Service("one", (Block(0, 0, (MACHINE,), CALL),), (1.0,), (math.nan,), 0.5, keep_warm=(6,))
WORTH = MachineWorth(OWN, 0, MACHINE, 1800.0, "smooth")


def test_as_planned_without_machines() -> None:
    """Whatever is forecast, and where nothing is."""
    own = WarmOrders(OWN, 0)
    assert [own.count(None, 0, rates) for rates in (None, Rates.steady(0.0), Rates.steady(30.0))] == [6, 6, 6]


def test_fewer_where_two_decisions_ask_for_fewer() -> None:
    """Machines for 40 requests/s, evenly, leave nothing of 30: one is kept; of 60 they leave a third, six again."""
    own = WarmOrders(OWN, 0)
    calm, busy = Rates.steady(30.0), Rates.steady(60.0)
    assert [own.count(WORTH, 1, rates) for rates in (calm, calm, busy, calm, calm)] == [6, 1, 6, 6, 1]


def test_those_with_names_are_always_kept() -> None:
    """They cost next to nothing."""
    named = replace(OWN, blocks=(Block(0, 0, (MACHINE,), replace(CALL, named=True)),))
    own = WarmOrders(named, 0)
    assert [own.count(WORTH, 1, Rates.steady(30.0)) for _ in range(3)] == [6, 6, 6]


def test_as_many_as_what_is_left_needs() -> None:
    """Of 45/s machines leave 5 of 0.1 s each, half an environment: n are busy in B(n, 1/2) of the time, 1/3, 1/13, ..

    Four in five of a ten thousandth of 45/s, 0.0036, may be beyond: 5 B(4) is 0.0079 and 5 B(5) 0.0008.
    """
    own = WarmOrders(OWN, 0)
    rates = Rates.steady(45.0)
    left = 45 * float(WORTH.lost_of(1, np.array([4.5]))[0])
    assert left == pytest.approx(5.0)
    assert [own.count(WORTH, 1, rates) for _ in range(2)] == [6, 5]


def test_a_state_is_gone_on_from() -> None:
    """What was given and needed is restored; a state of before has none, and a damaged one is named."""
    own = WarmOrders(OWN, 0)
    own.count(WORTH, 1, Rates.steady(30.0))
    again = WarmOrders(OWN, 0).restored(own.state(), "warm")
    assert (again.count(WORTH, 1, Rates.steady(30.0)), again.state()) == (1, {"given": 1, "before": 1})
    assert WarmOrders(OWN, 0).restored(None, "warm").count(WORTH, 1, Rates.steady(30.0)) == 6
    with pytest.raises(InputError, match=r"warm\.given"):
        WarmOrders(OWN, 0).restored({"given": -1, "before": 1}, "warm")


def test_the_controller_orders_them() -> None:
    """Ten quiet minutes: six are called every 240 s, all cold at first; told not to, or on a service without, none."""
    trace = Trace.of([1, *[0] * 599])
    found = so.simulate(OWN, trace, so.Controller(OWN))
    assert (found.warm_calls, found.warm_cold) == ((18,), (6,))
    off = so.simulate(OWN, trace, so.Controller(OWN, keep_warm=False))
    assert (off.warm_calls, off.policy_errors) == ((0,), ())
    fewer = so.Controller(OWN)
    so.simulate(OWN, Trace.of([25] * 900), fewer)
    said = [event.text for event in fewer.events if "warm" in event.text]
    assert said[0] == "keeps 1 environments of the function warm, 6 before"
    other = so.Controller(OWN)
    other.restore(fewer.state())
    assert other.state()["blocks"][0]["warm"] == fewer.state()["blocks"][0]["warm"]
