"""Random services whose power is more or less clean by the hour, with what an oracle needs of them."""

from __future__ import annotations

from typing import Any

import numpy as np
from oracles.clean_schedules import HOUR, CleanKind

from serflow_opt.problem.grid_hours import GridHours
from serflow_opt.traffic.carbon_flow import CarbonFlow
from serflow_opt.traffic.demand.trace import Trace
from serflow_opt.traffic.service import Block, Function, Machine, Service


def clean_case(seed: int, types: int, hours: int) -> tuple[Service, Trace, tuple[Any, ...]]:
    """A service, a trace of whole hours, and the same as (kinds, function, demand) in the oracle's terms."""
    rng = np.random.default_rng(seed)
    grids = [tuple(rng.uniform(0.2, 2.0, hours).tolist()) for _ in range(2)]

    def flow(made: float, power: float) -> tuple[CarbonFlow, tuple[float, ...]]:
        """Grams a second, and by hour."""
        own, grid = rng.uniform(0, made), rng.uniform(0, power)
        factors = grids[k] if (k := int(rng.integers(3))) < 2 else (1.0,) * hours
        flows = CarbonFlow(own, grid, GridHours(factors) if k < 2 else None)
        return flows, tuple(own + grid * factor for factor in factors)

    machines, kinds = [], []
    for p in range(types):
        rate, usd = float(rng.uniform(1.0, 2.0)) * (p + 1), float(rng.uniform(0.5, 2.0)) * (p + 1)
        start, most = int(rng.integers(0, 2)), int(rng.integers(1, 3))
        on, on_g = flow(0.3 / HOUR, 1.0 / HOUR)
        busy, busy_g = flow(0.1 / HOUR, 1.0 / HOUR)
        machines.append(
            Machine(
                f"m{p}",
                usd / HOUR,
                1,
                (1 / rate, 1 / rate),
                start_s=start * HOUR,
                machines_max=most,
                on_carbon=on,
                busy_carbon=busy,
            )
        )
        kinds.append(CleanKind(rate, usd, tuple(g * HOUR for g in on_g), tuple(g / rate for g in busy_g), start, most))
    each = float(rng.uniform(0.3, 1.5)) / HOUR
    carbon, grams = flow(0.3 / HOUR, 2.0 / HOUR)
    function = Function("f", (1.0, 1.0), usd_per_s=0.0, usd_per_request=each, busy_carbon=carbon)
    counts = rng.integers(0, 4, hours)
    counts[0] = max(counts[0], 1)
    service = Service("s", (Block(0, 0, tuple(machines), function),), (1.0,), (0.9,))
    trace = Trace.of((counts * int(HOUR)).tolist(), HOUR)
    return service, trace, (kinds, (each, grams), [float(n) for n in counts])
