"""From the tables of a file to a graph of tasks and its workers; every fault is told."""

from __future__ import annotations

from collections.abc import Sequence
from math import inf
from pathlib import Path

from serflow_opt.errors import InputError, Problem
from serflow_opt.families.blocked import document as tables
from serflow_opt.families.blocked.graphs import blocks_of, tasks_of
from serflow_opt.families.blocked.own import read_graph
from serflow_opt.families.blocked.problem import Blocked, BlockedOption, Store, TaskGraph
from serflow_opt.families.tables import check_names, numbers_of
from serflow_opt.problem.catalog import DEFAULT_REGION, Catalog, load_catalog

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
    given = None if document.graph is None else read_graph(document.graph, document.tasks_max, path, problems)
    blocks = (0,) if document.matrix is None else _blocks(document, document.matrix, file, problems)
    if given is not None:
        _check_given(given, document, file, problems)
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
    flops = inf if own.flops_per_s is None else own.flops_per_s
    usd = per_hour / 3600, own.usd_per_call
    return BlockedOption(own.name, is_function, flops, memory, *usd, own.start_s, most, own.speed)


def _check_given(graph: TaskGraph, document: tables.BlockedTables, file: str, problems: list[Problem]) -> None:
    """Tasks that count operations need a rate, and some worker has to hold the largest."""
    for own in document.option:
        if own.flops_per_s is None and any(kind.flops for kind in graph.kinds):
            problems.append(Problem(file, f"option '{own.name}'.flops_per_s", "missing", "tasks have flops: add it"))
    most = max(graph.kinds, key=lambda kind: kind.memory_bytes)
    largest = max((own.memory_mb or inf) for own in document.option) * MIB
    if most.memory_bytes > largest:
        found = f"'{most.name}' needs {most.memory_bytes / MIB:,.0f} MB"
        problems.append(Problem(file, "graph.tasks", found, f"the largest worker has {largest / MIB:,.0f} MB"))


def _blocks(
    document: tables.BlockedTables, matrix: tables.MatrixTable, file: str, problems: list[Problem]
) -> tuple[int, ...]:
    """Sizes of blocks, rising; those that cannot be are faults."""
    blocks = tuple(sorted(set(matrix.block)))
    for own in document.option:
        if own.flops_per_s is None:
            problems.append(Problem(file, f"option '{own.name}'.flops_per_s", "missing", "add it: tasks are counted"))
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
