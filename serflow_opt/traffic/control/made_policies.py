"""Policies made for the service that each scales: who knows what of it, and which part of it each uses."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

from serflow_opt.ground.deadline import NEVER, Deadline
from serflow_opt.traffic.control.baselines import Autoscaler, Fixed, Libra, Serflow
from serflow_opt.traffic.control.controller import Controller
from serflow_opt.traffic.control.filled import FilledBatches
from serflow_opt.traffic.control.foresight import foresight
from serflow_opt.traffic.control.tracking import Tracking

if TYPE_CHECKING:
    from serflow_opt.traffic.demand.trace import Trace
    from serflow_opt.traffic.scaling_policy import ScalingPolicy
    from serflow_opt.traffic.service import Service

TRACKING = {"tracking-60": 0.6, "tracking-70": 0.7, "tracking-80": 0.8}
"""Target tracking, by the share busy that is its target."""
PEAK_BUSY = 0.8
"""Share of machines for the maximum that is busy at the peak."""


def policy_of(
    name: str, service: Service, trace: Trace, every_s: float, deadline: Deadline = NEVER
) -> tuple[ScalingPolicy, Service]:
    """Return a policy on a service that has what it needs, and the part of the service that it uses.

    Parameters
    ----------
    name
        One of `POLICIES`.
    service
        Whoever uses one type of machines takes each block's first.
    trace
        What maximum and foresight know in advance; nobody else looks at it.
    every_s
        Seconds between decisions of foresight, target tracking and our controller; others have their own.
    deadline
        When to stop.

    Raises
    ------
    OutOfTime
        At the deadline.
    """
    first = service.with_machines(tuple(own.machines[:1] for own in service.blocks))
    alone = replace(first, blocks=tuple(replace(block, function=None) for block in first.blocks))
    match name:
        case "batches":
            return FilledBatches(service, every_s, rate=trace.requests / trace.seconds, name=name), service
        case "functions":
            return Fixed(first, [0], name=name), first
        case "maximum":
            peak = float((trace.counts / trace.period_s).max())
            count = math.ceil(peak / (PEAK_BUSY * alone.rate_per_s(0, alone.blocks[0].machines[0])))
            return Fixed(alone, [max(1, count)], name=name), alone
        case "autoscaler":
            return Autoscaler(alone, name=name), alone
        case _ if name in TRACKING:
            return Tracking(alone, TRACKING[name], every_s, name), alone
        case "libra":
            return Libra(first, name=name), first
        case "libra-mean":
            return Libra(first, knows_mean=True, name=name), first
        case "libra-mean-warm":
            return Libra(first, knows_mean=True, keep_warm=first.keep_warm, name=name), first
        case "serflow":
            return Serflow(first, name=name), first
        case "foresight":
            return foresight(service, trace, every_s, deadline), service
        case _:
            return Controller(service, every_s, name=name), service
