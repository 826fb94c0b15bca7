"""The same tasks on Dask: a cluster of as many workers on this machine, blocks kept by its workers."""

from __future__ import annotations

import time
from importlib.util import find_spec
from typing import Any

import numpy as np
from numpy.typing import NDArray

from serflow_opt.errors import InputError, Problem
from serflow_opt.profiling.tasks.blocks import Block, Task, assembled, place
from serflow_opt.profiling.tasks.worker import kernel


def factored(
    matrix: Block,
    n: int,
    tasks: list[Task],
    ranks: NDArray[np.int64],
    workers: int,
    apart: bool = True,
) -> tuple[Block, float]:
    """Run all tasks; return the lower factor and the seconds from the first task to the last.

    Parameters
    ----------
    matrix, n
        What is factored, in so many blocks a side.
    tasks, ranks, workers
        As `Team.factor` takes them; how many workers the cluster has.
    apart
        Whether workers are processes, or threads of this one.

    Raises
    ------
    InputError
        Where Dask is not installed.
    """
    if find_spec("distributed") is None:
        cure = "pip install 'serflow-opt[dask]'"
        raise InputError([Problem("", "--engine", "dask: the package distributed is not installed", cure)])
    from distributed import Client, LocalCluster

    rows = len(matrix) // n
    cluster = LocalCluster(n_workers=workers, threads_per_worker=1, processes=apart, dashboard_address=None)
    with cluster, Client(cluster) as client:
        parts = [matrix[i * rows : (i + 1) * rows, k * rows : (k + 1) * rows] for i in range(n) for k in range(i + 1)]
        held: list[Any] = client.scatter(parts)
        client.submit(kernel, 0, held[0], held[0], held[0], pure=False).result()  # imports are not part of the run
        began = time.perf_counter()
        for task, (kind, own, one, other) in enumerate(tasks):
            given = kind, held[own], held[one], held[other]
            held[own] = client.submit(kernel, *given, priority=-int(ranks[task]), pure=False)
        client.gather([client.submit(len, held[place(n - 1, n - 1)], pure=False)])
        took = time.perf_counter() - began
        made = client.gather(held)
    return assembled(made, n), took
