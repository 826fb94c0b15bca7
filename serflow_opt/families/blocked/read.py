"""From the tables of a file to a graph of tasks and its workers; every fault is told."""

from __future__ import annotations

from collections.abc import Sequence
from math import inf
from pathlib import Path

import numpy as np

from serflow_opt.errors import InputError, Problem
from serflow_opt.families.blocked import document as tables
from serflow_opt.families.blocked.graphs import blocks_of, graph_from, tasks_of
from serflow_opt.families.blocked.problem import Blocked, BlockedOption, Store, TaskGraph, TaskKind
from serflow_opt.families.tables import check_names, numbers_of
from serflow_opt.problem.catalog import DEFAULT_REGION, Catalog, load_catalog
from serflow_opt.problem.tables import Column, Row, read_table

MIB, MB, GB, MONTH_S = 2**20, 1e6, 1e9, 30 * 24 * 3600.0


def read(
    document: tables.BlockedTables, path: Path, catalogs: Sequence[str | Path], problems: list[Problem]
) -> Blocked | None:
    """Return the problem of a file; None, with faults appended, where it has any.

    Parameters
    ----------
    document
        Its tables, each valid in itself.
    path
        The file: tables of tasks stand beside it.
    catalogs
        Price files that come after those the file names.
    problems
        Receives every fault.
    """
    before, file = len(problems), str(path)
    check_names({"option": [own.name for own in document.option]}, file, problems)
    workers = numbers_of(document.workers)
    if not workers:
        problems.append(Problem(file, "workers", "none", "list at least one number"))
    try:
        files = [path.parent / name for name in document.catalog]
        catalog = load_catalog().with_rows(*files, *catalogs) if files or catalogs else load_catalog()
    except InputError as error:
        problems += error.problems
        return None
    options = [_option(own, catalog, file, problems) for own in document.option]
    given = None if document.graph is None else _graph(document.graph, document.tasks_max, path, problems)
    blocks = (0,) if document.matrix is None else _blocks(document, document.matrix, file, problems)
    if len(problems) > before:
        return None
    own = document.store
    store = Store(
        own.read_mb_s * MB,
        own.write_mb_s * MB,
        own.latency_ms / 1000,
        own.usd_per_read,
        own.usd_per_write,
        own.usd_per_gb_month / GB / MONTH_S,
    )
    algorithm, rows = ("", 0) if document.matrix is None else (document.matrix.algorithm, document.matrix.rows)
    kinds = tuple(own for own in options if own is not None)
    held = document.blocks_held
    return Blocked(algorithm, rows, blocks, kinds, tuple(workers), store, document.pipeline, held, given)


def _option(
    own: tables.BlockedOptionTable, catalog: Catalog, file: str, problems: list[Problem]
) -> BlockedOption | None:
    per_hour = own.usd_per_hour or 0.0
    if own.vm:
        try:
            per_hour = catalog.vm(own.vm, own.region or DEFAULT_REGION).usd_per_hour / own.per_vm
        except InputError as error:
            problems += [Problem(file, f"option '{own.name}'.vm", each.found, each.cure) for each in error.problems]
            return None
    memory = inf if own.memory_mb is None else own.memory_mb * MIB
    most = inf if own.count_max is None else own.count_max
    is_function = own.kind == "function"
    return BlockedOption(
        own.name, is_function, own.flops_per_s, memory, per_hour / 3600, own.usd_per_call, own.start_s, most
    )


