"""A small instance in numbers, for the oracles that go through everything.

Units inside: seconds, bytes, USD, USD per second, FLOP, FLOP per second.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

FEASIBLE = 1e-9  # tolerance of the limits: absolute on the accuracy, relative on latency, memory and payload
TIE = 1e-9  # objectives closer than this, relatively, are equal
ROUNDING = 1e-9  # relative noise that neither rents one more machine nor moves a percentile

Document = Mapping[str, Any]
Spot = tuple[int, int]  # (index of the tier, index of the option inside it)
Placement = tuple[Spot, ...]  # one spot per stage
Row = tuple[float, float, float]  # threshold, exit rate e, exit rate x accuracy e r


@dataclass(frozen=True)
class Option:
    """One place where stages can run."""

    tier: str
    name: str
    kind: str  # device | edge | vm | function
    seconds: tuple[float, ...]  # time of each stage
    usd_per_s: float  # device, edge, vm
    usd_per_busy_s: float  # function: usd_per_gb_s x GiB
    usd_per_request: float  # function: fee of one invocation
    memory_bytes: float  # inf when there is no limit
    cold_s: float  # function: length of a cold start
    cold_share: float  # function: share of the requests that meet one
    workers: int = 1  # device, edge, vm: requests served at once


@dataclass(frozen=True)
class Link:
    """A directed link between two tiers, or from the client to a tier."""

    bits_per_s: float
    round_trip_s: float
    usd_per_byte: float
    tariff: str = ""  # prices by volume that it shares

    def seconds(self, size_bytes: float) -> float:
        """Seconds that `size_bytes` take."""
        return size_bytes * 8.0 / self.bits_per_s + self.round_trip_s


@dataclass(frozen=True)
class Tariff:
    """Prices by volume of a month: ends of tiers and prices in GB, and what others send."""

    ends: tuple[float, ...]
    prices: tuple[float, ...]
    other: float


@dataclass
class Problem:
    """A document, read."""

    stages: int
    flops: list[float]
    activation: list[float]  # activation[s] leaves stage s; activation[0] is the input
    parameters: list[float]  # bytes; parameters[s - 1] belongs to stage s
    tier_names: list[str]
    stage_specific: list[bool]
    payload_max: list[float]  # bytes, inf without a limit
    options: list[list[Option]]
    links: dict[tuple[str, str], Link]
    source: str
    has_exits: bool
    menus: list[list[Row]]  # per stage; one row with e = 0 where there is no classifier; last stage: one row, e = 1
    classifiers: list[int]  # stages (1-based) before the last one that have rows
    thresholds: str  # menu | interpolated | randomized
    accuracy_min: float | None
    slo_s: float | None
    measure: str
    rate: float | None
    cap: float
    minimize: str
    accounting: str
    tariffs: dict[str, Tariff] = field(default_factory=dict)
    rules: list[Mapping[str, Any]] = field(default_factory=list)  # as the document has them; patterns are names

    def option(self, spot: Spot) -> Option:
        """The option at a spot."""
        return self.options[spot[0]][spot[1]]
