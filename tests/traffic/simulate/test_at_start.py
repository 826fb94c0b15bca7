"""Machines that serve when a simulation begins: who serves, what is paid, and who decides when."""

from __future__ import annotations

import math

import numpy as np
import pytest

import serflow_opt as so
from serflow_opt.traffic.control.baselines import Fixed
from serflow_opt.traffic.demand.trace import Trace
from serflow_opt.traffic.scaling_policy import Orders, Seen
from serflow_opt.traffic.service import Block, Function, Machine, Service
from serflow_opt.traffic.simulate.at_start import no_fewer, of_blocks

MACHINE = Machine("box", 1e-3, 1, (1.0, 1.0), start_s=100.0, machines_max=4)
CALL = Function("call", (1.0, 1.0), usd_per_s=1e-2, usd_per_request=0.0)
SERVICE = Service("one", (Block(0, 0, (MACHINE,), CALL),), (1.0,), (math.nan,), 1.0)
TRACE = Trace(np.full(180, 1, dtype=np.int64), 1.0, np.ones(180), name="one_per_second")


class Nobody:
    """Never wants a machine, and keeps what it was shown."""

    name, every_s = "nobody", 60.0

    def __init__(self) -> None:
        self.ready: list[dict[str, int]] = []

    def decide(self, seen: Seen) -> Orders:
        """Order nothing."""
        self.ready.append(seen.ready[0])
        return Orders(({},))


def test_they_serve_at_once_and_are_paid_from_second_0() -> None:
    """Two machines for three minutes at 1 request a second, evenly: 0.36 USD, and nobody calls the function."""
    run = so.simulate(SERVICE, TRACE, Fixed(SERVICE, [2]), arrivals="even", machines_at_start=({"box": 2},))
    assert (run.by_machine, run.by_function) == ((180,), (0,))
    assert run.usd["machines"] == pytest.approx(2 * 180.5 * 1e-3, abs=1e-3), "the last request ends half a second later"
    later = so.simulate(SERVICE, TRACE, Fixed(SERVICE, [2]), arrivals="even")
    assert later.by_function == (100,), "ordered at second 0 they serve 100 s later"


def test_they_stay_until_somebody_has_seen_something() -> None:
    """Who wants none at second 0 has one until second 60: 60 requests, paid until the last is done, 0.5 s later."""
    policy = Nobody()
    run = so.simulate(SERVICE, TRACE, policy, arrivals="even", machines_at_start=({"box": 1},))
    assert policy.ready == [{"box": 1}, {"box": 1}, {"box": 0}]
    assert run.by_machine == (60,)
    assert run.usd["machines"] == pytest.approx(0.0605)


def test_the_controller_goes_on_from_what_is_there() -> None:
    """Two requests a second for ten minutes, which four machines nearly carry: it keeps them, and calls for few."""
    trace = Trace(np.full(600, 2, dtype=np.int64), 1.0, np.ones(600), name="two_per_second")
    cold = so.simulate(SERVICE, trace, so.Controller(SERVICE))
    warm = so.simulate(SERVICE, trace, so.Controller(SERVICE), machines_at_start=({"box": 4},))
    assert cold.by_function[0] - warm.by_function[0] > 250, "160 s in which nobody serves: 2 a second, less 60"
    assert warm.usd_total < cold.usd_total


def test_no_fewer_than_are_there() -> None:
    """Of each type the larger number."""
    assert no_fewer(({"a": 1}, {}), ({"a": 3, "b": 2}, {})) == ({"a": 3, "b": 2}, {})
    assert no_fewer(({"a": 5},), ({"a": 3},)) == ({"a": 5},)


def test_of_blocks_by_type() -> None:
    """Each block that has a type gets so many; a type that no block has is named."""
    assert of_blocks(SERVICE, {"box": 3}) == ({"box": 3},)
    with pytest.raises(so.InputError, match="no block has crate"):
        of_blocks(SERVICE, {"crate": 1})


@pytest.mark.parametrize("there", [({"crate": 1},), ({"box": -1},), ({"box": 1.5},), ({"box": 5},), ({}, {})])
def test_what_cannot_be_there_is_refused(there: tuple[dict[str, int], ...]) -> None:
    """Unknown types, no whole number, more than there may be, and another number of blocks."""
    with pytest.raises(ValueError, match="machines_at_start"):
        so.simulate(SERVICE, TRACE, Nobody(), machines_at_start=there)
