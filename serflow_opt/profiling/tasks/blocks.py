"""A matrix in blocks: where each is, which tasks factor it, in which order."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Block = NDArray[np.float64]
Task = tuple[int, int, int, int]
"""Kind of task, and blocks: the one that is written, and those that are read beside it."""


def matrix_of(rows: int, seed: int) -> Block:
    """Return a symmetric matrix that is positive definite."""
    draw = np.random.default_rng(seed)
    found = draw.random((rows, rows))
    return (found + found.T) / 2 + rows * np.eye(rows)


def place(row: int, column: int) -> int:
    """Return where a block on or below the diagonal is."""
    return row * (row + 1) // 2 + column


def tasks_of(n: int) -> list[Task]:
    """Return the tasks of n x n blocks, in the order of `graph_of`."""
    found: list[Task] = []
    for j in range(n):
        corner = place(j, j)
        found.append((0, corner, corner, corner))
        found += [(1, place(i, j), corner, corner) for i in range(j + 1, n)]
        found += [(2, place(i, k), place(i, j), place(k, j)) for i in range(j + 1, n) for k in range(j + 1, i + 1)]
    return found


def assembled(blocks: list[Block], n: int) -> Block:
    """Return the lower factor of its blocks.

    Parameters
    ----------
    blocks, n
        On and below the diagonal, row by row; blocks a side.
    """
    rows = blocks[0].shape[0]
    lower = np.zeros((n * rows, n * rows))
    for i in range(n):
        for k in range(i + 1):
            lower[i * rows : (i + 1) * rows, k * rows : (k + 1) * rows] = blocks[place(i, k)]
    return lower
