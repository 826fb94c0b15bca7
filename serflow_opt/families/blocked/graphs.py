"""Task graphs of blocked algorithms, as NumPyWren has them: N = ⌈n / B⌉ blocks a side."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

import numpy as np

from serflow_opt.families.blocked.problem import TaskGraph, TaskKind
from serflow_opt.ground.arrays import Ints

FAN_IN = 4
"""Products that a sum of GEMM adds."""


def blocks_of(rows: int, block: int) -> int:
    """Return how many blocks a side has; the last one may be smaller, and is counted as a whole one."""
    return -(-rows // block)


def counts_of(algorithm: str, n: int) -> tuple[int, ...]:
    """Return how many tasks of each kind a graph has.

    Parameters
    ----------
    algorithm, n
        Which, with so many blocks a side.
    """
    if algorithm == "cholesky":
        return n, n * (n - 1) // 2, (n - 1) * n * (n + 1) // 6
    if algorithm == "gemm":
        return n**3, n * n * sum(_levels(n, FAN_IN)), n * n
    if algorithm == "tsqr":
        return n, sum(_levels(n, 2))
    panels = [(r, r - 1) for r in range(1, n + 1)]  # rows, and other columns
    if algorithm == "svd":
        panels += [(r, r) for r in range(1, n)]
    steps = [(r, others, sum(_levels(r, 2))) for r, others in panels]
    return (
        sum(r for r, _, _ in steps),
        sum(t for _, _, t in steps),
        sum(r * others for r, others, _ in steps),
        sum(others * t for _, others, t in steps),
    )


def tasks_of(algorithm: str, n: int) -> int:
    """Return how many tasks a graph has.

    Parameters
    ----------
    algorithm, n
        Which, with so many blocks a side.
    """
    return sum(counts_of(algorithm, n))


def _levels(n: int, fan_in: int) -> list[int]:
    """Nodes of a tree by level, above its leaves."""
    found = []
    while n > 1:
        n = -(-n // fan_in)
        found.append(n)
    return found


@lru_cache(maxsize=16)
def graph_of(algorithm: str, rows: int, block: int) -> TaskGraph:
    """Return the graph of an algorithm.

    Parameters
    ----------
    algorithm, rows, block
        Which, of a matrix with so many rows, in blocks of so many.
    """
    made = {"cholesky": _cholesky, "gemm": _gemm, "tsqr": _tsqr, "qr": _qr, "svd": _svd}[algorithm]
    return graph_from(kinds_of(algorithm, block), *made(blocks_of(rows, block)))


def kinds_of(algorithm: str, block: int) -> tuple[TaskKind, ...]:
    """Return the kinds of tasks of an algorithm, with blocks of so many rows."""
    size = 8.0 * block * block
    known: dict[str, tuple[TaskKind, ...]] = {
        "cholesky": (_kind("diagonal", 1 / 3, 1, block), _kind("column", 1, 2, block), _kind("trailing", 2, 3, block)),
        "gemm": (
            _kind("product", 2, 2, block),
            TaskKind("sum", (FAN_IN - 1) * block**2, FAN_IN * size, size, FAN_IN),
            TaskKind("copy", 0.0, size, size),
        ),
        "tsqr": (_kind("leaf", 4 / 3, 1, block), _kind("pair", 10 / 3, 2, block)),
    }
    panels = (
        _kind("leaf", 4 / 3, 1, block),
        _kind("pair", 10 / 3, 2, block),
        _kind("update", 4, 2, block),
        _kind("pair update", 8, 3, block),
    )
    return known.get(algorithm, panels)


def _kind(name: str, cubes: float, reads: int, block: int) -> TaskKind:
    size = 8.0 * block * block
    return TaskKind(name, cubes * float(block) ** 3, reads * size, size, reads)


def graph_from(
    kinds: tuple[TaskKind, ...], kind: Ints, before: Ints, after: Ints, names: Iterable[str] = ()
) -> TaskGraph:
    """Return a graph from its edges.

    Parameters
    ----------
    kinds, kind, names
        As `TaskGraph` has them.
    before, after
        Ends of edges.
    """
    count = len(kind)
    order = np.argsort(before, kind="stable")
    ends = np.zeros(count + 1, dtype=np.int64)
    np.cumsum(np.bincount(before, minlength=count), out=ends[1:])
    waits = np.bincount(after, minlength=count).astype(np.int32)
    return TaskGraph(kinds, kind.astype(np.int32), ends, after[order].astype(np.int32), waits, tuple(names))


def _cholesky(n: int) -> tuple[Ints, Ints, Ints]:
    """Step by step: a diagonal block, the column below it, the trailing blocks by rows and columns."""
    kind, before, after = [], [], []
    first = 0
    earlier: Ints | None = None  # trailing blocks of the step before, by place
    for j in range(n):
        m = n - 1 - j
        rows, columns = np.tril_indices(m)
        column = first + 1 + np.arange(m)
        trailing = first + 1 + m + np.arange(len(rows))
        kind.append(np.repeat([0, 1, 2], [1, m, len(rows)]))
        if earlier is not None:  # of size m + 1: its first column feeds the diagonal and the column
            before += [earlier[:, 0], earlier[1:, 1:][rows, columns]]
            after += [np.concatenate([[first], column]), trailing]
        before += [np.full(m, first), column[rows], column[columns]]
        off = rows != columns
        after += [column, trailing, trailing]
        before[-1], after[-1] = before[-1][off], after[-1][off]  # a block on the diagonal waits for one of them
        earlier = np.zeros((m, m), dtype=np.int64)
        earlier[rows, columns] = trailing
        first += 1 + m + len(rows)
    return _joined(kind, before, after)


def _gemm(n: int) -> tuple[Ints, Ints, Ints]:
    """Products of each block, sums of four in trees, and a copy to where the block belongs."""
    kind, before, after = [np.zeros(n**3, dtype=np.int64)], [], []
    level = np.arange(n**3).reshape(n * n, n)
    first = n**3
    for width in _levels(n, FAN_IN):
        sums = first + np.arange(n * n * width).reshape(n * n, width)
        kind.append(np.ones(n * n * width, dtype=np.int64))
        before.append(level.ravel())
        after.append(sums[:, np.arange(level.shape[1]) // FAN_IN].ravel())
        level, first = sums, first + n * n * width
    kind.append(np.full(n * n, 2))
    before.append(level[:, 0])
    after.append(first + np.arange(n * n))
    return _joined(kind, before, after)


def _tsqr(n: int) -> tuple[Ints, Ints, Ints]:
    """A factor of each block, then of pairs up a tree."""
    kind, before, after = [np.zeros(n, dtype=np.int64)], [], []
    level, first = np.arange(n), n
    for width in _levels(n, 2):
        kind.append(np.ones(width, dtype=np.int64))
        before.append(level)
        after.append(first + np.arange(len(level)) // 2)
        level, first = first + np.arange(width), first + width
    return _joined(kind, before, after)


def _qr(n: int) -> tuple[Ints, Ints, Ints]:
    """Step by step: TSQR of the first column, and its factors on every other one."""
    made = _Panels(n)
    for i in range(n):
        made.eliminate(made.last[i:, i:])
    return _joined(made.kind, made.before, made.after)


def _svd(n: int) -> tuple[Ints, Ints, Ints]:
    """Columns and rows in turn: QR of a column, then LQ of the row beside it, until blocks are on two diagonals."""
    made = _Panels(n)
    for i in range(n):
        made.eliminate(made.last[i:, i:])
        if i + 1 < n:
            made.eliminate(made.last[i:, i + 1 :].T)
    return _joined(made.kind, made.before, made.after)


class _Panels:
    """Tasks of orthogonal factors, panel by panel; `last` is the task that a block was last written by."""

    def __init__(self, n: int) -> None:
        self.kind: list[Ints] = []
        self.before: list[Ints] = []
        self.after: list[Ints] = []
        self.last = np.full((n, n), -1)
        self.first = 0

    def eliminate(self, last: Ints) -> None:
        """Factor the first column, block by block and then in pairs up a tree, with all factors on the other columns.

        What updates a row last is what its block waits for in the next panel: of a pair the second row is done, the
        first one goes up the tree. A panel of rows is that of columns, the matrix turned over.
        """
        r, first = last.shape[0], self.first
        others = last.shape[1] - 1
        leaves = first + np.arange(r)
        updates = first + r + np.arange(r * others).reshape(r, others)
        self.kind += [np.zeros(r, dtype=np.int64), np.full(r * others, 2)]
        if first:
            self.before += [last[:, 0].copy(), last[:, 1:].flatten()]
            self.after += [leaves, updates.ravel()]
        self.before.append(np.repeat(leaves, others))
        self.after.append(updates.ravel())
        first += r * (1 + others)
        last[:, 0], last[:, 1:] = leaves, updates
        rows, level = np.arange(r), leaves  # rows that go up the tree, and their factors
        while len(rows) > 1:
            width = -(-len(rows) // 2)
            factors = first + np.arange(width)
            ups = first + width + np.arange(width * others).reshape(width, others)
            self.kind += [np.ones(width, dtype=np.int64), np.full(width * others, 3)]
            to = np.arange(len(rows)) // 2
            self.before += [level, last[rows, 1:].flatten(), np.repeat(factors, others)]
            self.after += [factors[to], ups[to].ravel(), ups.ravel()]
            last[rows, 1:] = ups[to]
            first += width * (1 + others)
            rows, level = rows[::2], factors
        self.first = first


def _joined(kind: list[Ints], before: list[Ints], after: list[Ints]) -> tuple[Ints, Ints, Ints]:
    empty = np.empty(0, dtype=np.int64)
    return np.concatenate(kind), np.concatenate([empty, *before]), np.concatenate([empty, *after])
