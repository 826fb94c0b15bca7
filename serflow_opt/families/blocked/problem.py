"""A graph of tasks in seconds, bytes and USD: what tasks take, what a worker can be, and where blocks are."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class TaskKind:
    """What a task of a kind takes: operations, bytes and numbers of reads and writes, further seconds, memory."""

    name: str
    flops: float
    read_bytes: float
    write_bytes: float
    reads: int = 1
    writes: int = 1
    seconds: float = 0.0
    memory_bytes: float = 0.0


@dataclass(frozen=True, slots=True, eq=False)
class TaskGraph:
    """Tasks, each after all that it waits for.

    Attributes
    ----------
    kinds, kind
        What there are, and the position of each task's.
    ends, after
        Tasks that wait for task i: after[ends[i]:ends[i + 1]].
    waits
        How many tasks each waits for.
    names
        Of tasks; empty: kind and number.
    """

    kinds: tuple[TaskKind, ...]
    kind: NDArray[np.int32]
    ends: NDArray[np.int64]
    after: NDArray[np.int32]
    waits: NDArray[np.int32]
    names: tuple[str, ...] = ()

    def name(self, task: int) -> str:
        """Return what a task is called."""
        return self.names[task] if self.names else f"{self.kinds[self.kind[task]].name} {task}"


@dataclass(frozen=True, slots=True)
class BlockedOption:
    """What a worker can be; as `[[option]]`, in seconds, bytes and USD."""

    name: str
    is_function: bool
    flops_per_s: float
    memory_bytes: float
    usd_per_s: float
    usd_per_call: float
    start_s: float
    count_max: float
    speed: float = 1.0


@dataclass(frozen=True, slots=True)
class Store:
    """Where blocks are between tasks; as `[store]`, in seconds, bytes and USD."""

    read_bytes_per_s: float
    write_bytes_per_s: float
    latency_s: float
    usd_per_read: float
    usd_per_write: float
    usd_per_byte_s: float


@dataclass(frozen=True, slots=True, eq=False)
class Blocked:
    """A problem.

    Attributes
    ----------
    algorithm, rows
        Empty for a graph of one's own.
    blocks
        Sizes of a block on offer, rising; one, 0, for a graph of one's own.
    held
        Blocks that a worker has in memory.
    pipeline
        From 2 on, reads, compute and writes of a worker's tasks overlap.
    given
        A graph of one's own.
    """

    algorithm: str
    rows: int
    blocks: tuple[int, ...]
    options: tuple[BlockedOption, ...]
    workers: tuple[int, ...]
    store: Store
    pipeline: int = 1
    held: float = 4.0
    given: TaskGraph | None = None


@dataclass(frozen=True, slots=True, eq=False)
class BlockedPlan:
    """What is decided: positions, and when each task of the graph starts, seconds after all workers run."""

    block: int
    option: int
    workers: int
    starts: NDArray[np.float64] = field(repr=False)
    graph: TaskGraph = field(repr=False)

    def __eq__(self, other: object) -> bool:
        """Whether both decide the same; schedules follow."""
        if not isinstance(other, BlockedPlan):
            return NotImplemented
        return (self.block, self.option, self.workers) == (other.block, other.option, other.workers)

    def __hash__(self) -> int:
        """Return a number by what is decided."""
        return hash((self.block, self.option, self.workers))


def memory_of(problem: Blocked, block: int) -> float:
    """Return bytes that a worker has to hold: blocks of a size, or the largest of tasks of one's own."""
    if problem.given is not None:
        return max((kind.memory_bytes for kind in problem.given.kinds), default=0.0)
    return problem.held * 8.0 * block * block


def kind_seconds(kind: TaskKind, option: BlockedOption, store: Store, pipeline: int) -> float:
    """Return seconds of a task: compute, reads and writes one after the other, or the longest where they overlap.

    Parameters
    ----------
    kind, option, store, pipeline
        What is done, by whom, from where, and how many tasks a worker has begun at once.
    """
    computes = kind.flops / option.flops_per_s + kind.seconds / option.speed
    reads = kind.read_bytes / store.read_bytes_per_s + kind.reads * store.latency_s
    writes = kind.write_bytes / store.write_bytes_per_s + kind.writes * store.latency_s
    return max(computes, reads, writes) if pipeline > 1 else computes + reads + writes
