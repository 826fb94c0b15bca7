"""A list schedule, longest remaining path first, and what no schedule is below."""

from __future__ import annotations

import heapq
from dataclasses import dataclass

import numpy as np

from serflow_opt import kernels
from serflow_opt.families.blocked.problem import BlockedOption, Store, TaskGraph, kind_seconds
from serflow_opt.ground.arrays import Floats

INTERVALS = 64
"""Moments, each way, between which work is held against workers."""


@dataclass(frozen=True, slots=True, eq=False)
class TimedGraph:
    """A graph on an option.

    Attributes
    ----------
    seconds
        Of each task.
    before, behind
        Longest paths before and behind each, without its own seconds.
    path, work
        The longest path, and all seconds together.
    waiting, within
        Of pairs of moments: seconds before the first and behind the second, and the work that can only be between.
    """

    graph: TaskGraph
    seconds: Floats
    before: Floats
    behind: Floats
    path: float
    work: float
    waiting: Floats
    within: Floats

    def bound(self, workers: int) -> float:
        """Return what no schedule on so many workers is below: path, work, and work between moments."""
        return max(self.path, self.work / workers, float((self.waiting + self.within / workers).max()))


def timed(graph: TaskGraph, option: BlockedOption, store: Store, pipeline: int) -> TimedGraph:
    """Return a graph with the seconds of an option, its paths, and the work between moments.

    Parameters
    ----------
    graph, option, store, pipeline
        As `kind_seconds` takes them.
    """
    of_kind = np.array([kind_seconds(kind, option, store, pipeline) for kind in graph.kinds])
    seconds = of_kind[graph.kind]
    before, behind = _longest(graph, seconds)
    early, late = (
        np.unique(np.quantile(own, np.linspace(0, 1, INTERVALS), method="lower")) for own in (before, behind)
    )
    at = (np.searchsorted(own, each, side="right") - 1 for own, each in ((early, before), (late, behind)))
    table = np.zeros((len(early), len(late)))
    np.add.at(table, tuple(at), seconds)
    within = table[::-1, ::-1].cumsum(axis=0).cumsum(axis=1)[::-1, ::-1]
    waiting = np.where(within > 0, early[:, None] + late[None, :], 0.0)
    path = float((before + seconds + behind).max())
    return TimedGraph(graph, seconds, before, behind, path, float(seconds.sum()), waiting, within)


def _longest(graph: TaskGraph, seconds: Floats) -> tuple[Floats, Floats]:
    """Longest paths before and behind each task."""
    if kernels.compiled:
        from serflow_opt.kernels.tasks import longest

        return longest(seconds, graph.ends, graph.after)
    before, behind = [0.0] * len(seconds), [0.0] * len(seconds)
    takes, ends, after = seconds.tolist(), graph.ends.tolist(), graph.after.tolist()
    for i in range(len(takes)):
        done = before[i] + takes[i]
        for k in after[ends[i] : ends[i + 1]]:
            before[k] = max(before[k], done)
    for i in range(len(takes) - 1, -1, -1):
        behind[i] = max((behind[k] + takes[k] for k in after[ends[i] : ends[i + 1]]), default=0.0)
    return np.array(before), np.array(behind)


def starts_of(own: TimedGraph, workers: int) -> Floats:
    """Return when each task starts: a free worker takes the task with the longest path that waits for none.

    Parameters
    ----------
    own, workers
        What is to be done, and how many do it.
    """
    graph, count = own.graph, len(own.seconds)
    order = np.argsort(-(own.seconds + own.behind), kind="stable")
    ranks = np.empty(count, dtype=np.int64)
    ranks[order] = np.arange(count)
    if kernels.compiled:
        from serflow_opt.kernels.tasks import schedule

        return schedule(own.seconds, ranks, graph.ends, graph.after, graph.waits.copy(), workers)
    takes, ends, after = own.seconds.tolist(), graph.ends.tolist(), graph.after.tolist()
    waits, of_rank = graph.waits.tolist(), order.tolist()
    ready = [int(rank) for rank, wait in zip(ranks, waits, strict=True) if wait == 0]
    heapq.heapify(ready)
    starts, now = [0.0] * count, 0.0
    running: list[tuple[float, int]] = []
    while ready or running:
        while ready and len(running) < workers:
            task = of_rank[heapq.heappop(ready)]
            starts[task] = now
            heapq.heappush(running, (now + takes[task], task))
        now = running[0][0]
        while running and running[0][0] <= now:
            for k in after[ends[task := heapq.heappop(running)[1]] : ends[task + 1]]:
                waits[k] -= 1
                if waits[k] == 0:
                    heapq.heappush(ready, int(ranks[k]))
    return np.array(starts)
