"""Blocked linear algebra on functions: NumPyWren."""

from __future__ import annotations

from functools import cache

from serflow_opt.claims.claim import Claim
from serflow_opt.families.blocked.graphs import counts_of, graph_of
from serflow_opt.families.blocked.menu import graph_with
from serflow_opt.families.blocked.schedule import TimedGraph, timed
from serflow_opt.families.loading import load

NUMPYWREN = "Shankar et al., NumPyWren (serverless linear algebra), SoCC 2020"


@cache
def cholesky() -> TimedGraph:
    """Return the graph of the shipped matrix in blocks of 4,096 rows, with its seconds."""
    problem = load("cholesky-262144").data
    return timed(graph_with(problem, problem.blocks.index(4096)), problem.options[0], problem.store, problem.pipeline)


def path(blocks: int) -> float:
    """Return the tasks on the longest path of a Cholesky factorisation of so many blocks by as many."""
    graph = graph_of("cholesky", blocks, 1)
    ends, after, waits = graph.ends.tolist(), graph.after.tolist(), graph.waits.tolist()
    longest, ready = [1] * len(waits), [task for task, count in enumerate(waits) if not count]
    while ready:
        task = ready.pop()
        for later in after[ends[task] : ends[task + 1]]:
            longest[later] = max(longest[later], longest[task] + 1)
            waits[later] -= 1
            if not waits[later]:
                ready.append(later)
    return float(max(longest))


CLAIMS = (
    Claim(
        "numpywren-tasks",
        NUMPYWREN,
        "tasks of a Cholesky factorisation of 6 x 6 blocks",
        56.0,
        lambda: float(sum(counts_of("cholesky", 6))),
        0.0,
        "tasks",
    ),
    Claim("numpywren-path-6", NUMPYWREN, "its longest path", 16.0, lambda: path(6), 0.0, "tasks"),
    Claim(
        "numpywren-path-64",
        NUMPYWREN,
        "longest path of 64 x 64 blocks",
        190.0,
        lambda: path(64),
        0.0,
        "tasks",
        seconds=0.5,
    ),
    Claim(
        "numpywren-core-seconds",
        NUMPYWREN,
        "core-seconds of Cholesky, n = 262,144, blocks of 4,096",
        390_000.0,
        lambda: cholesky().work,
        5_000.0,
        "s",
        seconds=0.5,
        note="of tasks alone, with its measured store; the speed of a core, 3.5e10 FLOP/s, is a scenario",
    ),
    Claim(
        "numpywren-time",
        NUMPYWREN,
        "its time, at least the longest path",
        2_500.0,
        lambda: cholesky().path,
        50.0,
        "s",
        "when its workers came and went",
        seconds=0.5,
    ),
)
"""Each with what it takes to find it."""
