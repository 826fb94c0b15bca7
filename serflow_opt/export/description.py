"""What is to be started, whatever will start it: the document that `export --format json` prints, field by field."""

from __future__ import annotations

import math
from typing import Any, Literal, Self

from pydantic import Field, model_validator

from serflow_opt.export.text import LONGEST_NAME, NAME
from serflow_opt.ground.document import Document
from serflow_opt.ground.tolerances import TOLERANCE
from serflow_opt.plan.document import Choice, ChosenVariant, Handover, PlanStatus
from serflow_opt.traffic.queues.erlang import fewest_servers

BALANCER = (
    "It sends a request to the next block, draws its pool by the shares where there are two, and sends it to the",
    "function where no machine is free and as many wait as may.",
)
"""What is not written has to do this, a line each."""
TURNED_AWAY = 1e-3
"""Share of the requests that may find a function at its most, at twice the expected concurrency."""


class DescribedMachine(Document):
    """What serves a block day and night; None: neither plan, catalogue nor instance say."""

    type: str
    tier: str | None = Field(default=None, description="name of its tier; None: the plan does not say")
    share: float = Field(default=1.0, ge=0, le=1, description="of the requests that enter the block: drawn for it")
    queue_max: int | None = Field(
        default=None, ge=0, description="requests that may wait for it, others go to the function; None: not limited"
    )
    provider: str | None = Field(default=None, description="None: not a type of the catalogue")
    count: int | None = Field(default=None, ge=1)
    busy: float | None = Field(default=None, description="share of the time of a machine that the plan uses")
    busy_max: float | None = Field(default=None, description="share that it may use: the instance's utilisation cap")
    vcpus: float | None = None
    gpus: int = 0
    architecture: str | None = None
    workers: int | None = Field(default=None, description="requests one serves at once")
    start_s: float | None = Field(default=None, description="from order to first request")
    machines_max: int | None = None

    @property
    def busy_target(self) -> float | None:
        """Busy share from which more machines are wanted."""
        return self.busy if self.busy_max is None else self.busy_max

    def in_words(self) -> str:
        """Name type, tier, part of the block's requests, and how many of them may wait."""
        tier = "" if self.tier in (None, self.type) else f" ({self.tier})"
        drawn = "" if self.share == 1 else f", {self.share:.4g} of the requests"
        return f"{self.type}{tier}{drawn}" + (f", at most {self.queue_max} waiting" if self.queue_max else "")

    @property
    def target_why(self) -> str:
        """Where `busy_target` comes from, and when it is wrong."""
        source = "the utilisation cap" if self.busy_max is not None else "the plan's at its rate, or --instance's cap"
        return f"busy share: {source}; set it lower where a request leaves processors idle"

    @property
    def most(self) -> int | None:
        """Twice the plan's machines, or as many as there may be: for faster traffic and to replace some."""
        if self.count is None:
            return None
        return max(self.count, min(2 * self.count, self.machines_max or 2 * self.count))


class DescribedFunction(Document):
    """What serves a block, or what its machines have no room for, paid per use."""

    name: str
    memory_mb: float | None = Field(default=None, gt=0)
    architecture: str | None = None
    requests_per_s: float | None = None
    concurrency: float | None = Field(default=None, ge=0, description="expected requests at once, at the peak rate")
    concurrency_max: int | None = None
    keep_alive_s: float | None = Field(default=None, description="how long an idle environment stays warm")

    @property
    def reserved(self) -> int | None:
        """Fewest places that turn at most one Poisson arrival in a thousand away at twice the expected load."""
        if self.concurrency is None or not math.isfinite(self.concurrency):
            return None
        places = fewest_servers(2 * self.concurrency, TURNED_AWAY)
        return min(places, self.concurrency_max or places)


class DescribedBlock(Document):
    """Stages that run together, on machines, a function, both, or the user's own device."""

    first: int = Field(ge=1)
    last: int = Field(ge=1)
    requests_per_s: float | None = Field(default=None, description="that enter the block, on average")
    device: str | None = Field(default=None, description="option of the user's device: nothing to start")
    machine: DescribedMachine | None = None
    pools: list[DescribedMachine] = Field(default=[], description="of a block with several; machine is null then")
    function: DescribedFunction | None = None
    batch: int = Field(default=1, ge=1, description="most requests that are run together")
    batch_wait_ms: float = Field(default=0.0, ge=0, description="how long the first of a batch may wait for others")

    @property
    def label(self) -> str:
        """Its stages, for names: 1-7."""
        return f"{self.first}-{self.last}"

    @property
    def words(self) -> str:
        """Its stages, for people."""
        return f"stage {self.first}" if self.first == self.last else f"stages {self.first} to {self.last}"

    @property
    def machines(self) -> list[tuple[str, DescribedMachine]]:
        """Machines of each pool, with what tells the pool in names: nothing where it is the only one."""
        if self.machine is not None:
            return [("", self.machine)]
        return [(f"-pool-{number}", own) for number, own in enumerate(self.pools, 1)]

    def in_words(self) -> str:
        """Say what the block runs on."""
        parts = [f"on the device ({self.device})"] if self.device else []
        for _, own in self.machines:
            parts.append(f"{own.count or 'uncounted'} x {own.in_words()}")
        if self.function:
            parts.append((f"{self.to_function}: " if self.machines else "") + self.function.name)
        if self.batch > 1:
            parts.append(f"up to {self.batch} requests together, within {self.batch_wait_ms:.4g} ms")
        return f"{self.words}: {'; '.join(parts)}"

    @property
    def to_function(self) -> str:
        """Say which requests go to the function beside machines."""
        waiting = any(own.queue_max for _, own in self.machines)
        return "what finds no room to wait" if waiting else "what finds no free worker"


