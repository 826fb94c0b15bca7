"""Schedules of several types: random tasks with their optimum."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from oracles import schedules as oracle
from oracles import spells

from serflow_opt.traffic.demand.trace import Trace
from serflow_opt.traffic.schedule.slots import Slots
from serflow_opt.traffic.schedule.solve import _task
from serflow_opt.traffic.schedule.task import BlockTask
from serflow_opt.traffic.service import Block, Function, Machine, Service

NEAR = 1e-5
"""What the MILP may be off by: tolerances of rows, times prices."""


def case(seed: int, *, whole: bool, billing: bool, with_function: bool) -> tuple[BlockTask, float]:
    """A block with two or three types over six to ten steps, and what it costs at least."""
    rng = np.random.default_rng(seed)
    types, steps = int(rng.integers(2, 4)), int(rng.integers(6, 11))
    step, period = int(rng.choice([1, 2, 3])), int(rng.choice([1, 2, 3]))
    machines, kinds = [], []
    for p in range(types):
        rate = float(rng.integers(1, 4) * (1 + p)) if whole else float(rng.uniform(1, 2) * (1 + p) ** 1.3)
        usd = float(rng.uniform(0.5, 1.1)) * rate * 0.9**p
        start = float(rng.integers(0, 5))
        least = float(rng.choice([3, 5])) if billing else 0.0
        most = int(rng.integers(1, 4)) if p and rng.random() < 0.3 else None
        machines.append(Machine(f"m{p}", usd, 1, (1 / rate, 1 / rate), True, start, least, most))
        kinds.append(oracle.Kind(f"m{p}", rate, usd, int(start), int(least), most))
    counts = rng.integers(0, 12 * period + 1, size=math.ceil(steps * step / period))
    trace = Trace(counts.astype(np.int64), float(period), np.full(len(counts), float(period)))
    price = float(rng.uniform(0.5, 2.0)) if with_function else math.inf
    function = Function("f", (1.0, 1.0), usd_per_s=0.0, usd_per_request=price) if with_function else None
    task = _task(Service("s", (Block(0, 0, tuple(machines), function),), (1.0,), (0.9,)), 0, trace, float(step), 1.0)
    moments = [round(float(moment)) for moment in task.at]
    return task, spells.cheapest(kinds, np.repeat(counts / period, period).tolist(), moments, price)


def slots_of(demand: list[int], rates: list[float], **changes: Any) -> Slots:
    """Slots of a second each, machines at 1 USD a second and request/s, a function at 1.5."""
    machines = tuple(Machine(f"m{p}", rate**0.9, 1, (1 / rate, 1 / rate), **changes) for p, rate in enumerate(rates))
    service = Service(
        "s", (Block(0, 0, machines, Function("f", (1.0, 1.0), usd_per_s=0.0, usd_per_request=1.5)),), (1.0,), (0.9,)
    )
    trace = Trace(np.array(demand, dtype=np.int64), 1.0, np.ones(len(demand)))
    return Slots.of(_task(service, 0, trace, 1.0, 1.0))
