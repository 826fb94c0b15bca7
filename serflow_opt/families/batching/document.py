"""The tables of an instance of `kind = "batching"`, as files have them: units are in the names of keys."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from serflow_opt.families.standard import Tables
from serflow_opt.families.tables import MOST_STEPS, AtLeast0, ListOr, Positive, Table
from serflow_opt.ground.tolerances import TOLERANCE

MOST_APPLICATIONS = 200
MOST_ANY = 12
"""Applications of which any may share a group: all 4,095 groups are looked at."""
MOST_BATCH = 1024


class SizesTable(Table):
    """Sizes from one to another by a step."""

    from_: Positive = Field(alias="from")
    to: Positive
    step: Positive

    @model_validator(mode="after")
    def _in_order(self) -> SizesTable:
        if self.to < self.from_:
            raise ValueError("write `to` at least as large as `from`")
        if (self.to - self.from_) / self.step > MOST_STEPS:
            raise ValueError(f"at most {MOST_STEPS:,} steps")
        return self

    def values(self) -> list[float]:
        """Return every size; the last is at most `to`."""
        count = int((self.to - self.from_) / self.step + TOLERANCE) + 1
        return [round(self.from_ + n * self.step, 12) for n in range(count)]


class BatchesTable(Table):
    """Batches of every number of requests from one to another."""

    from_: int = Field(alias="from", default=1, ge=1)
    to: int = Field(le=MOST_BATCH)


class CurrencyTable(Table):
    """What the prices of the file are in; answers are in USD."""

    name: str = Field(default="USD", description="what the prices are in")
    per_usd: Positive = Field(default=1.0, description="how much of it one USD is")


class ApplicationTable(Table):
    """[[application]]: requests of their own, with a target of their own."""

    name: str = Field(min_length=1)
    slo_ms: Positive = Field(description="latency target of each request, waiting included")
    rate_per_s: Positive = Field(description="requests a second, Poisson")


class MemoryTable(Table):
    """Memory of a function by its batch."""

    fixed: float = Field(default=0.0, ge=0, allow_inf_nan=False, description="MB whatever the batch")
    per_request: float = Field(default=0.0, ge=0, allow_inf_nan=False, description="MB for each request of a batch")
    step: Positive = Field(default=1.0, description="MB; what is rented is rounded up to it")


class PricesTable(Table):
    """Prices of a function, in the currency of the file."""

    vcpu_s: AtLeast0 = 0.0
    gb_s: AtLeast0 = Field(default=0.0, description="a GB of memory for a second")
    gpu_gb_s: AtLeast0 = Field(default=0.0, description="a GB of GPU memory for a second")
    request: AtLeast0 = Field(default=0.0, description="a call, however many requests are in it")


class SlicesTable(Table):
    """Times on a part of a GPU that gets its share of the card in time slices."""

    per_request_s: float = Field(ge=0, allow_inf_nan=False, description="on the whole card, of each request of a batch")
    fixed_s: Positive = Field(description="on the whole card, of each batch")
    slice_s: Positive = Field(description="length of a slice of a GB")
    whole_gb: Positive = Field(description="the whole card")
    safety: float = Field(default=1.0, ge=1, allow_inf_nan=False, description="the longest time below the whole card")


class FunctionTable(Table):
    """[[function]]: a kind of function, of any of its sizes and batches."""

    name: str = Field(min_length=1)
    vcpus: ListOr[Positive, SizesTable] | None = Field(default=None, description="sizes of a CPU function")
    gpu_gb: ListOr[Positive, SizesTable] | None = Field(default=None, description="sizes of a GPU function")
    batch: ListOr[int, BatchesTable] = Field(description="most requests of a call that are offered")
    times: str = Field(
        default="",
        description="CSV beside the file: size,batch,mean_ms,max_ms, or a s exp(-vCPUs / b) + c s by batch: "
        "batch,mean_a,mean_b,mean_c,max_a,max_b,max_c",
    )
    gpu_times: SlicesTable | None = Field(default=None, description="times by slices of a card, instead of `times`")
    memory_mb: MemoryTable = MemoryTable()
    gb_per_vcpu_min: float = Field(default=0.0, ge=0, allow_inf_nan=False, description="memory is raised to this")
    gb_per_vcpu_max: Positive | None = Field(default=None, description="configurations that need more are left out")
    vcpus_per_gpu_gb: float = Field(default=0.0, ge=0, allow_inf_nan=False, description="vCPUs that come with a GPU")
    price: PricesTable = PricesTable()
    billing_step_ms: float = Field(
        default=0.0, ge=0, allow_inf_nan=False, description="started steps are paid; 0: none"
    )

    @model_validator(mode="after")
    def _one_kind(self) -> FunctionTable:
        if (self.vcpus is None) == (self.gpu_gb is None):
            raise ValueError("give either `vcpus` or `gpu_gb`")
        if bool(self.times) == (self.gpu_times is not None):
            raise ValueError("give either `times` or `gpu_times`")
        if self.gpu_times is not None and self.gpu_gb is None:
            raise ValueError("`gpu_times` goes with `gpu_gb`")
        return self


class BatchingTables(Tables):
    """The tables of a batching instance."""

    kind: Literal["batching"]
    currency: CurrencyTable = CurrencyTable()
    arrivals: Literal["random", "smooth"] = Field(
        default="random", description="random: a batch holds whoever came in time; smooth: every batch is full"
    )
    groups: Literal["contiguous", "any"] = Field(
        default="contiguous", description="contiguous: groups of applications next to each other by target"
    )
    promises: ListOr[Annotated[float, Field(gt=0, le=1)], SizesTable] = Field(
        default=SizesTable.model_validate({"from": 0.05, "to": 1.0, "step": 0.05}),
        description="shares of their targets that applications can be promised",
    )
    application: list[ApplicationTable] = Field(min_length=1, max_length=MOST_APPLICATIONS)
    function: list[FunctionTable] = Field(min_length=1)
