"""Blocks of a matrix and their tasks."""

from __future__ import annotations

import numpy as np

from serflow_opt.families.blocked.graphs import graph_of
from serflow_opt.profiling.tasks.blocks import tasks_of


def test_tasks_stand_in_the_order_of_the_graph() -> None:
    """Kinds one by one, and every block that is read was last written by a task that is waited for."""
    graph, tasks = graph_of("cholesky", 50, 10), tasks_of(5)
    assert [kind for kind, *_ in tasks] == graph.kind.tolist()
    before = np.repeat(np.arange(len(tasks)), np.diff(graph.ends))
    waits = {(int(a), int(b)) for a, b in zip(before, graph.after, strict=True)}
    wrote: dict[int, int] = {}
    for n, (kind, own, one, other) in enumerate(tasks):
        for block in ((own,), (own, one), (own, one, other))[kind]:
            assert block not in wrote or (wrote[block], n) in waits
        wrote[own] = n
