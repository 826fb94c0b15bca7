"""The tables of an instance of `kind = "blocked"`, as files have them: units are in the names of keys."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from serflow_opt.families.standard import Tables
from serflow_opt.families.tables import AtLeast0, CountsTable, ListOr, Positive, Table

MILLION = 1_000_000


class MatrixTable(Table):
    """[matrix]: a blocked algorithm."""

    algorithm: Literal["cholesky", "gemm", "qr", "tsqr", "svd"]
    rows: int = Field(ge=1, description="of the square matrix, or of the tall one of tsqr")
    columns: int | None = Field(default=None, ge=1, description="left out: square; tsqr: as many as a block has rows")
    block: list[Annotated[int, Field(ge=1)]] = Field(min_length=1, description="rows of a block, sizes on offer")


class GraphTable(Table):
    """[graph]: tasks of one's own."""

    tasks: str = Field(
        description="CSV beside the file: task, and any of seconds, flops, read_bytes, write_bytes, memory_mb, copies"
    )
    edges: str = Field(
        default="",
        description="beside the file: CSV before,after; JSON, by task those that it waits for; or a state machine of "
        "Step Functions; left out: no task waits",
    )


class StoreTable(Table):
    """[store]: where blocks are between tasks."""

    read_mb_s: Positive = Field(default=130.0, description="10^6 bytes, of a worker")
    write_mb_s: Positive = 87.0
    latency_ms: AtLeast0 = 30.0
    usd_per_read: AtLeast0 = Field(default=0.4 / MILLION, description="of a block; S3, us-east-1, 2025-10-28")
    usd_per_write: AtLeast0 = Field(default=5 / MILLION, description="of a block; S3, us-east-1, 2025-10-28")
    usd_per_gb_month: AtLeast0 = Field(default=0.023, description="10^9 bytes, of all that is written, until the end")


class BlockedOptionTable(Table):
    """[[option]]: what a worker can be."""

    name: str = Field(min_length=1)
    kind: Literal["function", "vm"] = Field(description="function: paid while a task runs; vm: until the end")
    flops_per_s: Positive | None = Field(default=None, description="needed where tasks have flops, as in a [matrix]")
    speed: Positive = Field(default=1.0, description="that `seconds` of tasks are divided by")
    memory_mb: Positive | None = Field(default=None, description="2^20 bytes; left out: any number of blocks")
    usd_per_hour: AtLeast0 | None = Field(default=None, description="of one")
    vm: str = Field(default="", description="a type of the catalogue, whose price a worker shares; with `per_vm`")
    per_vm: int = Field(default=1, ge=1, description="workers of a machine")
    region: str = ""
    usd_per_call: AtLeast0 = Field(default=0.0, description="of a task on a function")
    start_s: AtLeast0 = Field(default=0.0, description="until all run")
    count_max: int | None = Field(default=None, ge=1, description="workers there are; left out: any")

    @model_validator(mode="after")
    def _priced(self) -> BlockedOptionTable:
        if bool(self.vm) == (self.usd_per_hour is not None):
            raise ValueError("give either `usd_per_hour` or `vm`")
        return self


class BlockedTables(Tables):
    """The tables of a blocked instance."""

    kind: Literal["blocked"]
    matrix: MatrixTable | None = None
    graph: GraphTable | None = None
    store: StoreTable = StoreTable()
    workers: ListOr[Annotated[int, Field(ge=1)], CountsTable] = Field(description="numbers on offer")
    pipeline: int = Field(
        default=1,
        ge=1,
        description="from 2 on reads, compute and writes of a worker's tasks overlap: the longest counts",
    )
    blocks_held: Positive = Field(default=4.0, description="that a worker has in memory")
    tasks_max: int = Field(default=5_000_000, ge=1, description="graphs with more tasks are refused")
    option: list[BlockedOptionTable] = Field(min_length=1)
    catalog: list[str] = Field(default=[], description="price files that add to the catalogue or override it")

    @model_validator(mode="after")
    def _one_graph(self) -> BlockedTables:
        if (self.matrix is None) == (self.graph is None):
            raise ValueError("give either [matrix] or [graph]")
        return self