class Description(Document):
    """All that an export says; `name` is the start of every name in it."""

    schema_: Literal[1] = Field(default=1, alias="schema")
    name: str = Field(pattern=NAME, max_length=LONGEST_NAME)
    instance: str
    source: Literal["solve", "provision"]
    status: PlanStatus
    requests_per_s: float | None = None
    peak_requests_per_s: float | None = None
    accuracy: float | None = None
    latency_ms: dict[str, float] = Field(default={}, description="worst, mean and percentiles that the plan promises")
    latency_slo_ms: float | None = None
    latency_measure: str | None = None
    usd_per_hour: float | None = None
    thresholds: list[Choice]
    handovers: list[Handover] = Field(default=[])
    variants: list[ChosenVariant] = Field(default=[])
    blocks: list[DescribedBlock] = Field(min_length=1)
    notes: list[str] = Field(default=[])

    @model_validator(mode="after")
    def _check_blocks(self) -> Self:
        """Blocks follow each other from stage 1, and each runs on something."""
        starts = [1, *(block.last + 1 for block in self.blocks)]
        if any(block.first != start or block.last < start for block, start in zip(self.blocks, starts, strict=False)):
            raise ValueError("blocks are to follow each other from stage 1")
        if any(not (block.device or block.machines or block.function) for block in self.blocks):
            raise ValueError("a block needs a machine, a function or a device")
        if any(block.machine and block.pools for block in self.blocks):
            raise ValueError("a block has a machine or pools, not both")
        if any(
            block.pools and not math.isclose(math.fsum(own.share for own in block.pools), 1, abs_tol=TOLERANCE)
            for block in self.blocks
        ):
            raise ValueError("shares of a block's pools are to sum to 1")
        return self

    def to_dict(self) -> dict[str, Any]:
        """Return the document; `Description.model_validate` reads it back."""
        document = self.model_dump(mode="json", by_alias=True)
        document["thresholds"] = [choice.model_dump(exclude_none=True) for choice in self.thresholds]
        return document

    @property
    def decisions(self) -> dict[str, list[dict[str, Any]]]:
        """What every container is told, by the name of the environment variable; as the plan has it."""
        document = self.to_dict()
        told = {"THRESHOLDS": document["thresholds"]}
        told |= {key.upper(): document[key] for key in ("handovers", "variants") if document[key]}
        return told

    def heading(self) -> list[str]:
        """Say in a few lines what is exported."""
        rate = "" if self.requests_per_s is None else f" for {self.requests_per_s:g} requests/s"
        if self.peak_requests_per_s is not None and self.peak_requests_per_s != self.requests_per_s:
            rate += f", {self.peak_requests_per_s:g} at the peak"
        lines = [f"{self.instance}: {self.source} plan ({self.status}){rate}, exported by serflow-opt"]
        lines += [] if self.accuracy is None else [f"accuracy: {self.accuracy:.6g}"]
        if self.latency_ms:
            limit = "" if self.latency_slo_ms is None else f"; limit {self.latency_measure} {self.latency_slo_ms:g}"
            promised = ", ".join(f"{name} {value:.6g}" for name, value in self.latency_ms.items())
            lines.append(f"latency, ms: {promised}{limit}")
        lines += [] if self.usd_per_hour is None else [f"cost: {self.usd_per_hour:.6g} USD an hour"]
        return lines + [block.in_words() for block in self.blocks] + [f"note: {note}" for note in self.notes]


def environment(block: DescribedBlock, machine: DescribedMachine | None = None) -> dict[str, str]:
    """Return what the containers of a block are told beside the decisions; None: those of its function."""
    told = {"STAGES_FIRST": str(block.first), "STAGES_LAST": str(block.last)}
    if block.batch > 1:
        told |= {"BATCH": str(block.batch), "BATCH_WAIT_MS": f"{math.floor(block.batch_wait_ms * 1000) / 1000:g}"}
    if machine is not None and machine.workers:
        told["WORKERS"] = str(machine.workers)
    return told
