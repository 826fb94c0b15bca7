"""A blocked Cholesky on processes of this machine: tasks measured, the makespan predicted by the plan's schedule, run.

The processes share memory, which stands in for the store. Tasks of each kind are measured as they are run, handed out
to all processes with nothing waiting for anything, before and after each run: cores share caches, memory and whatever
else runs here. A coordinator hands each free process the task with the longest path behind it, as the schedule does.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from heapq import heapify, heappop, heappush
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from multiprocessing.shared_memory import SharedMemory
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from serflow_opt.errors import InputError, Problem
from serflow_opt.families.blocked.graphs import graph_of
from serflow_opt.families.blocked.problem import Blocked, BlockedOption, BlockedPlan, Store, TaskGraph, TaskKind
from serflow_opt.families.blocked.schedule import TimedGraph, starts_of, timed
from serflow_opt.ground.arguments import Arguments
from serflow_opt.profiling.tasks.blocks import Block, Task, assembled, matrix_of, place, tasks_of
from serflow_opt.profiling.tasks.worker import serve

MOST_BYTES = 4e9
ENGINES = ("processes", "dask")
MEASURED = 24
"""Tasks of a kind that are measured, on all processes together."""
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
HERE = BlockedOption("here", False, 1.0, float("inf"), 0.0, 0.0, 0.0, float("inf"))
FREE = Store(1.0, 1.0, 0.0, 0.0, 0.0, 0.0)


@dataclass(frozen=True, slots=True)
class TasksRun:
    """A run beside its prediction.

    Attributes
    ----------
    seconds
        Of a task of each kind, reads, the write and being handed out included, as measured before and after.
    predicted_s, measured_s
        Makespan.
    residual
        Largest entry of A x - L L' x over the largest of A x, for an x that is drawn.
    """

    seconds: tuple[float, ...]
    predicted_s: float
    measured_s: float
    residual: float

    @property
    def off(self) -> float:
        """Measured beside predicted, relative."""
        return self.measured_s / self.predicted_s - 1


class TasksWaiting(NamedTuple):
    """What tasks wait for: how many each, who waits for one that is done, and who goes first."""

    waits: list[int]
    behind: Callable[[int], Sequence[int]]
    ranks: list[int]


@dataclass(frozen=True, slots=True)
class CholeskyRuns:
    """All runs of a plan.

    Attributes
    ----------
    load
        The machine's load over the last minute, before and after; 0 where it does not tell.
    """

    rows: int
    block: int
    workers: int
    engine: str
    kinds: tuple[str, ...]
    tasks: tuple[int, ...]
    flops: tuple[float, ...]
    runs: tuple[TasksRun, ...] = field(default=())
    load: tuple[float, float] = (0.0, 0.0)

    @property
    def off(self) -> float:
        """The median run's measured time beside its prediction, relative."""
        return float(np.median([own.off for own in self.runs]))


def run_cholesky(
    data: Blocked,
    plan: BlockedPlan,
    engine: str = "processes",
    runs: int = 3,
    seed: int = 0,
    say: Callable[[str], None] | None = None,
) -> CholeskyRuns:
    """Run a plan's blocks and workers here.

    Parameters
    ----------
    data, plan
        A Cholesky whose blocks fit its rows, and what was decided.
    engine
        processes, or dask: the same tasks handed to a cluster of as many workers on this machine.
    runs, seed
        How often; of the matrix.
    say
        Called with what is being done.

    Raises
    ------
    InputError
        For anything but a Cholesky that this machine holds, more workers than cores, and a missing Dask.
    """
    with Arguments() as given:
        runs = given.whole("runs", runs, 1)
        given.one_of("engine", engine, ENGINES)
    block, workers = data.blocks[plan.block], data.workers[plan.workers]
    _check(data, block, workers)
    graph, n = graph_of("cholesky", data.rows, block), data.rows // block
    tasks = tasks_of(n)
    matrix = matrix_of(data.rows, seed)
    found, before = [], _load()
    with processes(workers, n, block) as team:
        team.measure(matrix, tasks, graph)  # imports and first touches are not part of it
        first = team.measure(matrix, tasks, graph)
        for number in range(1, runs + 1):
            if say is not None:
                say(f"run {number} of {runs}")
            ranks = _ranks(predicted(graph, first))
            if engine == "dask":
                from serflow_opt.profiling.tasks.cluster import factored

                made, took = factored(matrix, n, tasks, ranks, workers)
            else:
                made, took = team.factor(matrix, tasks, graph, ranks)
            again = team.measure(matrix, tasks, graph)
            seconds = tuple((a + b) / 2 for a, b in zip(first, again, strict=True))
            own = predicted(graph, seconds)
            ends = float((starts_of(own, workers) + own.seconds).max())
            found.append(TasksRun(seconds, ends, took, _residual(matrix, made)))
            first = again
    kinds = tuple(own.name for own in graph.kinds)
    counts = tuple(np.bincount(graph.kind, minlength=len(kinds)).tolist())
    flops = tuple(own.flops for own in graph.kinds)
    return CholeskyRuns(data.rows, block, workers, engine, kinds, counts, flops, tuple(found), (before, _load()))


def _check(data: Blocked, block: int, workers: int) -> None:
    problems = []
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    if data.algorithm != "cholesky":
        found = data.algorithm or "a graph of one's own"
        problems.append(Problem("", "matrix.algorithm", found, "only a cholesky is run here"))
    elif data.rows % block:
        problems.append(Problem("", "matrix.block", f"{block}", f"a divisor of {data.rows}, to be run here"))
    if data.rows**2 * 8.0 > MOST_BYTES:
        problems.append(Problem("", "matrix.rows", f"{data.rows:,}", f"at most {int((MOST_BYTES / 8) ** 0.5):,} here"))
    if workers > cores:
        cure = f"here are {cores} cores: solve with --set workers_max={cores}"
        problems.append(Problem("", "plan.workers", f"{workers}", cure))
    if problems:
        raise InputError(problems)


