"""Schedules of several types by mixes: bounds and schedules against a MILP over all rentals."""

from __future__ import annotations

import math

import numpy as np
import pytest
from oracles import schedules as oracle
from oracles import spells
from support.mix_cases import NEAR, case

from serflow_opt.ground.deadline import NEVER
from serflow_opt.traffic.demand.trace import Trace
from serflow_opt.traffic.schedule.mixing import mix
from serflow_opt.traffic.schedule.solve import _first, _simplest, _task, schedule
from serflow_opt.traffic.schedule.task import BlockTask
from serflow_opt.traffic.service import Block, Function, Machine, Service


def solved(task: BlockTask) -> list[float]:
    """Bounds on the way to what mixes make of a block."""
    _simplest(task)
    _first(task, NEVER)
    bounds = [task.bound]
    if len(task.machines) > 1 and task.demand.peak:
        bounds += [task.bound for _ in mix(task, 1e-6, 1, NEVER)]
    return bounds


@pytest.mark.parametrize("with_function", [True, False])
@pytest.mark.parametrize("seed", range(8))
def test_rates_with_a_common_unit_are_exact(seed: int, with_function: bool) -> None:
    """Whole multiples of one rate are solved exactly without a solver."""
    task, truth = case(seed, whole=True, billing=False, with_function=with_function)
    bounds = solved(task)
    assert task.usd == pytest.approx(truth, rel=1e-6)
    assert bounds[-1] == pytest.approx(truth, rel=1e-6)
    assert task.bound == task.checked  # no solver's word is in it


@pytest.mark.parametrize("with_function", [True, False])
@pytest.mark.parametrize(("whole", "billing"), [(False, False), (True, True), (False, True)])
@pytest.mark.parametrize("seed", range(8))
def test_bound_and_schedule_hold_the_optimum(seed: int, whole: bool, billing: bool, with_function: bool) -> None:
    """The optimum by a MILP over all rentals lies between bound and schedule, and bounds only rise."""
    task, truth = case(50 + seed, whole=whole, billing=billing, with_function=with_function)
    bounds = solved(task)
    assert bounds == sorted(bounds)
    assert bounds[-1] <= truth + NEAR
    assert task.usd >= truth - NEAR


@pytest.mark.parametrize("seed", range(7))
def test_windows_bound_from_below(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same with LPs of three slots and windows of two, and boxes of a few mixes, found piece by piece."""
    for name, value in (
        ("prices.WINDOW", 3), ("prices.AT_LEAST", 1), ("mixing.FIRST", 2), ("boxes.VOLUME", 6), ("boxes.CELLS", 20),
    ):  # fmt: skip
        monkeypatch.setattr(f"serflow_opt.traffic.schedule.{name}", value)
    task, truth = case(100 + seed, whole=seed % 2 > 0, billing=seed % 3 == 0, with_function=seed % 4 > 0)
    bounds = solved(task)
    assert bounds[-1] <= truth + NEAR
    assert task.usd >= truth - NEAR


def test_several_blocks_are_proven() -> None:
    """Two big ones and a small one over a plateau with a peak: 3 types of which none is dominated."""
    kinds = [("a", 1.0, 2.0, 1.0), ("b", 1.8, 4.0, 1.0), ("c", 3.4, 8.0, 2.0)]
    machines = tuple(
        Machine(name, usd, 1, (1 / rate,) * 2, sends=False, start_s=start) for name, usd, rate, start in kinds
    )
    own = Function("f", (1.0, 1.0), usd_per_s=0.0, usd_per_request=1.5)
    blocks = (Block(0, 0, machines, own), Block(1, 1, machines, None))
    demand = np.array([4, 9, 13, 22, 17, 17, 15, 8, 2, 0, 11, 19], dtype=np.int64)
    trace = Trace(demand, 1.0, np.ones(len(demand)))
    found = schedule(Service("s", blocks, (0.5, 0.5), (0.9, 0.9)), trace, step_s=1.0, gap=1e-6)
    kept = [oracle.Kind(name, rate, usd, int(start), 0) for name, usd, rate, start in kinds]
    first = spells.cheapest(kept, demand.tolist(), range(13), 1.5)
    second = spells.cheapest(kept, (demand / 2).tolist(), range(-2, 13), math.inf)
    assert [block.usd for block in found.blocks] == pytest.approx([first, second], abs=NEAR)
    assert found.status == "optimal"
    assert found.method == "slices + mixes"


@pytest.mark.parametrize("seed", range(8))
def test_moments_between_changes_of_demand_gain_nothing(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Steps of a second in periods of three to five: the optimum over all moments is that over the few chosen."""
    rng = np.random.default_rng(seed)
    period, types = int(rng.integers(3, 6)), 1 + seed % 2
    rates = rng.integers(1, 4, types) * np.arange(1, types + 1)
    machines = tuple(
        Machine(f"m{p}", float(rng.uniform(0.6, 1.1) * rate), 1, (1 / rate,) * 2, start_s=float(rng.integers(0, 7)))
        for p, rate in enumerate(rates.tolist())
    )
    function = Function("f", (1.0, 1.0), usd_per_s=0.0, usd_per_request=1.5) if seed % 3 else None
    service = Service("s", (Block(0, 0, machines, function),), (1.0,), (0.9,))
    trace = Trace(rng.integers(0, 9, 5) * period, float(period), np.full(5, float(period)))
    few = schedule(service, trace, step_s=1.0, gap=1e-7)
    assert len(_task(service, 0, trace, 1.0, 1.0).at) < 5 * period
    monkeypatch.setattr("serflow_opt.traffic.schedule.solve.fewer", lambda at, *_: at)
    every = schedule(service, trace, step_s=1.0, gap=1e-7)
    assert few.usd == pytest.approx(every.usd, rel=3e-7)
    assert few.bound <= every.usd * (1 + 1e-9)
    assert few.status == every.status == "optimal"
