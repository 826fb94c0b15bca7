"""What a plan with batches costs, exactly: requests come evenly, and who leaves a batch is independent of the others.

A block takes λ R_first / B full batches a second. Of B at its start a binomial number is left at a stage, and a batch
holds a worker for the mean times of those (`problem/batches.py`). Each block has machines of its own.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

from serflow_opt.ground.tolerances import ROUNDING
from serflow_opt.plan.document import Machines
from serflow_opt.plan.walk import Step
from serflow_opt.problem.batches import mean_s
from serflow_opt.problem.instance import Instance


def blocks_of(steps: Sequence[Step]) -> list[list[Step]]:
    """Part steps by the blocks that batches go through."""
    parts: list[list[Step]] = []
    for step in steps:
        if parts and parts[-1][-1].block == step.block:
            parts[-1].append(step)
        else:
            parts.append([step])
    return parts


def filling(instance: Instance, steps: Sequence[Step]) -> list[tuple[str, float, float | None, bool]]:
    """Return for each block of batches how many requests come together in time, and how many are to."""
    found: list[tuple[str, float, float | None, bool]] = []
    for own in blocks_of(steps):
        block = own[0].block
        if block is None or block.size == 1 or instance.rate_per_s is None:
            continue
        come = 1 + instance.rate_per_s * own[0].reach * block.wait_s
        name = f"batches of stages {block.first + 1} to {block.last + 1}"
        found.append((name, min(come, float(block.size)), float(block.size), True))
    return found


def paid(instance: Instance, steps: Sequence[Step]) -> tuple[float, list[Machines]]:
    """Return USD per request of a plan with batches, and the machines rented (reserved).

    Parameters
    ----------
    instance
        With the rate that batches fill by.
    steps
        The way of a request, all of it in blocks.
    """
    assert instance.rate_per_s is not None
    usd, machines = [], []
    blocks = blocks_of(steps)
    for own, behind in pairwise([*blocks, []]):
        first, option = own[0], own[0].option
        block = first.block
        assert block is not None
        calls = first.load / block.size  # per request of the service
        seconds = math.fsum(_seconds(step, first, block.size) for step in own)
        if behind and first.tier.pays_for_waiting:
            goes_on = 1 - (1 - min(behind[0].load / first.load, 1.0)) ** block.size if first.load else 0.0
            seconds += behind[0].wait_s * goes_on
        if first.link is not None:
            usd.append(first.link.usd_per_byte * first.sent_bytes * first.load)
        if first.tier.kind == "function":
            cold = first.cold_s * first.cold_share
            usd.append(calls * (option.usd_per_request + option.usd_per_s * (seconds + cold)))
        elif instance.accounting == "per-request":
            usd.append(calls * option.usd_per_s * seconds)
        else:
            busy = instance.rate_per_s * calls * seconds / option.workers
            count = max(1, math.ceil(busy / instance.utilisation_cap * (1 - ROUNDING)))
            usd.append(count * option.rent_per_s / instance.rate_per_s)
            machines.append(
                Machines(
                    tier=first.tier.name,
                    option=option.name,
                    count=count,
                    utilisation=busy / count,
                    usd_per_hour=count * option.rent_per_s * 3600,
                    stages=[block.first + 1, block.last + 1],
                )
            )
    return math.fsum(usd), machines


def _seconds(step: Step, first: Step, size: int) -> float:
    """Mean seconds that a batch holds a worker at a stage: of those that are left, where anybody is."""
    stays = min(step.load / first.load, 1.0) if first.load else 0.0
    if size == 1 or step.option.batching is None:
        return stays * step.compute_s
    return mean_s(step.option.batching.seconds[step.stage], size, stays)
