"""A graph of one's own: tasks from a table, and what waits for what from another, from JSON, or from Step Functions."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from serflow_opt.errors import Problem, nearest
from serflow_opt.families.blocked.document import GraphTable
from serflow_opt.families.blocked.graphs import graph_from
from serflow_opt.families.blocked.problem import TaskGraph, TaskKind
from serflow_opt.families.blocked.states import edges_of_states
from serflow_opt.files import read_text
from serflow_opt.problem.tables import Column, Row, read_table

MIB = 2**20
MOST_EDGES = 50_000_000
NUMBERS = ("seconds", "flops", "read_bytes", "write_bytes", "memory_mb")

Edge = tuple[str, str]


def read_graph(own: GraphTable, most: int, path: Path, problems: list[Problem]) -> TaskGraph | None:
    """Return tasks in an order in which each comes after all that it waits for; None, faults appended, if any.

    Parameters
    ----------
    own, most
        Which files; most tasks.
    path
        The instance: both files stand beside it.
    problems
        Receives every fault.
    """
    before, source = len(problems), path.parent / own.tasks
    numbers = [Column(name, low=0, required=False) for name in NUMBERS]
    copies = Column("copies", "whole", low=1, required=False)
    rows = read_table(source, [Column("task", "text"), *numbers, copies], problems)
    names = [str(row.cells["task"]) for row in rows]
    if len(set(names)) < len(names):
        twice = next(name for n, name in enumerate(names) if name in names[:n])
        problems.append(Problem(str(source), "column task", f"'{twice}' twice", "give each a name of its own"))
    many = [int(row.cells.get("copies", 1)) for row in rows]
    if sum(many) > most:
        problems.append(Problem(str(source), "", f"{sum(many):,} tasks", f"at most tasks_max, {most:,}"))
    pairs = _edges(path.parent / own.edges, names, problems) if own.edges and rows else []
    if len(problems) > before or not rows:
        return None
    place = {name: n for n, name in enumerate(names)}
    between = sorted({(place[a], place[b]) for a, b in pairs})
    count = sum(many[a] if many[a] == many[b] else many[a] * many[b] for a, b in between)
    if count > MOST_EDGES:
        cure = f"at most {MOST_EDGES:,}: put a task that collects between two that have copies"
        problems.append(Problem(str(source), "column copies", f"{count:,} edges", cure))
        return None
    order = _order(len(names), between)
    if len(order) < len(names):
        stuck = ", ".join(names[n] for n in sorted(set(range(len(names))) - set(order))[:5])
        cure = "take an edge of the ring out"
        problems.append(Problem(str(path.parent / own.edges), "", f"tasks that wait for each other: {stuck}", cure))
        return None
    return _copied(names, rows, many, order, between)


def _copied(
    names: Sequence[str],
    rows: Sequence[Row],
    many: Sequence[int],
    order: Sequence[int],
    edges: Sequence[tuple[int, int]],
) -> TaskGraph:
    """Each task as often as it says: copies of two tasks with as many go one to one, others wait for all."""
    first, at = [0] * len(names), 0
    for n in order:
        first[n], at = at, at + many[n]
    before, after = [np.empty(0, dtype=np.int64)], [np.empty(0, dtype=np.int64)]
    for a, b in edges:
        mine, theirs = (first[n] + np.arange(many[n]) for n in (a, b))
        one = many[a] == many[b]
        before.append(mine if one else np.repeat(mine, many[b]))
        after.append(theirs if one else np.tile(theirs, many[a]))
    kinds = tuple(_kind(names[n], rows[n]) for n in order)
    kind = np.repeat(np.arange(len(order)), [many[n] for n in order])
    told = [f"{names[n]} {k + 1}" if many[n] > 1 else names[n] for n in order for k in range(many[n])]
    return graph_from(kinds, kind, np.concatenate(before), np.concatenate(after), told)


def _kind(name: str, row: Row) -> TaskKind:
    seconds, flops, read, written, memory = (float(row.cells.get(key, 0.0)) for key in NUMBERS)
    return TaskKind(name, flops, read, written, int(read > 0), int(written > 0), seconds, memory * MIB)


def _edges(source: Path, names: Sequence[str], problems: list[Problem]) -> list[Edge]:
    """What waits for what, by the end of the file's name."""
    known = set(names)
    if source.suffix.lower() != ".json":
        found = []
        for row in read_table(source, [Column("before", "text"), Column("after", "text")], problems):
            ends = (str(row.cells["before"]), str(row.cells["after"]))
            for key, name in zip(("before", "after"), ends, strict=True):
                if name not in known:
                    where = f"line {row.line}, column {key}"
                    cure = f"no such task: {nearest(name, names)}"
                    problems.append(Problem(str(source), where, f"'{name}'", cure))
            found.append(ends)
        return found
    text = read_text(source, problems)
    if text is None:
        return []
    try:
        document = json.loads(text)
    except ValueError as error:
        problems.append(Problem(str(source), "", str(error), "write JSON"))
        return []
    if isinstance(document, Mapping) and "StartAt" in document:
        return edges_of_states(document, names, str(source), problems)
    return _by_task(document, names, str(source), problems)


def _by_task(document: Any, names: Sequence[str], source: str, problems: list[Problem]) -> list[Edge]:
    """Of each task the list of those that it waits for."""
    if not isinstance(document, Mapping) or not all(isinstance(own, list) for own in document.values()):
        cure = 'by task those that it waits for, {"b": ["a"]}, or a state machine with StartAt'
        problems.append(Problem(source, "", "neither", cure))
        return []
    found = [(str(before), str(task)) for task, own in document.items() for before in own]
    known = set(names)
    for name in dict.fromkeys(name for edge in [*found, *((task, task) for task in document)] for name in edge):
        if name not in known:
            problems.append(Problem(source, "", f"'{name}'", f"no such task: {nearest(name, names)}"))
    return found


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
