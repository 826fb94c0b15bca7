"""The tables of an instance of `kind = "cluster"`, as files have them: units are in the names of keys."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from serflow_opt.families.standard import Tables
from serflow_opt.families.tables import AtLeast0, Positive, Table

MOST_NETWORKS = 50
MOST_CARDS = 16
MOST_SERVERS = 100_000
"""Of a type that says nothing of how many there are."""


class StepTable(Table):
    """An operator of a network: how often it is called, and what comes before."""

    name: str = Field(default="", description="what `after` calls it; left out: the operator's name")
    operator: str = Field(min_length=1, description="as the table of operators has it")
    calls: int = Field(default=1, ge=1, description="times that it is called one after the other")
    after: list[str] | None = Field(default=None, description="steps it waits for; left out: the one before")


class ModelTable(Table):
    """[[model]]: a network that is served."""

    name: str = Field(min_length=1)
    slo_ms: Positive = Field(description="latency target of each request, waiting for its batch included")
    rate_per_s: Positive = Field(description="requests a second; for the largest throughput only their mix counts")
    profiles: str = Field(
        default="",
        description="CSV beside the file: batch, ms, and any of cpu_cores, gpu_percent, slice, processes, rate_per_s "
        "(of the instance, measured), server (type it was measured on), model (rows of others are left out)",
    )
    operators: str = Field(
        default="", description="instead: CSV of operator, batch, ms, and cpu_cores, gpu_percent, slice, server"
    )
    step: list[StepTable] = Field(default=[], description="the network's operators, for `operators`")
    safety: float = Field(default=1.0, ge=1, allow_inf_nan=False, description="times of batches are taken this often")

    @model_validator(mode="after")
    def _one_way(self) -> ModelTable:
        if bool(self.profiles) == bool(self.operators):
            raise ValueError("give either `profiles` or `operators`")
        if bool(self.operators) != bool(self.step):
            raise ValueError("`operators` and [[model.step]] go together")
        return self


class ClusterServerTable(Table):
    """[[server]]: a type of servers."""

    name: str = Field(min_length=1)
    cores: AtLeast0 = Field(default=0.0, description="CPU cores")
    gpus: int = Field(default=0, ge=0, le=MOST_CARDS, description="cards")
    sharing: Literal["card", "pooled"] = Field(
        default="card", description="card: an instance's share lies on one card; pooled: on any of the server's"
    )
    layouts: list[list[str]] | None = Field(
        default=None, description="slices that fit on a card together, each way; left out: shared by per cent"
    )
    usd_per_hour: AtLeast0 = Field(default=0.0, description="of a server")
    count_max: int = Field(default=MOST_SERVERS, ge=1, le=MOST_SERVERS, description="servers there are")

    @model_validator(mode="after")
    def _something(self) -> ClusterServerTable:
        sliced = self.layouts is not None
        wrong = {
            "give `cores`, `gpus`, or both": not self.cores and not self.gpus,
            "`layouts` goes with `gpus`": sliced and not self.gpus,
            "each of `layouts` lists one slice at least": not all(self.layouts or ()),
            'slices lie on one card: leave `sharing = "pooled"` out': sliced and self.sharing == "pooled",
        }
        if any(wrong.values()):
            raise ValueError("; ".join(cure for cure, there in wrong.items() if there))
        return self


class ClusterTables(Tables):
    """The tables of a cluster instance."""

    kind: Literal["cluster"]
    rates: Literal["whole", "exact"] = Field(
        default="whole", description="whole: what an instance serves is rounded down to whole requests a second"
    )
    gpus_per_core: AtLeast0 | None = Field(
        default=None, description="what a core counts among resources; left out: as servers have cores and GPUs"
    )
    model: list[ModelTable] = Field(min_length=1, max_length=MOST_NETWORKS)
    server: list[ClusterServerTable] = Field(min_length=1)