def predicted(graph: TaskGraph, seconds: tuple[float, ...]) -> TimedGraph:
    """Return a graph whose tasks take as long as was measured.

    Parameters
    ----------
    graph, seconds
        The tasks, and seconds by kind.
    """
    kinds = tuple(TaskKind(own.name, 0.0, 0.0, 0.0, 0, 0, s) for own, s in zip(graph.kinds, seconds, strict=True))
    return timed(replace(graph, kinds=kinds), HERE, FREE, 1)


def _ranks(own: TimedGraph) -> NDArray[np.int64]:
    ranks = np.empty(len(own.seconds), dtype=np.int64)
    ranks[np.argsort(-(own.seconds + own.behind), kind="stable")] = np.arange(len(ranks))
    return ranks


def _residual(matrix: Block, lower: Block) -> float:
    x = np.random.default_rng(1).random(len(matrix))
    product = matrix @ x
    return float(np.abs(product - lower @ (lower.T @ x)).max() / np.abs(product).max())


def _load() -> float:
    return os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0


@contextmanager
def processes(workers: int, n: int, block: int) -> Iterator[Team]:
    """Start processes of one thread each that share n x n blocks; end them, whatever happens.

    Parameters
    ----------
    workers, n, block
        How many; blocks a side, and rows of a block.
    """
    count = place(n, 0)
    shared = SharedMemory(create=True, size=count * block * block * 8)
    context, kept = get_context("spawn"), {name: os.environ.get(name) for name in THREADS}
    os.environ.update(dict.fromkeys(THREADS, "1"))
    pipes: list[Connection] = []
    started: list[Any] = []
    try:
        for _ in range(workers):
            mine, theirs = context.Pipe()
            own = context.Process(target=serve, args=(theirs, shared.name, count, block), daemon=True)
            own.start()
            theirs.close()
            pipes.append(mine)
            started.append(own)
        yield Team(pipes, np.ndarray((count, block, block), buffer=shared.buf), n)
        for pipe in pipes:
            pipe.send(None)
        for own in started:
            own.join(10)
    finally:
        for name, value in kept.items():
            os.environ.pop(name, None) if value is None else os.environ.__setitem__(name, value)
        for own in started:
            if own.is_alive():
                own.terminate()
        shared.close()
        shared.unlink()


class Team:
    """Processes with the blocks they share."""

    def __init__(self, pipes: list[Connection], store: Block, n: int) -> None:
        self.pipes, self.store, self.n = pipes, store, n

    def _load(self, matrix: Block) -> None:
        rows = self.store.shape[1]
        for i in range(self.n):
            for k in range(i + 1):
                self.store[place(i, k)] = matrix[i * rows : (i + 1) * rows, k * rows : (k + 1) * rows]

    def measure(self, matrix: Block, tasks: list[Task], graph: TaskGraph) -> tuple[float, ...]:
        """Return the seconds that a task of each kind keeps a process, all of them at work.

        Parameters
        ----------
        matrix, tasks, graph
            What is factored; its tasks, of which some are taken, and their kinds.
        """
        self._load(matrix)
        found = []
        for kind in range(len(graph.kinds)):
            all_of = np.flatnonzero(graph.kind == kind)
            some = np.resize(all_of, -(-MEASURED // len(self.pipes)) * len(self.pipes)) if len(all_of) else all_of
            apart = TasksWaiting([0] * len(some), lambda _: (), list(range(len(some))))
            took = self._hand_out([tasks[n] for n in some.tolist()], apart)
            found.append(took * len(self.pipes) / max(len(some), 1))
        return tuple(found)

    def factor(
        self, matrix: Block, tasks: list[Task], graph: TaskGraph, ranks: NDArray[np.int64]
    ) -> tuple[Block, float]:
        """Run all tasks; return the lower factor and the seconds from the first task to the last.

        Parameters
        ----------
        matrix, tasks, graph, ranks
            What is factored; its tasks, what waits for what, and who goes first.
        """
        self._load(matrix)

        def behind(task: int) -> Sequence[int]:
            found: list[int] = graph.after[graph.ends[task] : graph.ends[task + 1]].tolist()
            return found

        took = self._hand_out(tasks, TasksWaiting(graph.waits.tolist(), behind, ranks.tolist()))
        return assembled([self.store[own] for own in range(place(self.n, 0))], self.n), took

    def _hand_out(self, tasks: list[Task], given: TasksWaiting) -> float:
        """Give each free process the first task that waits for none; return the seconds until all are done."""
        waits, of_rank = list(given.waits), np.argsort(given.ranks).tolist()
        ready = [given.ranks[task] for task, own in enumerate(waits) if own == 0]
        heapify(ready)
        free: list[Connection] = list(self.pipes)
        busy: dict[Any, int] = {}
        left, began = len(tasks), time.perf_counter()
        while left:
            while ready and free:
                task, pipe = of_rank[heappop(ready)], free.pop()
                busy[pipe] = task
                pipe.send(tasks[task])
            for done in wait(list(busy)):
                own: Any = done
                own.recv()
                free.append(own)
                left -= 1
                for other in given.behind(busy.pop(own)):
                    waits[other] -= 1
                    if waits[other] == 0:
                        heappush(ready, given.ranks[other])
        return time.perf_counter() - began
