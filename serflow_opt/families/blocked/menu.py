"""Rows of the menu, a block size, an option and a number of workers each: bounds for all, schedules where asked for."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from serflow_opt.families.blocked.exact import MOST_TASKS, exact_starts
from serflow_opt.families.blocked.graphs import blocks_of, counts_of, graph_of, kinds_of
from serflow_opt.families.blocked.problem import Blocked, BlockedPlan, TaskGraph, TaskKind, kind_seconds, memory_of
from serflow_opt.families.blocked.schedule import TimedGraph, starts_of, timed
from serflow_opt.ground.arrays import Floats
from serflow_opt.ground.tolerances import ROUNDING

MOST_EXACT = 40
"""Numbers of workers for which small graphs are solved exactly."""
NAMES = ("time", "cost", "workers")


def graph_with(problem: Blocked, block: int) -> TaskGraph:
    """Return the graph of the block size at a position."""
    if problem.given is not None:
        return problem.given
    return graph_of(problem.algorithm, problem.rows, problem.blocks[block])


def _parts(problem: Blocked, block: int) -> list[tuple[int, TaskKind]]:
    """How many tasks of each kind there are, without the graph."""
    if problem.given is not None:
        many = np.bincount(problem.given.kind, minlength=len(problem.given.kinds)).tolist()
        return list(zip(many, problem.given.kinds, strict=True))
    counts = counts_of(problem.algorithm, blocks_of(problem.rows, block))
    return list(zip(counts, kinds_of(problem.algorithm, block), strict=True))


class BlockedMenu:
    """All rows of a problem that can be had.

    Attributes
    ----------
    rows
        Positions of block, option and number of workers.
    least
        By row and quantity, what no schedule is below: by the work alone, until `tighten` looks at the graph.
    """

    def __init__(self, problem: Blocked) -> None:
        self.problem = problem
        self.known: dict[int, Floats] = {}
        self.exact: dict[tuple[int, int, int], Floats] = {}
        self.rows: list[tuple[int, int, int]] = []
        self.parts: list[list[tuple[int, TaskKind]]] = []
        self.work: dict[tuple[int, int], float] = {}
        self._timed: dict[tuple[int, int], TimedGraph] = {}
        self._tight: set[int] = set()
        least = []
        for b, block in enumerate(problem.blocks):
            own = _parts(problem, block)
            self.parts.append(own)
            for o, option in enumerate(problem.options):
                if memory_of(problem, block) > option.memory_bytes * (1 + ROUNDING):
                    continue
                by = problem.store, problem.pipeline
                self.work[b, o] = sum(count * kind_seconds(kind, option, *by) for count, kind in own)
                for p, workers in enumerate(problem.workers):
                    if workers <= option.count_max:
                        self.rows.append((b, o, p))
                        least.append(self._values(b, o, p, self.work[b, o] / workers))
        self.least = np.array(least).reshape(len(self.rows), len(NAMES))

    def timed(self, b: int, o: int) -> TimedGraph:
        """Return the graph of a block size on an option, made once."""
        if (b, o) not in self._timed:
            graph, option = graph_with(self.problem, b), self.problem.options[o]
            self._timed[b, o] = timed(graph, option, self.problem.store, self.problem.pipeline)
        return self._timed[b, o]

    def tighten(self, row: int) -> bool:
        """Raise the bounds of a row by path and intervals; say whether they were not yet."""
        if row in self._tight:
            return False
        b, o, p = self.rows[row]
        own, workers = self.timed(b, o), self.problem.workers[p]
        bound = own.bound(workers)
        if len(own.seconds) <= MOST_TASKS and p < MOST_EXACT:
            self.exact[b, o, p], bound = exact_starts(own, workers)
        self.least[row] = np.maximum(self.least[row], self._values(b, o, p, bound))
        self._tight.add(row)
        return True

    def _values(self, b: int, o: int, p: int, makespan: float) -> tuple[float, float, float]:
        """Quantities of a row whose tasks take so long in all."""
        option, store, parts = self.problem.options[o], self.problem.store, self.parts[b]
        reads, writes, size, tasks = (
            sum(count * by for count, by in own)
            for own in (
                [(n, kind.reads) for n, kind in parts],
                [(n, kind.writes) for n, kind in parts],
                [(n, kind.write_bytes) for n, kind in parts],
                [(n, 1) for n, _ in parts],
            )
        )
        workers = self.problem.workers[p]
        time = option.start_s + makespan
        paid = self.work[b, o] if option.is_function else workers * time
        cost = paid * option.usd_per_s + tasks * option.usd_per_call
        cost += reads * store.usd_per_read + writes * store.usd_per_write + size * makespan * store.usd_per_byte_s
        return time, cost, float(workers)

    def starts(self, row: int) -> Floats:
        """Return the schedule of a row: the shortest for a small graph, else the list schedule."""
        b, o, p = self.rows[row]
        if (b, o, p) in self.exact:
            return self.exact[b, o, p]
        return starts_of(self.timed(b, o), self.problem.workers[p])

    def values(self, row: int) -> Floats:
        """Return what a row comes to by its list schedule."""
        if row not in self.known:
            b, o, p = self.rows[row]
            makespan = float((self.starts(row) + self.timed(b, o).seconds).max())
            self.known[row] = np.array(self._values(b, o, p, makespan))
        return self.known[row]

    def plan(self, row: int) -> BlockedPlan:
        """Return the plan of a row, with its schedule."""
        b, o, p = self.rows[row]
        return BlockedPlan(b, o, p, self.starts(row), self.timed(b, o).graph)


@lru_cache(maxsize=4)
def menu_of(problem: Blocked) -> BlockedMenu:
    """Return the menu of a problem, made once."""
    return BlockedMenu(problem)
