"""Take the exit tables where the plan will use them.

A table of one classifier is true only behind the earlier thresholds it was taken at (see `exits`). So the instance is
solved, the tables are taken again at the thresholds that came out, and so on until a plan chooses the very thresholds
its tables were taken at: then the accuracy it promises is what those thresholds do together on the samples.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from serflow_opt.loader import load
from serflow_opt.solver import solve

START = 0.9
"""Confidence that the first tables are taken behind."""
MOST_ROUNDS = 10
AGREE = 1e-9
"""Promise and samples agree when they differ by no more."""


@dataclass(frozen=True, slots=True)
class Settled:
    """Where the tables were taken, and what the plan promises there beside what its thresholds do together."""

    thresholds: tuple[float, ...]
    promised: float
    together: float
    rounds: int


def settle(
    instance: Path, classifier_stages: Sequence[int], write: Callable[[tuple[float, ...]], object]
) -> Settled | None:
    """Look for thresholds at which tables and plan agree; the instance is left written at the best ones found.

    Parameters
    ----------
    instance
        The file.
    classifier_stages
        Stages that answer; the tables of each are taken behind thresholds of those before.
    write
        Writes the instance with tables taken at given thresholds, one for each classifier but the last.

    Returns
    -------
    Settled or None
        None when the instance has no plan, or a single exit.
    """
    early = classifier_stages[:-1]
    thresholds = (START,) * len(early)
    best: Settled | None = None
    for number in range(1, MOST_ROUNDS + 1):
        write(thresholds)
        instance_read = load(instance)
        plan = solve(instance_read)
        if not thresholds or plan.status == "no_solution":
            break
        if plan.metrics is None or plan.metrics.accuracy is None:  # behind loose exits only hard inputs are left
            thresholds = tuple((1 + threshold) / 2 for threshold in thresholds)
            continue
        found = Settled(thresholds, plan.metrics.accuracy, plan.samples[0].accuracy, number)
        floor = instance_read.accuracy_min or 0.0
        if best is None or _worse(best, floor) > _worse(found, floor):
            best = found
        if abs(found.promised - found.together) <= AGREE:
            break
        chosen = {choice.stage: choice.threshold for choice in plan.thresholds}
        thresholds = tuple(1.0 if (threshold := chosen.get(stage)) is None else threshold for stage in early)
    if best is not None:
        write(best.thresholds)
    return best


def _worse(settled: Settled, floor: float) -> tuple[bool, float]:
    """Order by whether the thresholds together miss the accuracy floor, then by how far the promise is off."""
    return settled.together < floor, abs(settled.promised - settled.together)
