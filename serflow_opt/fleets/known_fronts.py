"""Services all of whose undominated plans are found at once: what a price asks for is then looked up.

Where the placement decides the latency, a front of cost and latency takes little longer than a plan, and there are no
labels for a sum of the two. Whatever is asked of a service that shares nothing but money, one of the plans of its
complete front is the answer.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from serflow_opt.fleets.pricing import (
    FleetService,
    PlanColumn,
    PricingOutcome,
    PricingTask,
    allowed_usd_per_hour,
    column_of,
    most_added,
)
from serflow_opt.fronts.methods import FrontRequest, by_placements
from serflow_opt.ground.deadline import OutOfTime
from serflow_opt.ground.tolerances import EQUAL
from serflow_opt.search.outcome import SearchSettings


def has_front(service: FleetService) -> bool:
    """Whether plans are looked up in a front: they are compared by cost and a latency other than the mean alone."""
    instance = service.instance
    return not service.types and service.objective == "latency" and instance.latency_measure != "mean"


def whole_front(service: FleetService, settings: SearchSettings) -> list[PlanColumn] | None:
    """Return the plans of a service that no other one beats in cost and latency; None where that is not known.

    Parameters
    ----------
    service
        One that `has_front` takes; its number in the columns is 0.
    settings
        With the deadline.
    """
    asked = FrontRequest(service.instance, ("cost", "latency"), 0.0, settings.deadline, 1, None, lambda *_: None)
    try:
        found = by_placements(asked)
    except OutOfTime:
        return None
    if found is None or found.coverage != 0:
        return None
    return [column_of(0, service, decision) for decision in found.decisions]


def looked_up(task: PricingTask, front: Sequence[PlanColumn]) -> PricingOutcome:
    """Answer a task by the front of its service."""
    most, usd = most_added(task), allowed_usd_per_hour(task)
    within = [own for own in front if own.adds <= most and own.usd_per_hour <= usd]
    best = min(within, key=lambda own: (own.priced(task.prices), own.usd_per_hour), default=None)
    if best is None:
        return PricingOutcome(task, None, math.inf)
    value = best.priced(task.prices)
    return PricingOutcome(task, best, value - EQUAL * abs(value))
