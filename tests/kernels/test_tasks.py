"""Schedules of task graphs: compiled and with heaps."""

from __future__ import annotations

import numpy as np
import pytest
from support.small_blocked import FREE, ONE

from serflow_opt import kernels
from serflow_opt.families.blocked.evaluate import value
from serflow_opt.families.blocked.graphs import graph_of
from serflow_opt.families.blocked.problem import Blocked, BlockedPlan, TaskGraph, TaskKind
from serflow_opt.families.blocked.schedule import starts_of, timed


def test_kernel_and_heaps_make_the_same_schedule(monkeypatch: pytest.MonkeyPatch) -> None:
    """Compiled or not, tasks start at the same times, and the witness finds nothing wrong with them."""
    if not kernels.compiled:
        pytest.skip("kernels are not compiled here")
    for algorithm, n, workers in (("cholesky", 9, 7), ("qr", 6, 5), ("gemm", 5, 11)):
        graph = graph_of(algorithm, n * 10, 10)
        seconds = np.random.default_rng(n).uniform(1, 2, len(graph.kind))
        kinds = tuple(TaskKind(f"t{k}", own, 0.0, 0.0, 0, 0) for k, own in enumerate(seconds.tolist()))
        each = TaskGraph(kinds, np.arange(len(seconds), dtype=np.int32), graph.ends, graph.after, graph.waits)
        made = []
        for compiled in (True, False):
            monkeypatch.setattr(kernels, "compiled", compiled)
            own = timed(each, ONE, FREE, 1)
            made.append((own.before, own.behind, starts_of(own, workers)))
        assert all(np.array_equal(a, b) for a, b in zip(*made, strict=True))
        problem = Blocked("", 0, (0,), (ONE,), (workers,), FREE, given=each)
        assert not value(problem, BlockedPlan(0, 0, 0, made[0][2], each)).breaches
