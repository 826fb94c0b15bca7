"""How requests are put into batches, how many of a batch are left at each stage, and when its stages end."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from serflow_opt.traffic.service import Block, Function, Machine

    Numbers = NDArray[np.int64]
    Floats = NDArray[np.float64]


def gathered(times: Floats, block: Block, until_s: float = np.inf) -> tuple[Numbers, Floats]:
    """Put requests into batches, those that close before a moment.

    Parameters
    ----------
    times
        When requests enter the block, rising, s.
    block
        Says how many a batch takes, and how long the first may wait.
    until_s
        The moment.

    Returns
    -------
    tuple
        The position of the first request of each batch and, last, of the first request in none; and when each closes.
    """
    most, wait = block.batch, block.batch_wait_s
    upto = np.searchsorted(times, times + wait, side="right").tolist()
    moments = times.tolist()
    starts, closings = [0], []
    while starts[-1] < len(moments):
        first = starts[-1]
        end = min(first + most, upto[first])
        closed = moments[end - 1] if end - first == most else moments[first] + wait
        if not closed < until_s:
            break
        starts.append(end)
        closings.append(closed)
    return np.array(starts, np.int64), np.array(closings, float)


def left(rows: Numbers, outcomes: Numbers, batches: int, kinds: int) -> Numbers:
    """Return how many are left, by batch and stage; the last column has those that go on.

    Parameters
    ----------
    rows
        The batch of each request.
    outcomes
        How each ends in the block.
    batches, kinds
        How many batches and outcomes there are.
    """
    ended = np.bincount(rows * kinds + outcomes, minlength=batches * kinds).reshape(batches, kinds)
    return np.cumsum(ended[:, ::-1], axis=1)[:, ::-1]


def table_of(option: Machine | Function, batch: int) -> Floats:
    """Return seconds of an option: a row a stage of the block, a column for each of 0, 1, .. requests together."""
    return np.array([(0.0, *times[:batch]) for times in option.stage_s])


def stage_table(function: Function, call: int) -> Floats:
    """Return the same of a function whose calls take so many requests, which may know one at a time alone."""
    if function.stage_s:
        return table_of(function, call)
    return np.array([(0.0, now - before) for before, now in pairwise((0.0, *function.seconds[:-1]))])


def ends(stages: Floats, remaining: Numbers, factors: Floats) -> Floats:
    """Return when each stage ends for batches that start at 0, by batch and stage.

    Parameters
    ----------
    stages
        As of `table_of`.
    remaining
        As of `left`.
    factors
        What the times of each batch are multiplied by.
    """
    taken = np.stack([own[remaining[:, s]] for s, own in enumerate(stages)], axis=1)
    found: Floats = np.cumsum(taken, axis=1) * factors[:, None]
    return found
