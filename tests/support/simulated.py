"""Small services, traces and policies for the simulator, with figures to reckon by head."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from support.traffic_cases import Script

from serflow_opt.traffic.demand.trace import Trace
from serflow_opt.traffic.scaling_policy import Orders
from serflow_opt.traffic.service import Block, Function, Machine, Service
from serflow_opt.traffic.simulate.result import Simulation
from serflow_opt.traffic.simulate.simulate import simulate


def machine(name: str = "vm", seconds: Sequence[float] = (1.0, 1.0), workers: int = 1, **more: Any) -> Machine:
    return Machine(name, more.pop("usd_per_s", 1.0), workers, tuple(seconds), **more)


def one(machines: Sequence[Machine] = (), run: Function | None = None, **more: Any) -> Service:
    """A service of one block with one stage."""
    return Service("one", (Block(0, 0, tuple(machines), run),), (1.0,), (math.nan,), **more)


def fixed(number: int, queue_max: int = 0, quota: Any = None, every_s: float = 1.0) -> Script:
    return Script([Orders(({"vm": number},), (queue_max,), (quota,))], every_s)


def even(service: Service, over: Trace, policy: Any, **more: Any) -> Simulation:
    return simulate(service, over, policy, arrivals="even", **more)


def function(seconds: Sequence[float] = (1.0, 1.0), **more: Any) -> Function:
    return Function(
        "f",
        tuple(seconds),
        usd_per_s=more.pop("usd_per_s", 1.0),
        usd_per_request=more.pop("usd_per_request", 0.25),
        **more,
    )
