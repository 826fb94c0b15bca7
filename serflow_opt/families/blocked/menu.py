"""Rows of the menu, a block size, an option and a number of workers each: bounds for all, schedules where asked for."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from serflow_opt.families.blocked.exact import MOST_TASKS, exact_starts
from serflow_opt.families.blocked.graphs import graph_of
from serflow_opt.families.blocked.problem import Blocked, Graph, Plan
from serflow_opt.families.blocked.schedule import Timed, starts_of, timed
from serflow_opt.ground.arrays import Floats
from serflow_opt.ground.tolerances import ROUNDING

MOST_EXACT = 40
"""Numbers of workers for which small graphs are solved exactly."""
NAMES = ("time", "cost", "workers")


def graph_with(problem: Blocked, block: int) -> Graph:
    """Return the graph of the block size at a position."""
    if problem.given is not None:
        return problem.given
    return graph_of(problem.algorithm, problem.rows, problem.blocks[block])


class Menu:
    """All rows of a problem that can be had.

    Attributes
    ----------
    rows
        Positions of block, option and number of workers.
    least
        By row and quantity, what no schedule is below.
    """

    def __init__(self, problem: Blocked) -> None:
        self.problem = problem
        self.timed: dict[tuple[int, int], Timed] = {}
        self.known: dict[int, Floats] = {}
        self.exact: dict[tuple[int, int, int], Floats] = {}
        self.rows: list[tuple[int, int, int]] = []
        least = []
        for b, block in enumerate(problem.blocks):
            held = problem.held * 8.0 * block * block
            usable = [o for o, own in enumerate(problem.options) if held <= own.memory_bytes * (1 + ROUNDING)]
            for o in usable:
                own = timed(graph_with(problem, b), problem.options[o], problem.store, problem.pipeline)
                self.timed[b, o] = own
                for p, workers in enumerate(problem.workers):
                    if workers <= problem.options[o].count_max:
                        self.rows.append((b, o, p))
                        bound = own.bound(workers)
                        if len(own.seconds) <= MOST_TASKS and p < MOST_EXACT:
                            self.exact[b, o, p], bound = exact_starts(own, workers)
                        least.append(self._values(b, o, p, bound))
        self.least = np.array(least).reshape(len(self.rows), len(NAMES))

    def _values(self, b: int, o: int, p: int, makespan: float) -> tuple[float, float, float]:
        """Quantities of a row whose tasks take so long in all."""
        own, option, store = self.timed[b, o], self.problem.options[o], self.problem.store
        counts = np.bincount(own.graph.kind, minlength=len(own.graph.kinds))
        reads, writes, size = (
            float(sum(count * getattr(kind, name) for count, kind in zip(counts, own.graph.kinds, strict=True)))
            for name in ("reads", "writes", "write_bytes")
        )
        workers = self.problem.workers[p]
        time = option.start_s + makespan
        paid = own.work if option.is_function else workers * time
        cost = paid * option.usd_per_s + len(own.seconds) * option.usd_per_call
        cost += reads * store.usd_per_read + writes * store.usd_per_write + size * makespan * store.usd_per_byte_s
        return time, cost, float(workers)

    def starts(self, row: int) -> Floats:
        """Return the schedule of a row: the shortest for a small graph, else the list schedule."""
        b, o, p = self.rows[row]
        if (b, o, p) in self.exact:
            return self.exact[b, o, p]
        return starts_of(self.timed[b, o], self.problem.workers[p])

    def values(self, row: int) -> Floats:
        """Return what a row comes to by its list schedule."""
        if row not in self.known:
            b, o, p = self.rows[row]
            makespan = float((self.starts(row) + self.timed[b, o].seconds).max())
            self.known[row] = np.array(self._values(b, o, p, makespan))
        return self.known[row]

    def plan(self, row: int) -> Plan:
        """Return the plan of a row, with its schedule."""
        b, o, p = self.rows[row]
        return Plan(b, o, p, self.starts(row), self.timed[b, o].graph)


@lru_cache(maxsize=4)
def menu_of(problem: Blocked) -> Menu:
    """Return the menu of a problem, made once."""
    return Menu(problem)
