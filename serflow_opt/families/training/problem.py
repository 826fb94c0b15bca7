"""A training problem in seconds, bytes and USD: clients in groups, servers, the network, and what can be chosen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

KNOBS = ("compression", "dropout", "noise", "selection", "secure")
"""What holds for all clients, in the order of `Setting.knobs`."""
SPLIT = ("split", "parallel-split", "hybrid")
"""Modes in which activations cross a cut in every round."""
INFINITE = float("inf")


@dataclass(frozen=True, slots=True)
class TrainedNetwork:
    """The stages, in order; by stage.

    Attributes
    ----------
    stages
        Their names.
    activation, gradient
        Bytes of a sample that go up and come back down after a stage; nan: not to be cut there.
    parameters
        Bytes.
    input_bytes
        Of a sample as it is.
    """

    stages: tuple[str, ...]
    activation: tuple[float, ...]
    gradient: tuple[float, ...]
    parameters: tuple[float, ...]
    input_bytes: float


@dataclass(frozen=True, slots=True)
class Client:
    """A group of clients that are alike; bytes, seconds, joules and USD of each.

    Attributes
    ----------
    stage_s, stage_j
        Forward and backward, of a sample, by stage.
    samples
        In a round and an epoch.
    own_samples
        All it has.
    available, drops, late, late_factor
        As the file says.
    up, down
        Bytes a second.
    """

    name: str
    count: int
    samples: int
    own_samples: int
    stage_s: tuple[float, ...]
    stage_j: tuple[float, ...]
    up: float
    down: float
    available: float = 1.0
    drops: float = 0.0
    late: float = 0.0
    late_factor: float = 1.0
    memory: float = INFINITE
    joules_per_byte: float = 0.0
    usd_per_round: float = 0.0
    usd_per_s: float = 0.0
    usd_per_byte: float = 0.0


@dataclass(frozen=True, slots=True)
class TrainingServer:
    """What trains the stages after the cut.

    Attributes
    ----------
    stage_s
        Forward and backward, of a sample, by stage.
    rent
        USD a second of a worker; 0 for functions.
    per_use
        USD a second of computing, of functions; there are as many as are called.
    per_call
        USD for each client and round.
    workers
        How many there can be.
    is_function
        Whether it is paid by use.
    """

    name: str
    stage_s: tuple[float, ...]
    rent: float = 0.0
    per_use: float = 0.0
    per_call: float = 0.0
    workers: tuple[int, ...] = (1,)
    is_function: bool = False


@dataclass(frozen=True, slots=True)
class Packing:
    """A way to make smaller what crosses the cut: the share kept, client operations, and accuracy lost."""

    name: str = "none"
    kept: float = 1.0
    client_factor: float = 1.0
    loss: float = 0.0


@dataclass(frozen=True, slots=True)
class Leak:
    """What leaks at a cut under a protection, times client operations, and accuracy lost."""

    cut: int
    protection: str
    leak: float
    client_factor: float = 1.0
    loss: float = 0.0


@dataclass(frozen=True, slots=True)
class Knob:
    """A row of a knob's table.

    Attributes
    ----------
    down_kept, up_kept
        Of the model's bytes, down to and up from a client.
    client_factor, client_s
        Times client operations, and seconds a round besides.
    up_bytes, down_bytes
        A round besides.
    peer_up_bytes, peer_down_bytes, peer_s
        The same for each other client of the round.
    rounds_factor, loss
        Times the rounds of the table, and accuracy lost.
    epsilon
        What it leaves open, infinite without noise.
    multiplier
        Of the noise; 0: none.
    """

    name: str = "none"
    down_kept: float = 1.0
    up_kept: float = 1.0
    client_factor: float = 1.0
    client_s: float = 0.0
    up_bytes: float = 0.0
    down_bytes: float = 0.0
    peer_up_bytes: float = 0.0
    peer_down_bytes: float = 0.0
    peer_s: float = 0.0
    rounds_factor: float = 1.0
    loss: float = 0.0
    epsilon: float = INFINITE
    multiplier: float = 0.0


@dataclass(frozen=True, slots=True)
class Topology:
    """Who sends the model to whom; speeds in bytes a second."""

    name: str = "star"
    kind: str = "star"
    rounds_factor: float = 1.0
    edges: int = 0
    cloud_every: int = 1
    lan: float = INFINITE
    wan: float = INFINITE
    usd_per_byte: float = 0.0
    neighbours: int = 0


@dataclass(frozen=True, slots=True)
class MeasuredRounds:
    """A row of the table of rounds; `by` holds what was varied."""

    epochs: int
    clients: int
    by: dict[str, str]
    accuracy: float
    rounds: float

    def fits(self, names: Mapping[str, str]) -> bool:
        """Whether it was measured with what is called so."""
        return all(names[key] == value for key, value in self.by.items())


class Setting(NamedTuple):
    """What holds for a whole training.

    Attributes
    ----------
    mode
        As files call it.
    epochs, clients
        Local epochs, and clients whose updates arrive in a round.
    knobs
        Positions in the menus of `KNOBS`.
    topology, server, workers
        Positions of the first two, -1: no server; and how many.
    deadline
        Of a round, seconds.
    rounds, accuracy
        As measured, before what knobs do to them.
    """

    mode: str
    epochs: int
    clients: int
    knobs: tuple[int, ...]
    topology: int
    server: int
    workers: int
    deadline: float
    rounds: float
    accuracy: float


class ClientRow(NamedTuple):
    """What a group of clients does: stages it holds, and positions of packing and of the protection's name."""

    cut: int
    packing: int
    protection: int


@dataclass(frozen=True, slots=True, eq=False)
class Training:
    """A problem.

    Attributes
    ----------
    packings, protections, leaks
        Of what crosses the cut; `leaks` by cut and protection's position, absent: not on offer.
    knobs
        Menus by the order of `KNOBS`.
    modes, measured
        On offer.
    settings
        All combinations on offer, those outclassed left out.
    cuts
        Stages that clients of split modes may hold.
    """

    network: TrainedNetwork
    clients: tuple[Client, ...]
    servers: tuple[TrainingServer, ...]
    packings: tuple[Packing, ...]
    protections: tuple[str, ...]
    leaks: dict[tuple[int, int], Leak]
    knobs: tuple[tuple[Knob, ...], ...]
    topologies: tuple[Topology, ...]
    modes: tuple[str, ...]
    measured: tuple[MeasuredRounds, ...]
    settings: tuple[Setting, ...]
    cuts: tuple[int, ...]
    same_cut: bool = False
    batch: int = 1
    aggregation_s: float = 0.0
    synchronous: bool = True
    staleness: float = 1.0
    share_min: float = 1.0
    cautions: tuple[str, ...] = field(default=())


@dataclass(frozen=True, slots=True)
class TrainingPlan:
    """A setting, and a row for each group; None: it does not take part."""

    setting: Setting
    rows: tuple[ClientRow | None, ...]
