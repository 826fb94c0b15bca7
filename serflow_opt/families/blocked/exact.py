"""The shortest schedule of a small graph, by HiGHS, proven; and an exact one in the order that it finds."""

from __future__ import annotations

import numpy as np

from serflow_opt.backend.highs import HighsModel
from serflow_opt.families.blocked.schedule import TimedGraph, starts_of
from serflow_opt.formulations.blocked import shortest
from serflow_opt.ground.arrays import Floats
from serflow_opt.ground.deadline import Deadline
from serflow_opt.ground.tolerances import DEFAULT_GAP, ROUNDING

MOST_TASKS = 10
"""Graphs up to this size are solved exactly where the list schedule is above its bound."""


def exact_starts(own: TimedGraph, workers: int) -> tuple[Floats, float]:
    """Return when each task starts in the best schedule known, and what no schedule is below.

    Parameters
    ----------
    own, workers
        What is to be done, and how many do it.
    """
    listed, bound = starts_of(own, workers), own.bound(workers)
    longest = float((listed + own.seconds).max())
    if longest <= bound * (1 + ROUNDING) or len(own.seconds) > MOST_TASKS:
        return listed, bound
    graph = own.graph
    before = np.repeat(np.arange(len(own.seconds)), np.diff(graph.ends)).tolist()
    edges = list(zip(before, graph.after.tolist(), strict=True))
    made = shortest((own.seconds / longest).tolist(), edges, min(workers, len(own.seconds)), 1.0)
    model = HighsModel(made, Deadline())
    outcome = model.solve(gap=DEFAULT_GAP / 10, threads=1)
    if not outcome.values:
        return listed, bound
    order = sorted(range(len(own.seconds)), key=lambda i: (outcome.value(made.s[i]), i))
    whose = [max(made.P, key=lambda p: outcome.value(made.z[i, p])) for i in range(len(own.seconds))]
    starts, free = np.zeros(len(own.seconds)), [0.0] * workers
    for i in order:
        ready = max((starts[a] + own.seconds[a] for a, b in edges if b == i), default=0.0)
        starts[i] = max(ready, free[whose[i]])
        free[whose[i]] = starts[i] + own.seconds[i]
    ends = float((starts + own.seconds).max())
    if ends >= longest:
        starts, ends = listed, longest
    return starts, max(bound, min(outcome.bound * longest, ends))
