"""What a service costs under our controller, before any request has come: which blocks to cut, and who may wait where.

`provision` proves what is cheapest with machines that are always there. A controller starts without any, lets requests
wait beside functions, too, and orders machines by what they are worth (`worth.py`); so services are compared by

    Σ_b  least, over the types of block b, of rent and calls a second at the worth of its machines,

with the block's function alone until the first machines are there. What a request may wait is shared out so that this
is least: by all blocks with machines alike, by one of them, or by those that have no function.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from serflow_opt.traffic.control.worth import MachineWorth
from serflow_opt.traffic.demand.rates import Rates
from serflow_opt.traffic.service import Service

FIRST_LOOK_S = 60.0
"""When a controller that has seen requests decides for the first time."""
ONE_BLOCK_MORE = 0.02
"""A cut has to save so much: each function more is one more that requests may meet cold."""


def cheapest(services: Sequence[Service], rates: Rates, seconds: float) -> Service:
    """Return the service that costs least under our controller; of those that cost nearly the same the plainest.

    Parameters
    ----------
    services
        One at least.
    rates
        Of the requests that arrive.
    seconds
        How long they do.
    """
    each = [(usd_per_s(service, rates, seconds), service) for service in services]
    return min(each, key=lambda own: own[0] * (1 + ONE_BLOCK_MORE * (len(own[1].blocks) - 1)))[1]


def split(service: Service, rates: Rates) -> Service:
    """Return the service with its slack shared out between blocks as costs least.

    Parameters
    ----------
    service, rates
        As of `cheapest`.
    """
    ways = _ways(service)
    if len(ways) == 1 or service.slo_s is None:
        return service
    return min((replace(service, waits=way) for way in ways), key=lambda own: usd_per_s(own, rates, math.inf))


def usd_per_s(service: Service, rates: Rates, seconds: float) -> float:
    """Return what a service costs a second under our controller, at known rates.

    Parameters
    ----------
    service, rates, seconds
        As of `cheapest`.
    """
    return math.fsum(_block_usd(service, b, rates, seconds) for b in range(len(service.blocks)))


def _block_usd(service: Service, b: int, rates: Rates, seconds: float) -> float:
    entering = Rates(rates.rates * service.reach(b), rates.shares)
    block = service.blocks[b]
    called = math.inf if block.function is None else service.function_usd(b) * entering.mean
    found = [called]
    for machine in block.machines:
        _, usd = MachineWorth(service, b, machine, math.inf, "random").best(entering, 0)
        before = min(1.0, (FIRST_LOOK_S + machine.start_s) / seconds)
        found.append(usd if block.function is None else before * called + (1 - before) * usd)
    return min(found)


def _ways(service: Service) -> list[tuple[float, ...]]:
    """Return how slack may be shared; blocks without a function have to have some."""
    having = [b for b, block in enumerate(service.blocks) if block.machines]
    alone = [b for b in having if service.blocks[b].function is None]
    kept = [(), tuple(alone), *((b,) for b in having if set(alone) <= {b})]
    ways = [tuple(float(b in own) for b in range(len(service.blocks))) for own in dict.fromkeys(kept) if own]
    return [(), *ways] if len(having) > 1 else [()]
