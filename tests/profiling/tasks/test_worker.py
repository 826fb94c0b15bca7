"""Kernels of a blocked Cholesky."""

from __future__ import annotations

import numpy as np

from serflow_opt.profiling.tasks.blocks import assembled, matrix_of, place, tasks_of
from serflow_opt.profiling.tasks.worker import kernel


def test_tasks_in_their_order_make_the_factor_that_numpy_makes() -> None:
    """A matrix of 4 x 4 blocks of eight rows."""
    matrix = matrix_of(32, 3)
    blocks = [matrix[8 * i : 8 * i + 8, 8 * k : 8 * k + 8].copy() for i in range(4) for k in range(i + 1)]
    for kind, own, one, other in tasks_of(4):
        blocks[own] = kernel(kind, blocks[own], blocks[one], blocks[other])
    assert len(blocks) == place(4, 0)
    assert np.allclose(assembled(blocks, 4), np.linalg.cholesky(matrix))
