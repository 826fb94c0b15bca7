"""The batches of a plan as its document has them, and back."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from serflow_opt.errors import Problem
from serflow_opt.plan.decision import BatchedBlock, Decision
from serflow_opt.plan.document import ChosenBatch
from serflow_opt.problem.instance import Instance


def told_batches(decision: Decision) -> list[ChosenBatch]:
    """Return the blocks of batches as documents have them; none where requests are served one by one."""
    return [
        ChosenBatch(stages=[own.first + 1, own.last + 1], batch=own.size, wait_ms=own.wait_s * 1000)
        for own in decision.batches
    ]


def batched_blocks(
    instance: Instance, given: Sequence[ChosenBatch], decision: Decision, problems: list[Problem]
) -> Decision:
    """Return a decision with the blocks of batches that a document names.

    Parameters
    ----------
    instance
        What the plan is of.
    given
        As the document has them.
    decision
        All else that is decided.
    problems
        Takes every fault.
    """

    def wrong(place: str, found: str, cure: str) -> None:
        problems.append(Problem("plan", place, found, cure))

    stages = len(decision.options)
    blocks = tuple(BatchedBlock(b.stages[0] - 1, b.stages[1] - 1, b.batch, b.wait_ms / 1000) for b in given)
    blocks = tuple(b for b in blocks if b.first < stages)  # nobody gets to the others
    covered = [s for b in blocks for s in range(b.first, min(b.last + 1, stages))]
    if covered != list(range(stages)):
        found = ", ".join(f"{b.stages[0]}-{b.stages[1]}" for b in given)
        wrong("batches", f"stages {found}", f"name blocks of stages 1 to {stages} in order, each stage in one of them")
        return decision
    if instance.rate_per_s is None:
        wrong("workload.rate_per_s", "missing", "batches fill by the rate: give it, or leave batches out")
    if instance.run_on:
        wrong("batches", "with exits.run_on", "inputs that run on make no batch smaller: leave one of them out")
    if decision.ways or decision.variants:
        wrong("batches", "with handovers or variants", "batches take stages and hand-overs as they are")
    for b in blocks:
        place = f"batches, stages {b.first + 1} to {b.last + 1}"
        own = {decision.options[s] for s in range(b.first, min(b.last + 1, stages))}
        if len(own) > 1:
            wrong(place, f"{len(own)} options", "a batch stays on one option: name a block for each")
            continue
        option = instance.options[own.pop()]
        largest = 1 if option.batching is None else len(option.batching.seconds[0])
        if b.size > largest:
            cure = f"measured up to {largest}" if option.batching else "it offers no batches: write 1"
            wrong(f"{place}, batch", f"{b.size} on {option.name}", cure)
        if not math.isfinite(b.wait_s) or (b.size > 1) != (b.wait_s > 0):
            cure = "write milliseconds above 0" if b.size > 1 else "a batch of one does not wait: write 0"
            wrong(f"{place}, wait_ms", f"{b.wait_s * 1000:g}", cure)
    return replace(decision, batches=tuple(replace(b, last=min(b.last, stages - 1)) for b in blocks))
