"""A training job in seconds, bytes and USD: what a worker can be, channels, and rounds by algorithm and workers."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import inf


@dataclass(frozen=True, slots=True)
class JobOption:
    """What a worker can be: a function of a size, or a machine of a type.

    Attributes
    ----------
    is_function
        Or a machine.
    memory_bytes, speed
        What it holds, and passes over the data that it makes while one vCPU makes one.
    usd_per_s, usd_per_call
        Price of one.
    life_s, billed_min_s
        Longest call of a function; least that is paid of a machine.
    bytes_per_s, latency_s
        Of its network; the latency counts from machine to machine.
    starts
        Workers, and seconds until all of them run, rising in workers; straight in between, level below the first.
    channels
        Positions of those it can use.
    """

    name: str
    is_function: bool
    memory_bytes: float
    speed: float
    usd_per_s: float
    usd_per_call: float
    life_s: float
    billed_min_s: float
    bytes_per_s: float
    latency_s: float
    starts: tuple[tuple[float, float], ...]
    channels: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Channel:
    """How workers exchange models; as `[[channel]]`, in bytes and seconds; `kind` is store, server or direct."""

    name: str
    kind: str
    bytes_per_s: float = inf
    latency_s: float = 0.0
    usd_per_write: float = 0.0
    usd_per_read: float = 0.0
    write_unit: float = inf
    read_unit: float = inf
    item_max: float = inf
    usd_per_s: float = 0.0
    start_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Algorithm:
    """Rounds, and passes over the data in all of them, by the position of the number of workers."""

    name: str
    rounds: tuple[int, ...]
    passes: tuple[float, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Job:
    """A problem; as the file says, in seconds, bytes and USD.

    Attributes
    ----------
    asynchronous
        Times as many rounds where nobody waits; 0: not offered.
    store_bytes_per_s, store_latency_s, usd_per_read, usd_per_write
        Of the store that has the data, and takes checkpoints.
    """

    data_bytes: float
    model_bytes: float
    pass_s: float
    workers: tuple[int, ...]
    algorithms: tuple[Algorithm, ...]
    options: tuple[JobOption, ...]
    channels: tuple[Channel, ...]
    patterns: tuple[str, ...]
    asynchronous: float = 0.0
    store_bytes_per_s: float = inf
    store_latency_s: float = 0.0
    usd_per_read: float = 0.0
    usd_per_write: float = 0.0
    memory_copies: float = 3.0
    in_turn: bool = True
    notes: tuple[str, ...] = field(default=())


@dataclass(frozen=True, slots=True)
class JobPlan:
    """What is decided: positions, -1 where there is none of it.

    Attributes
    ----------
    function, machine
        What workers are; both where functions hand over to machines.
    workers
        Position of their number.
    channel, algorithm, pattern
        How they exchange.
    first_rounds
        Rounds that functions make before machines take over; 0 where one kind makes all.
    """

    function: int
    machine: int
    workers: int
    channel: int
    pattern: str
    algorithm: int
    first_rounds: int = 0


def offered(channel: Channel) -> tuple[str, ...]:
    """Return the patterns that a channel allows: asynchronous workers need a model in one place."""
    known = {"store": ("allreduce", "scatterreduce", "asynchronous"), "server": ("server", "asynchronous")}
    return known.get(channel.kind, ("ring",))