def _blocks(
    document: tables.BlockedTables, matrix: tables.MatrixTable, file: str, problems: list[Problem]
) -> tuple[int, ...]:
    """Sizes of blocks, rising; those that cannot be are faults."""
    blocks = tuple(sorted(set(matrix.block)))
    if matrix.algorithm != "tsqr" and matrix.columns not in (None, matrix.rows):
        found, cure = f"{matrix.rows} x {matrix.columns}", f"{matrix.algorithm} is of a square matrix here"
        problems.append(Problem(file, "matrix.columns", found, cure))
    if matrix.algorithm == "tsqr" and matrix.columns is not None and any(b < matrix.columns for b in blocks):
        cure = f"at least {matrix.columns}: a block has all columns"
        problems.append(Problem(file, "matrix.block", f"{blocks[0]}", cure))
    largest = max((own.memory_mb or inf) for own in document.option) * MIB
    for block in blocks:
        count = tasks_of(matrix.algorithm, blocks_of(matrix.rows, block))
        if block > matrix.rows:
            problems.append(Problem(file, "matrix.block", f"{block}", f"at most {matrix.rows}, the whole matrix"))
        elif document.blocks_held * 8 * block * block > largest:
            found = f"{block}: {document.blocks_held:g} blocks take {document.blocks_held * 8 * block**2 / MIB:,.0f} MB"
            problems.append(Problem(file, "matrix.block", found, f"the largest worker has {largest / MIB:,.0f} MB"))
        elif count > document.tasks_max:
            n = blocks_of(matrix.rows, block)
            found = f"{block}: {n} blocks a side, {count:,} tasks"
            problems.append(Problem(file, "matrix.block", found, f"larger blocks, or tasks_max = {count}"))
    return blocks


def _graph(own: tables.GraphTable, most: int, path: Path, problems: list[Problem]) -> TaskGraph | None:
    """Tasks of one's own in an order in which each comes after all that it waits for."""
    before, source = len(problems), path.parent / own.tasks
    numbers = [Column(name, low=0) for name in ("flops", "read_bytes", "write_bytes")]
    rows = read_table(source, [Column("task", "text"), *numbers], problems)
    names = [str(row.cells["task"]) for row in rows]
    place = {name: n for n, name in enumerate(names)}
    if len(place) < len(names):
        twice = next(name for n, name in enumerate(names) if name in names[:n])
        problems.append(Problem(str(source), "column task", f"'{twice}' twice", "give each a name of its own"))
    if len(names) > most:
        problems.append(Problem(str(source), "", f"{len(names):,} tasks", f"at most tasks_max, {most:,}"))
    edges: list[tuple[int, int]] = []
    if own.edges:
        for row in read_table(path.parent / own.edges, [Column("before", "text"), Column("after", "text")], problems):
            ends = [str(row.cells[key]) for key in ("before", "after")]
            for key, name in zip(("before", "after"), ends, strict=True):
                if name not in place:
                    where = f"line {row.line}, column {key}"
                    problems.append(Problem(str(path.parent / own.edges), where, f"'{name}'", "no such task"))
            if all(name in place for name in ends):
                edges.append((place[ends[0]], place[ends[1]]))
    if len(problems) > before or not rows:
        return None
    order = _order(len(names), edges)
    if len(order) < len(names):
        stuck = ", ".join(names[n] for n in sorted(set(range(len(names))) - set(order))[:5])
        cure = "take an edge of the ring out"
        problems.append(Problem(str(path.parent / own.edges), "", f"tasks that wait for each other: {stuck}", cure))
        return None
    at = np.empty(len(names), dtype=np.int64)
    at[order] = np.arange(len(names))
    kinds = tuple(_own_kind(names[n], rows[n]) for n in order)
    pairs = np.array(sorted(set(edges)), dtype=np.int64).reshape(-1, 2)
    return graph_from(kinds, np.arange(len(names)), at[pairs[:, 0]], at[pairs[:, 1]], [names[n] for n in order])


def _own_kind(name: str, row: Row) -> TaskKind:
    read, written = row.number("read_bytes"), row.number("write_bytes")
    return TaskKind(name, row.number("flops"), read, written, int(read > 0), int(written > 0))


def _order(count: int, edges: Sequence[tuple[int, int]]) -> list[int]:
    """Tasks in an order that edges allow; those on a ring, and behind one, are missing."""
    after: list[list[int]] = [[] for _ in range(count)]
    waits = [0] * count
    for a, b in edges:
        after[a].append(b)
        waits[b] += 1
    found = [n for n in range(count) if waits[n] == 0]
    for n in found:
        for b in after[n]:
            waits[b] -= 1
            if waits[b] == 0:
                found.append(b)
    return found
