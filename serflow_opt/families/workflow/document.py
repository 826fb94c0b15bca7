"""The tables of an instance of `kind = "workflow"`, as files have them: units are in the names of keys."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from serflow_opt.families.job.document import FUNCTION_STARTS, Starts
from serflow_opt.families.standard import Tables
from serflow_opt.families.tables import AtLeast0, Positive, Table

MOST_PHASES = 12
Whole = Annotated[int, Field(ge=1)]
MILLION = 1_000_000
OF_KIND = {
    "map": ("bytes", "out_bytes", "vcpu_s", "workers", "memory_mb"),
    "train": ("bytes", "updates", "gradient_s", "gradient_bytes", "server", "workers", "memory_mb"),
    "tune": ("rungs", "workers", "memory_mb"),
    "job": ("instance",),
}
"""Keys of a phase by its kind; all but those of `LEFT_OUT` are needed."""
LEFT_OUT = ("bytes", "out_bytes")


class FunctionsTable(Table):
    """[functions]: what functions of all phases cost, and the store between phases."""

    usd_per_gb_s: AtLeast0 | None = Field(default=None, description="left out: the catalogue's")
    usd_per_call: AtLeast0 | None = Field(default=None, description="left out: the catalogue's")
    mb_per_vcpu: Positive | None = Field(default=None, description="left out: the catalogue's, 1,769")
    life_s: Positive | None = Field(default=None, description="longest call; left out: the catalogue's, 900 s")
    region: str = Field(default="", description="of the catalogue's price")
    arch: str = Field(default="x86_64", description="of the catalogue's price")
    mb_per_s: Positive = Field(default=65.0, description="10^6 bytes, of a function from and to the store")
    latency_ms: AtLeast0 = 80.0
    usd_per_read: AtLeast0 = Field(default=0.4 / MILLION, description="of a worker's part")
    usd_per_write: AtLeast0 = Field(default=5 / MILLION, description="of a worker's part")
    starts: Starts = Field(default=FUNCTION_STARTS, description="functions, seconds until all run; straight in between")


class ServerTable(Table):
    """Parameter servers that a training can have."""

    options: list[str] = Field(default=[], description="types of the catalogue")
    region: str = Field(default="", description="of the catalogue's prices")
    name: str = Field(default="server", description="of a type of its own, with usd_per_hour")
    usd_per_hour: AtLeast0 | None = None
    count: list[Whole] = Field(default=[1], min_length=1)
    updates_per_s: float = Field(description="most that one takes")
    start_s: AtLeast0 = Field(default=60.0, description="from its order; not where it is kept from a phase before")
    latency_ms: AtLeast0 = Field(default=1.0, description="between a function and a server, one way")

    @model_validator(mode="after")
    def _priced(self) -> ServerTable:
        if not self.options and self.usd_per_hour is None:
            raise ValueError("give `options`, or `usd_per_hour` of a type of its own")
        if self.updates_per_s <= 0:
            raise ValueError("`updates_per_s` has to be more than 0: a server that takes no updates never ends")
        return self


class PhaseTable(Table):
    """[[phase]]."""

    name: str = Field(min_length=1)
    kind: Literal["map", "train", "tune", "job"]
    after: list[str] = Field(default=[], description="phases that have to be over before")
    workers: list[Whole] | None = Field(default=None, min_length=1)
    memory_mb: list[Positive] | None = Field(default=None, min_length=1)
    bytes: AtLeast0 | None = Field(default=None, description="that its workers read from the store")
    out_bytes: AtLeast0 | None = Field(default=None, description="map: that its workers write")
    vcpu_s: AtLeast0 | None = Field(default=None, description="map: all of it on one vCPU")
    updates: str | None = Field(default=None, description="train: CSV beside the file: workers,updates")
    gradient_s: Positive | None = Field(default=None, description="train: of an update on one vCPU")
    gradient_bytes: AtLeast0 | None = Field(default=None, description="train: the model is read, a gradient written")
    server: ServerTable | None = Field(default=None, description="train: parameter servers")
    rungs: str | None = Field(
        default=None, description="tune: CSV beside the file: configurations,vcpu_s, rung by rung"
    )
    instance: str | None = Field(default=None, description="job: a file of kind job, whose front is the menu")

    @model_validator(mode="after")
    def _of_kind(self) -> PhaseTable:
        own = OF_KIND[self.kind]
        for key in sorted({k for keys in OF_KIND.values() for k in keys}):
            given = getattr(self, key) is not None
            if given and key not in own:
                raise ValueError(f"`{key}` does not go with kind = '{self.kind}'")
            if not given and key in own and key not in LEFT_OUT:
                raise ValueError(f"`{key}` is missing: kind = '{self.kind}' needs it")
        return self


class WorkflowTables(Tables):
    """The tables of a workflow instance."""

    kind: Literal["workflow"]
    functions: FunctionsTable = FunctionsTable()
    phase: list[PhaseTable] = Field(min_length=1, max_length=MOST_PHASES)
    catalog: list[str] = Field(default=[], description="price files that add to the catalogue or override it")
