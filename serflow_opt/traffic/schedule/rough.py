"""What is had soon where moments of decision are many: a bound by one type that is no worse than any, a schedule at
coarser steps."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from serflow_opt.ground.deadline import Deadline
from serflow_opt.ground.tolerances import MOMENT, WHOLE_MACHINE
from serflow_opt.traffic.schedule.levels import best_levels
from serflow_opt.traffic.schedule.mixes import Scale
from serflow_opt.traffic.schedule.mixing import mix
from serflow_opt.traffic.schedule.task import BlockTask

SLICES = 300
"""Of the demand at most, in the bound by one type."""
MOMENTS = 700
"""Of the coarser steps, about."""


def best_of_all(task: BlockTask, deadline: Deadline) -> float:
    """Return what the requests of a block cost at least, USD, by machines that have the best of every type.

    Such a machine serves a unit. Of these ⌈r/unit⌉ do what a machine of rate r does, start no later and cost no more.

    Parameters
    ----------
    task
        A block with machines.
    deadline
        When to stop.

    Raises
    ------
    OutOfTime
        At the deadline.
    """
    unit = max(Scale.of(np.array(task.rates), task.demand.peak).unit, task.demand.peak / SLICES)
    items = [math.ceil(rate / unit * (1 - WHOLE_MACHINE)) for rate in task.rates]
    usd_per_s = min(machine.usd_per_s / number for machine, number in zip(task.machines, items, strict=True))
    start_s = min(machine.start_s for machine in task.machines)
    # whoever starts later is ordered earlier than such a machine would be
    orders = [task.at + machine.start_s - start_s for machine in task.machines]
    at = np.unique(np.concatenate(orders))
    at = at[np.concatenate([[True], np.diff(at) > MOMENT])]
    at = at[(at >= (-start_s if task.must else 0.0) - MOMENT) & (at < task.at[-1] - MOMENT)]
    found = best_levels(
        task.demand,
        np.append(at, task.at[-1]),
        rate=unit,
        usd_per_s=usd_per_s,
        start_s=start_s,
        usd_per_request=task.usd_per_request,
        deadline=deadline,
    )
    if not found.covered:
        return 0.0
    return found.usd + (0.0 if task.must else task.usd_per_request * task.demand.requests)


def coarser(task: BlockTask, gap: float, blocks: int, deadline: Deadline) -> Iterator[bool]:
    """Improve the schedule of a block by those at coarser steps, pausing after each part.

    Parameters
    ----------
    task
        A block with many moments and several types.
    gap, blocks, deadline
        As of `mix`.

    Yields
    ------
    bool
        True after a part that can have improved the schedule.

    Raises
    ------
    OutOfTime
        At the deadline.
    """
    every = math.ceil(len(task.at) / MOMENTS)
    early = task.at[task.at <= MOMENT]
    at = np.unique(np.concatenate([early, task.at[task.at > -MOMENT][::every], task.at[-1:]]))
    part = replace(task, at=at, bound=0.0, checked=0.0, how=[])
    for p in range(len(task.machines)):
        alone = part.levels(p, task.demand, deadline=deadline)
        part.offer(tuple(tuple(alone.rentals) if q == p else () for q in range(len(task.machines))))
    task.offer(part.plan)
    yield True
    for _ in mix(part, gap, blocks, deadline):
        if part.usd < task.usd:
            task.offer(part.plan)
            yield True
        else:
            yield False
