"""A cluster problem: networks with rates and targets, configurations of instances, and servers to pack them on."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class ServedNetwork:
    """A network that is served: `rate` requests a second, each within a target."""

    name: str
    slo_s: float
    rate: float


@dataclass(frozen=True, slots=True)
class Config:
    """A way to run an instance.

    Attributes
    ----------
    network
        Position of its network.
    batch
        Requests that are run together.
    cores
        What it takes of a server's cores.
    percent, slice
        What it takes of a card: a share in per cent, or a slice by its name; 0 and empty: nothing.
    time_s
        Of a batch.
    processes
        Batches that run at once.
    measured
        Requests a second where they were measured; None: what batches and their time say.
    server
        Position of the only type of servers it was measured on; None: any.
    """

    network: int
    batch: int
    cores: float
    percent: float
    slice: str
    time_s: float
    processes: int = 1
    measured: float | None = None
    server: int | None = None


@dataclass(frozen=True, slots=True)
class ServerType:
    """A type of servers.

    Attributes
    ----------
    name
        What the file calls it.
    cores, cards
        Of one server.
    pooled
        Whether a share may lie on several cards; else on one.
    layouts
        Slices that fit on a card together, each way; empty: cards are shared by per cent.
    usd_per_hour, most
        Price of a server, and how many there are.
    """

    name: str
    cores: float
    cards: int
    pooled: bool
    layouts: tuple[tuple[str, ...], ...]
    usd_per_hour: float
    most: int

    def part(self, slice_: str) -> float:
        """Return what part of a card a slice is, 0 where no layout has it.

        Names that begin with a number say it, `2g` of a card that holds `7g` or seven `1g`; of others the layout with
        the most of them does.
        """
        sizes = {name: _leading(name) for layout in self.layouts for name in layout}
        if slice_ not in sizes:
            return 0.0
        if all(sizes.values()):
            return sizes[slice_] / max(sum(sizes[name] for name in layout) for layout in self.layouts)
        return 1.0 / max(layout.count(slice_) for layout in self.layouts)


def _leading(name: str) -> int:
    digits = name[: len(name) - len(name.lstrip("0123456789"))]
    return int(digits) if digits else 0


@dataclass(frozen=True, slots=True, eq=False)
class Cluster:
    """A problem.

    Attributes
    ----------
    networks, servers, configs
        What is served, on what, and how.
    whole
        Whether rates of instances are whole numbers.
    gpus_per_core
        What a core counts among resources.
    asked
        Whether all rates have to be served; else only their mix counts.
    cautions
        What is likely to be meant otherwise.
    """

    networks: tuple[ServedNetwork, ...]
    servers: tuple[ServerType, ...]
    configs: tuple[Config, ...]
    whole: bool
    gpus_per_core: float
    asked: bool = True
    cautions: tuple[str, ...] = field(default=())

    @property
    def rate(self) -> float:
        """Requests a second of all networks."""
        return float(sum(own.rate for own in self.networks))


Cards = tuple[tuple[int, ...], ...]
"""Configurations on each card, by position."""


@dataclass(frozen=True, slots=True)
class FilledServers:
    """Servers that are filled alike.

    Attributes
    ----------
    server
        Position of their type.
    cpu
        Configurations that take no card, each as often as it is there.
    cards
        And those on each card.
    count
        How many servers.
    """

    server: int
    cpu: tuple[int, ...]
    cards: Cards
    count: int

    @property
    def configs(self) -> tuple[int, ...]:
        """Every instance on one of them."""
        return (*self.cpu, *(k for card in self.cards for k in card))


Plan = tuple[FilledServers, ...]
"""All servers that are opened."""
