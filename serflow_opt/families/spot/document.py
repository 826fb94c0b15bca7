"""The tables of an instance of `kind = "spot"`, as files have them: units are in the names of keys."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from serflow_opt.families.standard import Tables
from serflow_opt.families.tables import AtLeast0, Positive, Table
from serflow_opt.problem.kinds import LATENCY_MEASURE

MEASURE = LATENCY_MEASURE.replace("mean|", "")
Count = Annotated[int, Field(ge=1, le=1000)]


class SpotZoneTable(Table):
    """[[zone]]: a place whose machines may all vanish at once."""

    name: str = Field(min_length=1)
    outages_per_day: AtLeast0 = Field(default=0.0, description="of a day that it is there; 0: it never vanishes")
    outage_s: AtLeast0 = Field(default=0.0, description="from then until its machines serve again, on average")


class SpotOfferTable(Table):
    """[[offer]]: machines of one type, on demand or on spot, in one place."""

    name: str = Field(min_length=1)
    machine: str = Field(default="", description="type of the catalogue, whose price it has; left out: usd_per_hour")
    term: str = Field(default="on-demand", description="on-demand, spot, or a commitment")
    region: str = Field(default="us-east-1", description="of the catalogue's price")
    zone: str = Field(default="", description="a [[zone]]; left out: one that never vanishes")
    usd_per_hour: Positive | None = Field(default=None, description="of one while it runs")
    workers: Count = Field(default=1, description="requests that one serves at once, each at the stated time")
    machines_max: Annotated[int, Field(ge=0, le=1000)] = Field(default=50, description="most of them")
    interruptions_per_day: AtLeast0 | None = Field(
        default=None, description="of a day that one runs: 1 / mean time between; spot needs it, 0 elsewhere"
    )
    replace_s: AtLeast0 | None = Field(
        default=None, description="from an interruption to when the next one serves, on average"
    )
    start_s: AtLeast0 = Field(
        default=0.0, description="from its order to when it serves: as long is it paid before; a part of replace_s"
    )


class SpotTables(Tables):
    """An instance of `kind = "spot"`."""

    rate_per_s: Positive | None = Field(default=None, description="requests a second, at random moments")
    service_ms: Positive | None = Field(default=None, description="how long a request holds a worker")
    service: Literal["fixed", "exponential"] = Field(default="fixed", description="its law")
    latency_slo_ms: Positive | None = Field(default=None, description="from arrival to answer")
    latency_measure: str = Field(
        default="worst", pattern=f"^({MEASURE})$", description="p50 .. p99.9; worst: all but 1 in 10,000"
    )
    workers_min: Count | None = Field(default=None, description="enough workers, in the place of a queue's")
    zone_states: str = Field(
        default="",
        description="CSV: share, and a column a zone, 1: there, 0: vanished; these zones depend on each other",
    )
    zone: list[SpotZoneTable] = Field(default=[])
    offer: list[SpotOfferTable] = Field(min_length=1)
