"""A blocked Cholesky on Dask."""

from __future__ import annotations

import numpy as np
import pytest

import serflow_opt as so
from serflow_opt.profiling.tasks import cluster
from serflow_opt.profiling.tasks.blocks import matrix_of, tasks_of


def test_without_dask_the_cure_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """The extra has it."""
    monkeypatch.setattr(cluster, "find_spec", lambda _: None)
    with pytest.raises(so.InputError, match="serflow-opt\\[dask\\]"):
        cluster.factored(np.eye(2), 1, [], np.zeros(0, np.int64), 1)


def test_a_cluster_makes_the_factor_that_numpy_makes() -> None:
    """Of 3 x 3 blocks, on a cluster of one thread."""
    pytest.importorskip("distributed")
    matrix, tasks = matrix_of(24, 1), tasks_of(3)
    made, took = cluster.factored(matrix, 3, tasks, np.arange(len(tasks)), 1, apart=False)
    assert np.allclose(made, np.linalg.cholesky(matrix))
    assert took > 0
