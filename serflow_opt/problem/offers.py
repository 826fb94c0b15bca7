"""What stages can run on, and what lies between: tiers, options with prices and speeds, links."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, fields, replace
from datetime import date
from typing import Any, Self

from serflow_opt.problem.batches import BatchMenu
from serflow_opt.problem.billing import AS_USED, CallBilling
from serflow_opt.problem.emissions import Emissions
from serflow_opt.problem.grid_hours import GridHours
from serflow_opt.problem.kinds import BACKWARD, TierKind

DAY_S = 86_400.0


@dataclass(frozen=True, slots=True)
class Scaling:
    """How the machines or functions of a tier come and go under traffic.

    Attributes
    ----------
    start_s, keep_alive_s
        From a machine's order to its first request; how long an idle function stays warm. None: not said.
    billing_min_s
        Least seconds of a machine that are billed.
    machines_max, concurrency_max
        Most machines of a type at once, most requests at once on a function; None: any number.
    interruptions_per_day, replace_s
        How often a machine is taken away, of a day that it runs, and from then to when the next one serves.
    """

    start_s: float | None = None
    billing_min_s: float = 0.0
    machines_max: int | None = None
    keep_alive_s: float | None = None
    concurrency_max: int | None = None
    interruptions_per_day: float = 0.0
    replace_s: float | None = None


@dataclass(frozen=True, slots=True)
class Tier:
    """One level of the ordered list a request moves down."""

    name: str
    kind: TierKind
    stage_specific: bool = False
    payload_max_bytes: float | None = None
    joules_per_byte: float = 0.0
    scaling: Scaling = Scaling()
    g_per_joule: float = 0.0
    grid_hours: GridHours | None = None

    @property
    def pays_for_waiting(self) -> bool:
        """Whether its machines are paid for the seconds a hand-over takes (VMs and edge servers)."""
        return self.kind in ("vm", "edge")


@dataclass(frozen=True, slots=True, kw_only=True)
class RentalOffer(CallBilling):
    """Something that can be rented, and what it costs; how fast it runs anything is not said here.

    Attributes
    ----------
    memory_bytes
        What parameters and activations must fit into; None: unlimited.
    memory_of
        The GPU whose memory that is, one of those it has; "": main memory.
    cold_start_s, cold_share
        Functions: seconds of a cold start and the share of requests that meet one.
    labels
        Words the option can be filtered by, beside its name: family, architecture.
    call_max_bytes, run_max_s
        Functions of the catalogue: what the provider takes in one call, and how long one may run. Plans
        that hand over more get a note; no stages run together where they would take longer.
    workers
        Machines: requests one serves at once.
    machines_max
        Most of them that may be rented (accounting reserved); None: any number.
    idle_accelerator
        What it has beside vCPUs, where its speed is that of the vCPUs; "" without.
    price_day, term
        The day of its price in the catalogue, None without, and how a machine is rented.
    burstable
        Whether it keeps up its speed for a part of the time only.
    emissions
        Grams of CO2e; None: not counted.
    """

    name: str = field(kw_only=False)
    memory_bytes: float | None = None
    memory_of: str = ""
    cold_start_s: float = 0.0
    cold_share: float = 0.0
    labels: tuple[str, ...] = ()
    call_max_bytes: float | None = None
    run_max_s: float | None = None
    workers: int = 1
    machines_max: int | None = None
    idle_accelerator: str = ""
    price_day: date | None = None
    term: str = "on-demand"
    burstable: bool = False
    emissions: Emissions | None = None

    def billed_exactly(self) -> Self:
        """Return the same offer with calls that cost their seconds as they are."""
        return replace(self, **AS_USED)  # type: ignore[arg-type]

    @property
    def rent_per_s(self) -> float:
        """Rent of a whole machine, USD per second."""
        return self.usd_per_s * self.workers

    @property
    def cold_usd(self) -> float:
        """USD that cold starts add to a call on average."""
        return self.usd_of_cold(self.cold_share, self.cold_start_s)


@dataclass(frozen=True, slots=True)
class Option(RentalOffer):
    """An offer with the times of a network's stages on it: something a stage can run on.

    Attributes
    ----------
    tier
        Position of its tier in the instance's list.
    stage_seconds
        t_{s,p}, seconds of each stage on this option.
    flops_per_s
        Speed at what hand-overs and variants add to the stages, FLOP/s; infinite where stages take no time.
    joules_per_flop
        Energy of an operation.
    stage_sd_s
        Standard deviations of the stage times, seconds; empty: stage times are fixed.
    batching
        How it takes several requests at once; `stage_seconds` are those of one. None: one by one.
    backward_seconds
        Seconds of each stage's way back in training; empty: `BACKWARD` times the way there.
    forward_seconds
        Of an option in training: seconds of the way there; `stage_seconds` are of both ways then. Empty: of one that
        is not.
    """

    tier: int
    stage_seconds: tuple[float, ...]
    flops_per_s: float = math.inf
    joules_per_flop: float = 0.0
    stage_sd_s: tuple[float, ...] = ()
    batching: BatchMenu | None = None
    backward_seconds: tuple[float, ...] = ()
    forward_seconds: tuple[float, ...] = ()

    def both_ways(self) -> Option:
        """Return the option in training: each stage takes the way there and the way back, and varies as much more.

        Sizes of batches are those of requests: a sample is served alone.
        """
        there = self.stage_seconds
        back = self.backward_seconds or tuple(BACKWARD * seconds for seconds in there)
        both = tuple(f + b for f, b in zip(there, back, strict=True))
        sds = zip(self.stage_sd_s, there, both, strict=True) if self.stage_sd_s else ()
        spread = tuple(sd * t / f if f > 0 else sd for sd, f, t in sds)
        return replace(self, stage_seconds=both, forward_seconds=there, stage_sd_s=spread, batching=None)


def timed(offer: RentalOffer, tier: int, stage_seconds: tuple[float, ...], **timing: Any) -> Option:
    """Return an offer as an option of a network.

    Parameters
    ----------
    offer
        What is rented.
    tier
        Position of its tier in the instance's list.
    stage_seconds, timing
        Seconds of each stage on it, and all else that `Option` says beyond an offer.
    """
    terms = {own.name: getattr(offer, own.name) for own in fields(RentalOffer)}
    return Option(tier=tier, stage_seconds=stage_seconds, **terms, **timing)


@dataclass(frozen=True, slots=True)
class Link:
    """A way down the list: from a tier, or from the client, to a later tier.

    `egress` names prices by volume that it shares with others, beside its own price; empty: it has none.
    """

    bytes_per_s: float
    round_trip_s: float
    usd_per_byte: float
    trusted: bool = True
    egress: str = ""

    def seconds(self, size: float) -> float:
        """Time to move `size` bytes: size / bandwidth + round trip (survey 2.2.1 (5), survey 2.2.1 (6))."""
        return size / self.bytes_per_s + self.round_trip_s
