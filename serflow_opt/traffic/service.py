"""What is to be scaled: a network cut into blocks of stages, each with machines and a function that can run it.

Thresholds are fixed here, so what share of the requests reaches a block is known. Times are seconds, prices USD.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from serflow_opt.problem.billing import CallBilling
from serflow_opt.traffic.carbon_flow import CarbonFlow

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

EARLY = 0.8
"""Environments are called again after this part of their keep-alive: of 300 s after 240, as schedulers of a provider
are late by up to a minute (EventBridge Scheduler, "How it works": within 60 s)."""
LEAST_KEPT_S = 0.1
"""Seconds that an environment stays warm at least which calls of their own are to keep so."""
EMPTY_S = 0.001
"""What a call takes that does nothing."""
TOGETHER_S = 0.1
"""What each of several takes: as long as they need to reach the function, so that none gets the environment of another.
75 ms is what libraries for that sleep (lambda-warmer)."""


@dataclass(frozen=True, slots=True)
class Machine:
    """A VM type that can run a block.

    Attributes
    ----------
    usd_per_s
        Rent of a whole machine, from the moment it is ordered.
    workers
        Requests it serves at once, each at the stated times.
    seconds
        By outcome, how long a request takes: entry k is that of a request that leaves at the block's stage k, the last
        one that of a request that goes on. Hand-overs are not in it.
    sends
        Whether a worker is held while a request that goes on is handed over.
    start_s
        From order to first request.
    billing_min_s
        Least seconds that are billed.
    machines_max
        Most machines of this type at once; None: any number.
    sd_s
        Standard deviation of `seconds`; empty: times are fixed.
    stage_s
        Where the block takes batches: by stage of the block, seconds of 1, 2, .. requests together. Empty: `seconds`
        says it all, one request at a time.
    on_carbon, busy_carbon
        What a machine emits as long as it is rented, and more in a busy second of a worker; None: not counted.
    taken_per_s, replace_s
        How often one that serves is taken away, in a second, and from then to when the next one serves.
    """

    name: str
    usd_per_s: float
    workers: int
    seconds: tuple[float, ...]
    sends: bool = True
    start_s: float = 0.0
    billing_min_s: float = 0.0
    machines_max: int | None = None
    sd_s: tuple[float, ...] = ()
    stage_s: tuple[tuple[float, ...], ...] = ()
    on_carbon: CarbonFlow | None = None
    busy_carbon: CarbonFlow | None = None
    taken_per_s: float = 0.0
    replace_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Function(CallBilling):
    """A function that can run a block, paid per use.

    Attributes
    ----------
    seconds, sd_s, stage_s
        As those of a machine.
    cold_start_s
        What the first request of a new environment waits, and pays, in addition.
    keep_alive_s
        How long an idle environment stays warm.
    concurrency_max
        Most requests at once; None: any number.
    memory_mb
        Its size, for what is written down to deploy it.
    busy_carbon
        What it emits in a busy second; None: not counted.
    named
        Whether environments that are kept warm have names of their own, as versions of a function have, by which
        whoever sends requests calls each: then a call that does nothing keeps one warm. Else they are reached by calls
        at once, each of which holds the environment that it gets until the others have theirs.
    """

    name: str
    seconds: tuple[float, ...]
    cold_start_s: float = 0.0
    keep_alive_s: float = 300.0
    concurrency_max: int | None = None
    sd_s: tuple[float, ...] = ()
    memory_mb: float | None = None
    stage_s: tuple[tuple[float, ...], ...] = ()
    busy_carbon: CarbonFlow | None = None
    named: bool = True

    @property
    def warm_every_s(self) -> float:
        """Seconds between calls that keep environments warm."""
        return EARLY * self.keep_alive_s

    def warm_call_s(self, count: int) -> float:
        """Return how long each of so many calls at once lasts that keep an environment warm, s."""
        return EMPTY_S if self.named or count == 1 else TOGETHER_S

    def warm_usd(self, count: int) -> float:
        """Return what so many calls at once cost that keep an environment each warm, none of them cold."""
        seconds = self.billed_s(self.warm_call_s(count))
        return count * (self.usd_per_request + self.usd_per_s * seconds)


@dataclass(frozen=True, slots=True)
class Block:
    """Stages that run together.

    Attributes
    ----------
    first, last
        Positions of its first and last stage.
    machines
        VM types to choose from; empty: functions only.
    function
        None: machines only.
    hop_s, hop_usd
        What handing a request over to this block takes and costs.
    batch, batch_wait_s
        Most requests in a batch, and how long its first may wait for others; see `traffic/batches`. 1: one by one.
        Where there is a function, too, batches that find no room at the machines go to it, in calls of at most as many
        requests as its `stage_s` has times for.
    shares
        Share of its requests that each type of machine takes, drawn for each by itself: every type is a pool with a
        queue of its own, and the function behind it. Empty: all machines have one queue.
    """

    first: int
    last: int
    machines: tuple[Machine, ...]
    function: Function | None
    hop_s: float = 0.0
    hop_usd: float = 0.0
    batch: int = 1
    batch_wait_s: float = 0.0
    shares: tuple[float, ...] = ()

    @property
    def outcomes(self) -> int:
        """How a request can end here: leave at one of the stages, or go on."""
        return self.last - self.first + 2

    @property
    def call(self) -> int:
        """Most requests in a call of the function: a batch that goes there is as many calls as it takes."""
        function = self.function
        return 1 if function is None or not function.stage_s else min(self.batch, len(function.stage_s[0]))

    @property
    def spills(self) -> bool:
        """Whether batches that find no room at the machines go to a function."""
        return self.batch > 1 and bool(self.machines) and self.function is not None


@dataclass(frozen=True, slots=True)
class Draws:
    """The joint distribution of exits: one entry a validation sample.

    Attributes
    ----------
    exits
        Position of the stage where the sample leaves.
    right
        Whether the answer there is right.
    """

    exits: NDArray[np.int64]
    right: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Service:
    """A network under traffic, at fixed thresholds.

    Attributes
    ----------
    blocks
        In the order of the stages; together they hold all.
    shares
        β_s, share of all requests that leave at each stage; sums to 1.
    accuracies
        r_s, of those; NaN where nobody leaves or nothing is known.
    slo_s
        Latency target; None: none.
    quantile
        Share of the requests that must keep it; 1: all.
    draws
        Where exits come from samples; None: exits of different requests and stages are drawn from `shares`.
    degraded
        The same blocks with a second menu of thresholds, less accurate and earlier out, which a policy may switch to.
    waits
        Parts of a request's slack that it may wait in front of each block, in proportion; empty: equal ones in front of
        all blocks with machines. Only our controller and foresight look at it.
    thresholds
        Stage, from 1, and threshold of each classifier but the last, for whoever runs the network; empty: not known.
    carbon_without
        What the instance has and carbon over a trace does not count, in words; empty: nothing.
    keep_warm
        By block, environments of its function that are kept warm while no machines carry the load; empty: none are.
        Only our controller and foresight look at it.
    """

    name: str
    blocks: tuple[Block, ...]
    shares: tuple[float, ...]
    accuracies: tuple[float, ...]
    slo_s: float | None = None
    quantile: float = 1.0
    draws: Draws | None = None
    degraded: Service | None = None
    waits: tuple[float, ...] = ()
    thresholds: tuple[tuple[int, float], ...] = ()
    carbon_without: str = ""
    keep_warm: tuple[int, ...] = ()

    def reach(self, b: int) -> float:
        """R_b: share of all requests that enter block b."""
        return max(0.0, 1.0 - math.fsum(self.shares[: self.blocks[b].first]))

    @property
    def accuracy(self) -> float:
        """Σ_s β_s A_s (survey 2.2.1 (2))."""
        return math.fsum(b * a for b, a in zip(self.shares, self.accuracies, strict=True) if b > 0)

    def outcome_shares(self, b: int) -> tuple[float, ...]:
        """Share of the requests entering block b that leave at each of its stages, and that go on."""
        block, reach = self.blocks[b], self.reach(b)
        if reach <= 0:
            return (*(0.0 for _ in range(block.outcomes - 1)), 1.0)
        leave = [share / reach for share in self.shares[block.first : block.last + 1]]
        return (*leave, 0.0 if b == len(self.blocks) - 1 else max(0.0, 1.0 - math.fsum(leave)))

    def busy_s(self, b: int, machine: Machine) -> float:
        """Mean seconds that a request entering block b holds a worker, sending included."""
        shares = self.outcome_shares(b)
        sending = self.blocks[b + 1].hop_s * shares[-1] if machine.sends and b + 1 < len(self.blocks) else 0.0
        return math.fsum(p * t for p, t in zip(shares, machine.seconds, strict=True)) + sending

    def rate_per_s(self, b: int, machine: Machine) -> float:
        """r_{b,p}: requests entering block b per second that keep all workers of a machine busy."""
        busy = self.busy_s(b, machine)
        return machine.workers / busy if busy > 0 else math.inf

    def cv2(self, b: int, machine: Machine) -> float:
        """Squared coefficient of variation of the seconds that a request entering block b holds a worker."""
        shares, mean = self.outcome_shares(b), self.busy_s(b, machine)
        if not mean > 0:
            return 0.0
        sending = self.blocks[b + 1].hop_s if machine.sends and b + 1 < len(self.blocks) else 0.0
        held = [*machine.seconds[:-1], machine.seconds[-1] + sending]
        deviations = machine.sd_s or (0.0,) * len(held)
        # about the mean, which does not cancel where times hardly vary
        square = math.fsum(p * ((t - mean) ** 2 + d * d) for p, t, d in zip(shares, held, deviations, strict=True))
        return square / mean**2

    def function_usd(self, b: int) -> float:
        """c^F_b: mean USD that a request entering block b costs on its function, cold starts left out."""
        function = self.blocks[b].function
        if function is None:
            return math.inf
        billed = [function.billed_s(t) for t in function.seconds]
        return function.usd_per_request + function.usd_per_s * math.fsum(
            p * t for p, t in zip(self.outcome_shares(b), billed, strict=True)
        )

    def function_s(self, b: int) -> float:
        """Mean seconds of a request entering block b on its function, cold starts left out; 0 without one."""
        function = self.blocks[b].function
        if function is None:
            return 0.0
        return math.fsum(p * t for p, t in zip(self.outcome_shares(b), function.seconds, strict=True))

    @property
    def counts_carbon(self) -> bool:
        """Whether it is known what all its machines and functions emit."""
        flows = [flow for block in self.blocks for own in block.machines for flow in (own.on_carbon, own.busy_carbon)]
        flows += [block.function.busy_carbon for block in self.blocks if block.function is not None]
        return bool(flows) and all(flow is not None for flow in flows)

    def with_machines(self, chosen: tuple[tuple[Machine, ...], ...]) -> Service:
        """Return the same with other machines to choose from, block by block, which have one queue."""
        blocks = tuple(replace(block, machines=own, shares=()) for block, own in zip(self.blocks, chosen, strict=True))
        return replace(self, blocks=blocks)
