"""A workflow in seconds, bytes and USD: phases that wait for each other, and what each can be run on."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf
from typing import NamedTuple


@dataclass(frozen=True, slots=True)
class Cloud:
    """What functions of all phases cost, how fast they are, and the store between phases.

    Attributes
    ----------
    usd_per_gb_s, usd_per_call
        Of a function; GB of 1,024 MB.
    mb_per_vcpu
        Memory with which a function has a whole vCPU.
    bytes_per_s, latency_s
        Of a function, to and from the store.
    usd_per_read, usd_per_write
        Requests of the store.
    starts
        Functions, and seconds until all of them run; straight in between, level outside.
    life_s
        Longest call.
    """

    usd_per_gb_s: float
    usd_per_call: float
    mb_per_vcpu: float
    bytes_per_s: float
    latency_s: float
    usd_per_read: float
    usd_per_write: float
    starts: tuple[tuple[float, float], ...]
    life_s: float = inf


@dataclass(frozen=True, slots=True)
class ParameterServer:
    """A parameter server: rent, updates a second that one takes, seconds until it is there, and to and from it."""

    name: str
    usd_per_s: float
    updates_per_s: float
    start_s: float
    latency_s: float


@dataclass(frozen=True, slots=True)
class Phase:
    """A phase; of the fields below `after` those that its kind has.

    Attributes
    ----------
    kind
        map, train, tune, or job.
    after
        Positions of phases that have to be over before.
    workers, memory_mb
        On offer.
    bytes_in, bytes_out
        Read and written by all workers together.
    vcpu_s
        Of a map, all of it; of a configuration that is tuned, in each rung.
    updates
        By the position in `workers`, until the target is met.
    gradient_s, gradient_bytes
        Of an update on one vCPU; the model is read, the gradient written.
    servers, counts
        Positions in the workflow's, and how many there can be.
    rungs
        Configurations that are alive, and vCPU seconds of each of them, rung by rung.
    ready
        Of a job: rows of seconds, USD, functions, and what they are in words.
    """

    name: str
    kind: str
    after: tuple[int, ...]
    workers: tuple[int, ...] = (1,)
    memory_mb: tuple[float, ...] = ()
    bytes_in: float = 0.0
    bytes_out: float = 0.0
    vcpu_s: float = 0.0
    updates: tuple[float, ...] = ()
    gradient_s: float = 0.0
    gradient_bytes: float = 0.0
    servers: tuple[int, ...] = ()
    counts: tuple[int, ...] = ()
    rungs: tuple[tuple[int, float], ...] = ()
    ready: tuple[tuple[float, float, float, str], ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Workflow:
    """A problem; phases stand behind all that they wait for."""

    phases: tuple[Phase, ...]
    cloud: Cloud
    servers: tuple[ParameterServer, ...]


class PhaseRow(NamedTuple):
    """What a phase runs on: positions of workers, memory and server (-1: none), servers; of a job the row."""

    workers: int = 0
    memory: int = 0
    server: int = -1
    servers: int = 0
    ready: int = -1


@dataclass(frozen=True, slots=True)
class WorkflowPlan:
    """What is decided: a row for each phase, and pairs of phases the servers of the first are kept for the second."""

    rows: tuple[PhaseRow, ...]
    kept: tuple[tuple[int, int], ...] = ()


def ancestors(phases: tuple[Phase, ...]) -> list[set[int]]:
    """Return for each phase those that are over before it begins."""
    found: list[set[int]] = []
    for own in phases:
        found.append(set(own.after).union(*(found[p] for p in own.after)))
    return found


def together(phases: tuple[Phase, ...]) -> list[list[int]]:
    """Return the largest sets of phases that no order separates: these may run at the same time."""
    before = ancestors(phases)
    apart = [
        {g for g in range(len(phases)) if g != f and g not in before[f] and f not in before[g]}
        for f in range(len(phases))
    ]
    found: list[list[int]] = []

    def grow(chosen: list[int], left: set[int], done: set[int]) -> None:
        if not left and not done:
            found.append(sorted(chosen))
        for f in sorted(left):
            grow([*chosen, f], left & apart[f], done & apart[f])
            left, done = left - {f}, done | {f}

    grow([], set(range(len(phases))), set())
    return found
