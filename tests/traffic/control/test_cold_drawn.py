"""Cold calls by drawing: where load sets in at once, beside machines, and what a mean of draws is no more than."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from serflow_opt.traffic.control.baselines import Fixed
from serflow_opt.traffic.control.cold_drawn import DRAWS, FIRST_SEED, at_most, drawn_cold, drawn_late
from serflow_opt.traffic.demand.trace import Trace
from serflow_opt.traffic.service import Block, Function, Machine, Service
from serflow_opt.traffic.simulate.simulate import simulate

CALL = Function("call", (5.0, 5.0), usd_per_s=1e-4, cold_start_s=0.5, keep_alive_s=300.0)
MACHINE = Machine("there", 1e-5, 8, (5.0, 5.0))
OWN = Service("one", (Block(0, 0, (MACHINE,), CALL),), (1.0,), (math.nan,), 6.0)
AT_ONCE = Trace.of([8, *[0] * 100, 8])


def test_calls_that_come_before_the_first_has_ended_are_all_cold() -> None:
    """Eight of 5 s in the first second, each in an environment of its own; the eight of 101 s later find these warm."""
    assert drawn_cold(OWN, AT_ONCE, [(None, 0)]).tolist() == [[8.0]] * DRAWS


@pytest.mark.parametrize(("machines", "cold"), [(0, 8.0), (1, 0.0)])
def test_machines_that_are_there_take_their_calls(machines: int, cold: float) -> None:
    """One with eight workers is there from the first moment, and takes all."""
    assert drawn_cold(OWN, AT_ONCE, [(MACHINE, machines)]).tolist() == [[cold]] * DRAWS


@pytest.mark.parametrize("kept", [0, 1, 3])
@pytest.mark.parametrize("named", [False, True])
def test_a_function_alone_is_as_in_the_simulator(kept: int, named: bool) -> None:
    """Cold calls of whole simulations, draw by draw, for calls of 0.5 s that come now and then."""
    call = replace(CALL, seconds=(0.5, 0.75), keep_alive_s=10.0, named=named)
    own = Service("one", (Block(0, 0, (), call, hop_s=0.25),), (1.0,), (math.nan,), 6.0, keep_warm=(kept,))
    trace = Trace.of(np.random.default_rng(1).poisson(0.3, 200).tolist())
    policy = Fixed(own, [0], keep_warm=(kept,))
    runs = [simulate(own, trace, policy, seed=FIRST_SEED + k).cold_starts for k in range(DRAWS)]
    assert drawn_cold(own, trace, [(None, 0)]).tolist() == [list(map(float, run)) for run in runs]


def test_who_meets_two_functions_cold_is_late() -> None:
    """Two starts of 0.5 s beside 0.2 s, of 1 s: eight at once meet both cold; with eight of the first kept, one."""
    quick = replace(CALL, seconds=(0.1, 0.1))
    blocks = Block(0, 0, (), quick), Block(1, 1, (), quick)
    own = Service("two", blocks, (0.0, 1.0), (math.nan, math.nan), 1.0)
    fleets: list[tuple[Machine | None, int]] = [(None, 0)] * 2
    trace = Trace.of([*[0] * 10, 8])
    assert drawn_cold(own, trace, fleets).min() > 0
    assert drawn_late(own, trace, fleets).min() > 0
    warm = replace(own, keep_warm=(8, 0))
    assert drawn_late(warm, trace, fleets).tolist() == [0.0] * DRAWS


def test_the_mean_is_no_more_than() -> None:
    """Of 1 and 3: the mean is 2, its error 1, and Student's t with one degree of freedom 31.82 at 99 % (tables)."""
    assert at_most(np.array([1.0, 3.0])) == pytest.approx(2 + 31.82, abs=0.01)
    assert at_most(np.full(5, 0.25)) == 0.25
