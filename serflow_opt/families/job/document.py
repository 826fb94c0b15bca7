"""The tables of an instance of `kind = "job"`, as files have them: units are in the names of keys."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from serflow_opt.families.standard import Tables
from serflow_opt.families.tables import AtLeast0, CountsTable, ListOr, Positive, Table

Pattern = Literal["allreduce", "scatterreduce", "server", "ring", "asynchronous"]
PATTERNS: tuple[Pattern, ...] = ("allreduce", "scatterreduce", "server", "ring", "asynchronous")
MILLION = 1_000_000
DIRECT = "direct"
"""The channel of machines that send to each other."""
FUNCTION_STARTS = [[10.0, 1.2], [50.0, 11.0], [100.0, 18.0], [200.0, 35.0]]
VM_STARTS = [[10.0, 132.0], [50.0, 160.0], [100.0, 292.0], [200.0, 606.0]]
"""Workers, and seconds until all of them have started: recalled from LambdaML (SIGMOD 2021), not measured."""

Starts = Annotated[list[Annotated[list[AtLeast0], Field(min_length=2, max_length=2)]], Field(min_length=1)]


class ChannelTable(Table):
    """[[channel]]: a channel of its own, or other figures for one of the catalogue; what is left out stays."""

    name: str = Field(min_length=1)
    kind: Literal["store", "server"] | None = Field(
        default=None, description="store: workers write and read items; server: a parameter server"
    )
    mb_per_s: Positive | None = Field(default=None, description="10^6 bytes: of a worker at a store, of a whole server")
    latency_ms: AtLeast0 | None = None
    usd_per_write: AtLeast0 | None = None
    usd_per_read: AtLeast0 | None = None
    write_unit_bytes: Positive | None = Field(default=None, description="started units of an item are paid each")
    read_unit_bytes: Positive | None = None
    item_bytes_max: Positive | None = Field(default=None, description="the largest item it takes")
    usd_per_hour: AtLeast0 | None = Field(default=None, description="rent, from its order to the end of the job")
    start_s: AtLeast0 | None = None


class FunctionPlatformTable(Table):
    """[[platform]] of kind function."""

    kind: Literal["function"]
    name: str = Field(default="functions", min_length=1)
    memory_mb: list[Positive] = Field(min_length=1, description="2^20 bytes; sizes on offer")
    mb_per_vcpu: Positive | None = Field(default=None, description="left out: the catalogue's")
    usd_per_gb_s: AtLeast0 | None = Field(default=None, description="left out: the catalogue's")
    usd_per_call: AtLeast0 | None = Field(default=None, description="left out: the catalogue's")
    life_s: Positive | None = Field(default=None, description="longest call; left out: the catalogue's, 900 s")
    region: str = Field(default="", description="of the catalogue's price")
    arch: str = Field(default="x86_64", description="of the catalogue's price")
    mb_per_s: Positive | None = Field(default=None, description="10^6 bytes, of a function's network; left out: any")
    starts: Starts = Field(default=FUNCTION_STARTS, description="workers, seconds until all run; straight in between")
    channels: list[str] = Field(default=["s3"], min_length=1)


class MachinePlatformTable(Table):
    """[[platform]] of kind vm."""

    kind: Literal["vm"]
    name: str = Field(default="machines", min_length=1)
    options: list[str] = Field(default=[], description="types of the catalogue")
    region: str = Field(default="", description="of the catalogue's prices")
    vcpus: Positive | None = Field(default=None, description="of a type of its own, beside `options`")
    memory_mb: Positive | None = None
    usd_per_hour: AtLeast0 | None = None
    speed: Positive = Field(default=1.0, description="times compute gets faster than on as many vCPUs: accelerators")
    mb_per_s: Positive = Field(default=120.0, description="10^6 bytes, of a machine's network; recalled from LambdaML")
    latency_ms: AtLeast0 = Field(default=1.0, description="from machine to machine; assumed")
    starts: Starts = Field(default=VM_STARTS, description="machines, seconds until all run; straight in between")
    billed_min_s: AtLeast0 = Field(default=60.0, description="least that is paid of a machine")
    channels: list[str] = Field(default=[DIRECT, "s3"], min_length=1)

    @model_validator(mode="after")
    def _priced(self) -> MachinePlatformTable:
        own = (self.vcpus, self.memory_mb, self.usd_per_hour)
        if any(value is not None for value in own) and any(value is None for value in own):
            raise ValueError("a type of its own takes `vcpus`, `memory_mb` and `usd_per_hour`")
        if not self.options and self.vcpus is None:
            raise ValueError("give `options`, or `vcpus`, `memory_mb` and `usd_per_hour`")
        return self


class JobTables(Tables):
    """The tables of a job instance."""

    kind: Literal["job"]
    data_bytes: AtLeast0 = Field(description="training data; each worker loads its share")
    model_bytes: Positive = Field(description="what workers exchange in a round")
    pass_vcpu_s: Positive = Field(description="a pass over all data on one vCPU")
    rounds: str = Field(
        description="CSV beside the file: algorithm,workers,rounds,passes; passes over the data in all. Algorithms: "
        "ga-sgd, ma-sgd, admm, or other names"
    )
    workers: ListOr[Annotated[int, Field(ge=1)], CountsTable] = Field(description="numbers on offer")
    convex: bool = Field(default=True, description="ADMM solves its parts to the end for convex losses only")
    asynchronous_rounds: Positive | None = Field(
        default=None, description="times as many rounds and passes where nobody waits; left out: all wait"
    )
    parallel_share: float = Field(default=1.0, ge=0, le=1, description="of a pass that several vCPUs share")
    data_mb_per_s: Positive = Field(default=65.0, description="10^6 bytes, of a worker from the store of the data")
    data_latency_ms: AtLeast0 = 80.0
    usd_per_data_read: AtLeast0 = Field(default=0.4 / MILLION, description="of its data, or a checkpoint, by a worker")
    usd_per_data_write: AtLeast0 = Field(default=5 / MILLION, description="a worker writes a checkpoint")
    memory_copies: AtLeast0 = Field(default=3.0, description="of the model that a worker holds beside its data")
    in_turn: bool = Field(default=True, description="offer functions while machines boot")
    concurrency_max: int = Field(default=1000, ge=1, description="functions at once of an account")
    patterns: list[Pattern] = Field(default=list(PATTERNS), min_length=1)
    platform: list[Annotated[FunctionPlatformTable | MachinePlatformTable, Field(discriminator="kind")]] = Field(
        min_length=1
    )
    channel: list[ChannelTable] = Field(default=[], description="channels beside those of the catalogue")
    catalog: list[str] = Field(default=[], description="price files that add to the catalogue or override it")
