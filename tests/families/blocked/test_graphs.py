"""Graphs of tasks, against the counts that NumPyWren gives."""

from __future__ import annotations

import numpy as np
from support.small_blocked import FREE, ONE

from serflow_opt.families.blocked.graphs import graph_of, tasks_of
from serflow_opt.families.blocked.problem import TaskGraph, TaskKind
from serflow_opt.families.blocked.schedule import timed


def test_the_graphs_are_those_that_numpywren_counts() -> None:
    """N = 6: 56 tasks, 6 + 15 + 35, path 16, width 15. N = 64: 45,760 tasks, path 190. GEMM adds by fours."""
    option, hop = ONE, FREE
    for algorithm, n, kinds, path in (
        ("cholesky", 6, [6, 15, 35], 16),
        ("cholesky", 64, [64, 2016, 43680], 190),
        ("gemm", 4, [64, 16, 16], 3),
        ("gemm", 5, [125, 50 + 25, 25], 4),
        ("tsqr", 7, [7, 4 + 2 + 1], 4),
        ("qr", 1, [1, 0, 0, 0], 1),
        ("qr", 2, [2 + 1, 1, 2, 1], 4),
    ):
        graph = graph_of(algorithm, n * 10, 10)
        assert np.bincount(graph.kind, minlength=len(kinds)).tolist() == kinds
        assert len(graph.kind) == tasks_of(algorithm, n) == sum(kinds)
        alike = TaskGraph(
            (TaskKind("t", 1.0, 0.0, 0.0),), np.zeros_like(graph.kind), graph.ends, graph.after, graph.waits
        )
        own = timed(alike, option, hop, 1)
        assert own.path == path
        if (algorithm, n) == ("cholesky", 6):
            first = own.before == 2  # as early as can be: 15 blocks behind the first column
            assert int(first.sum()) == 15
