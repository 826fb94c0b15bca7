"""What a service costs under our controller, before any request has come: which blocks to cut, and who may wait where.

`provision` proves what is cheapest with machines that are always there. A controller starts without any, lets requests
wait beside functions, too, and orders machines by what they are worth (`worth.py`); so services are compared by

    Σ_b  least, over the types of block b, of rent and calls a second at the worth of its machines,

with the block's function alone until the first machines are there. Functions start cold, and each cut has one more of
them (`cold.py`): services of which more would be late by that than may be are taken only where all are so, and then the
one of which fewest are; where it is near what may be, a short trace is drawn to tell (`cold_drawn.py`). What a request
may wait is shared out so that this is least: by all blocks with machines alike, by one of them, or by those that have
no function.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from serflow_opt.ground.deadline import NEVER, Deadline, OutOfTime
from serflow_opt.traffic.control.cold import cold_calls, environments, late_when_cold
from serflow_opt.traffic.control.cold_drawn import SHORT, at_most, drawn_cold, drawn_late
from serflow_opt.traffic.control.slack import late_anyway, may_be_late
from serflow_opt.traffic.control.worth import MachineWorth
from serflow_opt.traffic.demand.rates import Rates
from serflow_opt.traffic.service import Service

if TYPE_CHECKING:
    from serflow_opt.ground.arrays import Floats
    from serflow_opt.traffic.demand.trace import Trace
    from serflow_opt.traffic.service import Machine

FIRST_LOOK_S = 60.0
"""When a controller that has seen requests decides for the first time."""
ONE_BLOCK_MORE = 0.02
"""A cut has to save so much: what costs nearly the same is taken as the plainest."""
NEAR = 3.0
"""Where the formula says so many times as many late as may be, or so many times less, its word is enough."""


@dataclass(frozen=True)
class TraceRates:
    """Rates of a trace.

    Attributes
    ----------
    planned
        As machines are planned for.
    at_once
        By the second, or by the period of the trace: how many functions are called at once.
    seconds
        How long the trace is.
    trace
        The trace itself, where it may be drawn.
    deadline
        Of whatever is found for these rates: what is known by then is taken, and nothing is drawn after it.
    """

    planned: Rates
    at_once: Rates
    seconds: float
    trace: Trace | None = None
    deadline: Deadline = NEVER
    _drawn: dict[tuple[object, ...], Floats] = field(default_factory=dict, init=False, repr=False, compare=False)

    @classmethod
    def of(cls, trace: Trace, window_s: float, deadline: Deadline = NEVER) -> TraceRates:
        """Return them, those that are planned for over windows of some seconds.

        Parameters
        ----------
        trace, deadline
            As the attributes.
        window_s
            Seconds of a window.
        """
        planned, at_once = (Rates.of_trace(trace.in_periods(least_s)) for least_s in (window_s, 1.0))
        return cls(planned, at_once, trace.seconds, trace, deadline)


def cheapest(services: Sequence[Service], rates: TraceRates) -> Service:
    """Return the service that costs least under our controller; of those that cost nearly the same the plainest.

    With more late than may be, for cold starts, the one with which fewest are is taken. What it costs has cold starts,
    and calls that keep environments warm.

    Parameters
    ----------
    services
        One at least.
    rates
        Of the requests that arrive.
    """

    def rank(service: Service) -> tuple[float, float]:
        usd = usd_per_s(service, rates.planned, rates.seconds) + cold_usd_per_s(service, rates)
        return max(0.0, too_late(service, rates)), usd * (1 + ONE_BLOCK_MORE * (len(service.blocks) - 1))

    return services[0] if len(services) == 1 else min(services, key=rank)


def too_late(service: Service, rates: TraceRates) -> float:
    """Return the share of all requests that are expected late above what may be; negative: so many more may be.

    Parameters
    ----------
    service, rates
        As of `cheapest`.
    """
    return late_anyway(service) + late_for_cold(service, rates)[1] - may_be_late(service)


def late_for_cold(service: Service, rates: TraceRates) -> tuple[float, float]:
    """Return the share of all requests expected late for a cold function, and what it is no more than at 99 %.

    By the formula, which knows no errors; where it is near what may be and the trace is short, of draws, if there is
    time for all of them.

    Parameters
    ----------
    service, rates
        As of `cheapest`.
    """
    expected, allowed, trace = late_cold(service, rates.at_once, rates.seconds), may_be_late(service), rates.trace
    without = late_cold(replace(service, keep_warm=()), rates.at_once, rates.seconds)
    near = allowed / NEAR < without and expected < allowed * NEAR
    called = all(block.function is not None for block in service.blocks)
    if trace is None or trace.requests > SHORT or not (near and called):
        return expected, expected
    asked = service.blocks, service.shares, service.slo_s, service.keep_warm
    if asked not in rates._drawn:
        with suppress(OutOfTime):
            rates._drawn[asked] = _drawn(service, trace, rates)
    shares = rates._drawn.get(asked)
    return (expected, expected) if shares is None else (float(shares.mean()), at_most(shares))


def _drawn(service: Service, trace: Trace, rates: TraceRates) -> Floats:
    """Return the share of all requests late for a cold function, by draw; OutOfTime at the deadline of the rates."""
    rates.deadline.check()
    best = [_least(service, b, rates.at_once, rates.seconds) for b in range(len(service.blocks))]
    fleets = [(None, 0) if worth is None else (_seen_first(worth.machine), count) for _, worth, count in best]
    if len(fleets) == 1:  # less at random than who is late
        late = drawn_cold(service, trace, fleets, rates.deadline)[:, 0] * late_when_cold(service, 0)
    else:
        late = drawn_late(service, trace, fleets, rates.deadline) - late_anyway(service) * trace.requests
    return late / trace.requests


def _seen_first(machine: Machine) -> Machine:
    """Return machines as of which none is ordered before there was a first look."""
    return replace(machine, start_s=FIRST_LOOK_S + machine.start_s)


def split(service: Service, rates: Rates) -> Service:
    """Return the service with its slack shared out between blocks as costs least.

    Parameters
    ----------
    service, rates
        The service, and the rates that arrive.
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
        The service, the rates that arrive, and how long they do.
    """
    return math.fsum(_least(service, b, rates, seconds)[0] for b in range(len(service.blocks)))


def late_cold(service: Service, rates: Rates, seconds: float) -> float:
    """Return the share of all requests that are late for a cold function, at known rates.

    Parameters
    ----------
    service, rates, seconds
        As of `usd_per_s`; the seconds are finite.
    """
    if service.slo_s is None or not rates.mean > 0:
        return 0.0
    share = {b: late_when_cold(service, b) for b, block in enumerate(service.blocks) if block.function is not None}
    late = math.fsum(
        own * math.fsum(cold_by_environment(service, b, rates, seconds)[_kept(service, b) :])
        for b, own in share.items()
        if own > 0
    )
    return late / (rates.mean * seconds)


def cold_usd_per_s(service: Service, rates: TraceRates) -> float:
    """Return what cold starts, and calls that keep environments warm, cost a second.

    Parameters
    ----------
    service, rates
        As of `cheapest`.
    """
    if not math.isfinite(rates.seconds):
        return 0.0
    called = [b for b, block in enumerate(service.blocks) if block.function is not None]
    usd = [
        warm_usd(service, b, _kept(service, b), cold_by_environment(service, b, rates.at_once, rates.seconds), rates)
        for b in called
    ]
    return math.fsum(usd) / rates.seconds


def warm_usd(service: Service, b: int, count: int, cold: Sequence[float], rates: TraceRates) -> float:
    """Return what cold starts of block b and calls cost that keep so many of its environments warm, USD.

    Parameters
    ----------
    service, b
        The service, and the block, which has a function.
    count
        Environments that are kept warm; the first call of each is cold.
    cold
        Cold calls by environment, where none is.
    rates
        Of the trace; it says for how long.
    """
    function = service.blocks[b].function
    assert function is not None
    starts = (math.fsum(cold[count:]) + count) * function.usd_per_s * function.cold_start_s
    times = math.ceil(rates.seconds / function.warm_every_s) if count else 0
    return starts + times * function.warm_usd(count)


def _kept(service: Service, b: int) -> int:
    return service.keep_warm[b] if service.keep_warm else 0


def cold_by_environment(service: Service, b: int, rates: Rates, seconds: float) -> list[float]:
    """Return how many calls find each environment of the function of block b cold, where none is kept warm.

    Parameters
    ----------
    service, b
        The service, and the block, which has a function.
    rates, seconds
        As of `late_cold`.
    """
    function = service.blocks[b].function
    assert function is not None
    entering, (_, worth, count) = _entering(service, b, rates), _least(service, b, rates, seconds)
    mean_s = service.function_s(b)
    alone = seconds if worth is None else min(seconds, FIRST_LOOK_S + worth.machine.start_s)
    lost = np.ones_like(entering.rates) if worth is None else worth.lost_of(count, entering.rates * worth.busy_s)
    each = [environments(calls, entering.shares, mean_s) for calls in (entering.rates, entering.rates * lost)]
    first, then = (np.pad(own, (0, max(map(len, each)) - len(own))).tolist() for own in each)
    phases = zip(first, then, strict=True)
    return [cold_calls([(alone, a), (seconds - alone, z)], function.keep_alive_s) for a, z in phases]


def _entering(service: Service, b: int, rates: Rates) -> Rates:
    return Rates(rates.rates * service.reach(b), rates.shares)


def _least(service: Service, b: int, rates: Rates, seconds: float) -> tuple[float, MachineWorth | None, int]:
    """Return the least that block b costs a second, and with how many machines of which type; None: without."""
    entering, block = _entering(service, b, rates), service.blocks[b]
    called = math.inf if block.function is None else service.function_usd(b) * entering.mean
    found: list[tuple[float, MachineWorth | None, int]] = [(called, None, 0)]
    for machine in block.machines:
        worth = MachineWorth(service, b, machine, math.inf, "random")
        count, usd = worth.best(entering, 0)
        before = 0.0 if block.function is None else min(1.0, (FIRST_LOOK_S + machine.start_s) / seconds)
        found.append((before * called + (1 - before) * usd if before else usd, worth, count))
    return min(found, key=lambda own: own[0])


def _ways(service: Service) -> list[tuple[float, ...]]:
    """Return how slack may be shared; blocks without a function have to have some."""
    having = [b for b, block in enumerate(service.blocks) if block.machines]
    alone = [b for b in having if service.blocks[b].function is None]
    kept = [(), tuple(alone), *((b,) for b in having if set(alone) <= {b})]
    ways = [tuple(float(b in own) for b in range(len(service.blocks))) for own in dict.fromkeys(kept) if own]
    return [(), *ways] if len(having) > 1 else [()]
