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
        ("svd", 1, [1, 0, 0, 0], 1),
        ("svd", 2, [2 + 1 + 1, 1, 2 + 1, 1], 6),
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


def _written_out(n: int, turns: bool) -> tuple[int, int, int]:
    """Tasks, edges and longest path of QR, or of QR and LQ in turn, loop by loop, from who wrote each block last."""
    wrote: dict[tuple[int, int], int] = {}
    levels: list[int] = []
    edges = 0

    def done(*reads: int | None) -> int:
        nonlocal edges
        known = {own for own in reads if own is not None}
        edges += len(known)
        levels.append(1 + max((levels[own] for own in known), default=0))
        return len(levels) - 1

    def panel(rows: list[int], columns: list[int], turned: bool) -> None:
        def at(j: int, k: int) -> tuple[int, int]:
            return (k, j) if turned else (j, k)

        head, others = columns[0], columns[1:]
        factor = {}
        for j in rows:
            factor[j] = done(wrote.get(at(j, head)))
            for k in others:
                wrote[at(j, k)] = done(factor[j], wrote.get(at(j, k)))
        alive = rows
        while len(alive) > 1:
            above = {}
            for j, *pair in zip(alive[::2], alive[1::2] + [None] * (len(alive) % 2), strict=True):
                both = [j, *(own for own in pair if own is not None)]
                above[j] = done(*(factor[own] for own in both))
                for k in others:
                    up = done(above[j], *(wrote[at(own, k)] for own in both))
                    wrote.update({at(own, k): up for own in both})
            alive, factor = alive[::2], above
        wrote.update({at(j, head): factor[alive[0]] for j in rows[:1]})

    for i in range(n):
        panel(list(range(i, n)), list(range(i, n)), False)
        if turns and i + 1 < n:
            panel(list(range(i + 1, n)), list(range(i, n)), True)
    return len(levels), edges, max(levels)


def test_qr_and_svd_are_what_their_loops_say() -> None:
    """Tasks, edges and longest path of up to seven blocks a side, against the loops written out block by block."""
    for n in range(1, 8):
        for algorithm in ("qr", "svd"):
            graph = graph_of(algorithm, n * 10, 10)
            alike = TaskGraph(
                (TaskKind("t", 1.0, 0.0, 0.0),), np.zeros_like(graph.kind), graph.ends, graph.after, graph.waits
            )
            path = timed(alike, ONE, FREE, 1).path
            assert (len(graph.kind), len(graph.after), path) == _written_out(n, algorithm == "svd")
