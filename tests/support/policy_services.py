"""Every kind of service for a policy: of one block and of two, with machines, functions or both."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import serflow_opt as so
from serflow_opt.traffic.control.made_policies import policy_of
from serflow_opt.traffic.demand.trace import Trace
from serflow_opt.traffic.service import Block, Function, Machine, Service
from serflow_opt.traffic.simulate.result import Simulation

SMALL = Machine("small", 1e-5, 2, (0.1, 0.2, 0.2), start_s=30.0, billing_min_s=60.0)
BIG = Machine("big", 3e-5, 8, (0.05, 0.1, 0.1), start_s=60.0)
CALL = Function("call", (0.1, 0.2, 0.2), usd_per_s=1e-4, usd_per_request=1e-7, cold_start_s=0.2)
SHARES, RIGHT = (0.5, 0.3, 0.2), (0.9, 0.95, math.nan)


def service(*blocks: tuple[tuple[Machine, ...], Function | None], slo_s: float | None = 2.0) -> Service:
    """Three stages: as one block, or the last one by itself."""
    made = [Block(0, 1, *blocks[0]), *(Block(2, 2, *own, hop_s=0.01) for own in blocks[1:])]
    if len(made) == 1:
        made = [Block(0, 2, *blocks[0])]
    return Service("three", tuple(made), SHARES, RIGHT, slo_s)


def longer(machine: Machine, **keys: Any) -> Machine:
    """The machine, for all three stages."""
    return replace(machine, seconds=(*machine.seconds, 0.3), **keys)


def last(machine: Machine) -> Machine:
    """The machine, for the last stage alone."""
    return replace(machine, seconds=(0.1, 0.1))


WHOLE = replace(CALL, seconds=(0.1, 0.2, 0.3, 0.3))
LAST = replace(CALL, seconds=(0.1, 0.1))
ONE_BLOCK = {
    "both": service(((longer(SMALL), longer(BIG)), WHOLE)),
    "functions": service(((), WHOLE)),
    "machines": service(((longer(SMALL),), None)),
    "free machines": service(((longer(SMALL, usd_per_s=0.0),), WHOLE)),
    "free machines only": service(((longer(SMALL, usd_per_s=0.0), longer(BIG)), None)),
    "free functions": service(((longer(SMALL),), replace(WHOLE, usd_per_s=0.0, usd_per_request=0.0))),
    "no time": service(((replace(SMALL, seconds=(0.0,) * 4),), replace(WHOLE, seconds=(0.0,) * 4))),
    "no time, machines": service(((replace(SMALL, seconds=(0.0,) * 4),), None)),
    "no target": service(((longer(SMALL),), WHOLE), slo_s=None),
}
TWO_BLOCKS = {
    "both": service(((SMALL,), CALL), ((last(BIG),), LAST)),
    "machines, then functions": service(((SMALL,), None), ((), LAST)),
    "functions, then machines": service(((), CALL), ((last(BIG),), None)),
    "machines": service(((SMALL, BIG), None), ((last(BIG),), None)),
    "functions": service(((), CALL), ((), LAST)),
}


def served(name: str, own: Service, trace: Trace) -> Simulation:
    policy, scaled = policy_of(name, own, trace, 60.0)
    run = so.simulate(scaled, trace, policy)
    assert run.policy_errors == ()
    assert run.arrivals == trace.requests
    return run
