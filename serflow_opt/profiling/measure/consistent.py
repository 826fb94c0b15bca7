"""Take the exit tables where the plan will use them.

A table of one classifier is true only behind the earlier thresholds it was taken at (see `exits`). So thresholds are
first sought that are best together on the samples themselves, one stage after the other on the first option, and the
tables are taken there. Then the instance is solved, the tables are taken again at the thresholds that came out, and so
on until a plan chooses the very thresholds its tables were taken at: then the accuracy it promises is what those
thresholds do together on the samples.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from serflow_opt.problem.instance import Instance
from serflow_opt.problem.loader import load
from serflow_opt.solving import solve

START = 0.9
"""Confidence that the first tables are taken behind, before anything is known."""
MOST_ROUNDS = 8
AGREE = 1e-9
"""Promise and samples agree when they differ by no more."""
GRID = 14
"""Thresholds tried for a classifier, at quantiles of its confidences."""
MOST_COMBINATIONS = 20_000
"""Up to here all combinations are tried; beyond, one classifier after the other until nothing gets better."""


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
    write((START,) * len(early))
    if not early:
        return None
    read = load(instance)
    floor = read.accuracy_min or 0.0
    thresholds = best_together(read, floor)
    best: Settled | None = None
    for number in range(1, MOST_ROUNDS + 1):
        write(thresholds)
        plan = solve(load(instance))
        if plan.status == "no_solution":
            break
        if plan.metrics is None or plan.metrics.accuracy is None:  # behind loose exits only hard inputs are left
            thresholds = tuple((1 + threshold) / 2 for threshold in thresholds)
            continue
        found = Settled(thresholds, plan.metrics.accuracy, plan.samples[0].accuracy, number)
        if best is None or _worse(best, floor) > _worse(found, floor):
            best = found
        if abs(found.promised - found.together) <= AGREE:
            break
        chosen = {choice.stage: choice.threshold for choice in plan.thresholds}
        thresholds = tuple(1.0 if (threshold := chosen.get(stage)) is None else threshold for stage in early)
    if best is not None:
        write(best.thresholds)
    return best


def best_together(instance: Instance, floor: float) -> tuple[float, ...]:
    """Return thresholds with the least mean time on the first option, and the accuracy asked, on the table samples.

    Where no combination is accurate enough, the most accurate one.
    """
    samples = instance.samples
    assert samples is not None
    used = ~samples.held_out
    confidence, correct = samples.confidence[used], samples.correct[used]
    done = np.cumsum(instance.options[0].stage_seconds)[[stage - 1 for stage in samples.classifier_stages]]
    grids = [_grid(column) for column in confidence.T[:-1]]

    def value(thresholds: Sequence[float]) -> tuple[bool, float]:
        passes = confidence[:, :-1] >= np.asarray(thresholds)
        left = np.where(passes.any(axis=1), passes.argmax(axis=1), len(grids))
        accuracy = float(correct[np.arange(len(left)), left].mean())
        return accuracy < floor, float(done[left].mean()) if accuracy >= floor else -accuracy

    if np.prod([len(grid) for grid in grids]) <= MOST_COMBINATIONS:
        return min(itertools.product(*grids), key=value)
    best = [grid[-1] for grid in grids]
    while True:
        before = value(best)
        for k, grid in enumerate(grids):
            best[k] = min(grid, key=lambda threshold, k=k: value([*best[:k], threshold, *best[k + 1 :]]))  # type: ignore[misc]
        if value(best) >= before:
            return tuple(best)


def _grid(confidence: NDArray[np.float64]) -> list[float]:
    """Thresholds at quantiles of a classifier's confidences, and 1, which switches it off."""
    quantiles = np.quantile(confidence, np.linspace(0, 1, GRID), method="higher")
    return [float(threshold) for threshold in np.unique(np.append(quantiles, 1.0))]


def _worse(settled: Settled, floor: float) -> tuple[bool, float]:
    """Order by whether the thresholds together miss the accuracy floor, then by how far the promise is off."""
    return settled.together < floor, abs(settled.promised - settled.together)
