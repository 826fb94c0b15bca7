"""A worker of a blocked Cholesky: takes tasks from a pipe, reads blocks from memory that all share, writes one back."""

from __future__ import annotations

from multiprocessing.connection import Connection
from multiprocessing.shared_memory import SharedMemory

import numpy as np
from scipy.linalg import cholesky, solve_triangular

from serflow_opt.profiling.tasks.blocks import Block

DIAGONAL, COLUMN, TRAILING = range(3)


def kernel(kind: int, own: Block, one: Block, other: Block) -> Block:
    """Return what a task makes of a block.

    Parameters
    ----------
    kind
        Diagonal: L of L L' = own; column: own one'^-1; trailing: own - one other'.
    own, one, other
        Blocks that are read.
    """
    if kind == DIAGONAL:
        found: Block = cholesky(own, lower=True, check_finite=False)
    elif kind == COLUMN:
        found = solve_triangular(one, own.T, lower=True, check_finite=False).T
    else:
        found = own - one @ other.T
    return found


def serve(pipe: Connection, memory: str, blocks: int, rows: int) -> None:
    """Do tasks until there are none; each is answered by its kind once its block is written.

    Parameters
    ----------
    pipe
        Brings tasks; None ends it.
    memory, blocks, rows
        Name of the shared memory, and the blocks of so many rows in it.
    """
    shared = SharedMemory(memory)
    store: Block = np.ndarray((blocks, rows, rows), buffer=shared.buf)
    while (task := pipe.recv()) is not None:
        kind, own, one, other = task
        read = [store[n].copy() for n in ((own,), (own, one), (own, one, other))[kind]]
        store[own] = kernel(kind, read[0], read[min(1, kind)], read[-1])
        pipe.send(kind)
    del store
    shared.close()
