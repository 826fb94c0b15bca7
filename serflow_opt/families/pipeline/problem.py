"""A pipeline problem in seconds, bytes and USD: layers in a chain, and types of workers."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil


@dataclass(frozen=True, slots=True)
class Layer:
    """A layer, for one mini-batch on a worker of speed 1 that was not measured itself.

    Attributes
    ----------
    forward_s, backward_s
        Its time there and back.
    parameter_bytes
        Its weights.
    crossing_bytes
        What goes on to later layers after it, and comes back as gradients.
    held_bytes
        What it keeps until its way back.
    """

    name: str
    forward_s: float
    backward_s: float
    parameter_bytes: float
    crossing_bytes: float
    held_bytes: float


@dataclass(frozen=True, slots=True)
class WorkerType:
    """A type of worker.

    Attributes
    ----------
    count
        How many there are.
    usd_per_s
        Rent of one.
    speed
        Times shrink by it.
    measured
        Seconds there and back of each layer on this type; None: those of the layers.
    bytes_per_s
        Of its link, each way to come and to go.
    memory_bytes
        None: any amount.
    """

    name: str
    count: int
    usd_per_s: float
    speed: float
    bytes_per_s: float
    memory_bytes: float | None
    measured: tuple[tuple[float, float], ...] | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Pipeline:
    """A problem.

    Attributes
    ----------
    layers
        A chain.
    batch, samples
        Samples of a mini-batch and of an epoch; 0: not said.
    workers
        Types of workers.
    on_links
        Mini-batches in flight at a worker beyond those that are worked on (`in_flight`).
    """

    layers: tuple[Layer, ...]
    batch: int
    samples: float
    workers: tuple[WorkerType, ...]
    on_links: int = 1

    def seconds(self, p: int) -> list[tuple[float, float]]:
        """Return what each layer takes on a worker of a type, there and back."""
        worker = self.workers[p]
        known = worker.measured or [(layer.forward_s, layer.backward_s) for layer in self.layers]
        return [(there / worker.speed, back / worker.speed) for there, back in known]


@dataclass(frozen=True, slots=True)
class PipelineStage:
    """Layers first..last, from 0, on so many workers of a type, each of which has all of them."""

    first: int
    last: int
    worker: int
    replicas: int


Plan = tuple[PipelineStage, ...]


def in_flight(replicas: int, behind: int, more: int) -> int:
    """Mini-batches that a worker of a stage has begun and not ended: enough for all behind it to work at once.

    Parameters
    ----------
    replicas, behind
        Workers of the stage, and of all stages behind it.
    more
        Mini-batches on the links, of stages with others behind them.
    """
    return ceil((replicas + behind) / replicas) + (more if behind else 0)
