"""Random services and traces with schedules, and what all schedules of them cost at least."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from oracles import schedules as oracle

from serflow_opt.traffic.demand.trace import Trace
from serflow_opt.traffic.schedule.result import Schedule
from serflow_opt.traffic.service import Block, Function, Machine, Service


def machine(name: str = "m", usd_per_s: float = 1.0, rate: float = 1.0, **changes: Any) -> Machine:
    """A type with one worker that serves `rate` requests a second."""
    return Machine(name, usd_per_s, 1, (1 / rate, 1 / rate), **changes)


def function(usd: float = 1.0) -> Function:
    """A function at a price a request."""
    return Function("f", (1.0, 1.0), usd_per_s=0.0, usd_per_request=usd)


def service(*machines: Machine, usd: float | None = 1.0) -> Service:
    """One block of one stage; usd None: without a function."""
    return Service("s", (Block(0, 0, machines, None if usd is None else function(usd)),), (1.0,), (0.9,))


def trace(*counts: int, period_s: float = 1.0) -> Trace:
    """Requests by period."""
    return Trace(np.array(counts, dtype=np.int64), period_s, np.full(len(counts), period_s))


def random_case(seed: int, types: int, *, billing: bool, with_function: bool) -> dict[str, Any]:
    """A service and a trace small enough to try everything, with times in whole seconds."""
    rng = np.random.default_rng(seed)
    step = int(rng.choice([1, 2, 3]))
    steps = int(rng.integers(3, 6)) if types == 1 else int(rng.integers(2, 5))
    most = int(rng.integers(1, 4 if with_function else 3)) if types == 1 else 2
    lags = 4 if with_function else 3
    if most == 3:  # the oracle takes long
        steps = 3
    if not with_function:
        steps = min(steps, 4 - types)
    period = int(rng.choice([1, step, 2 * step]))
    seconds = steps * step - int(rng.integers(0, step)) * (period == 1)
    periods = math.ceil(seconds / period)
    machines = tuple(
        machine(
            f"m{p}",
            float(rng.uniform(0.5, 2.0)) * (1 + p),
            float(rng.uniform(1.0, 2.0)) * (1 + p),
            start_s=float(rng.integers(0, lags)),
            billing_min_s=float(rng.integers(2, 6)) if billing else 0.0,
            machines_max=int(rng.integers(1, most + 1)) if rng.random() < 0.5 or types > 1 else None,
        )
        for p in range(types)
    )
    rates = [1 / own.seconds[0] for own in machines]
    can = sum(rate * (own.machines_max or most) for rate, own in zip(rates, machines, strict=True))
    peak = can if not with_function else min(rates) * most
    counts = rng.integers(0, max(1, math.floor(peak * period)) + 1, size=periods)
    usd = float(rng.uniform(0.5, 3.0)) if with_function else None
    made = trace(*counts.tolist(), period_s=float(period))
    at = [*range(0, math.ceil(made.seconds - 1e-9), step), int(made.seconds)]
    if usd is None:
        starts = {int(own.start_s) for own in machines}
        early = {-start for start in starts} | {-k * step for k in range(1, 9) if k * step <= max(starts)}
        at = sorted({*at, *(moment for moment in early if moment < 0)})
    kinds = [
        oracle.Kind(own.name, rate, own.usd_per_s, int(own.start_s), int(own.billing_min_s), own.machines_max)
        for rate, own in zip(rates, machines, strict=True)
    ]
    demand = np.repeat(counts / period, period).tolist()
    return {
        "service": service(*machines, usd=usd),
        "trace": made,
        "step_s": step,
        "kinds": kinds,
        "demand": demand,
        "moments": at,
        "usd": math.inf if usd is None else usd,
        "most": most,
    }


def rentals(found: Schedule) -> list[tuple[str, float, float]]:
    """Machines of the first block."""
    return [(own.machine, own.from_s, own.to_s) for own in found.blocks[0].rentals]
