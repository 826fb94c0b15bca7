"""The tables of an instance of `kind = "shifting"`, as files have them: units are in the names of keys."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from serflow_opt.families.standard import Tables
from serflow_opt.families.tables import AtLeast0, Positive, Table

Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
Watts = Annotated[list[AtLeast0], Field(min_length=2, max_length=2)]


class ShiftingMachineTable(Table):
    """[[machine]]: a type of machines, rented by the hour."""

    name: str = Field(min_length=1)
    grid: str = Field(min_length=1, description="column of the table of grids: where it stands")
    requests_per_s: Positive = Field(description="what one serves within its target")
    usd_per_hour: AtLeast0
    watts: Watts = Field(description="idle and full")
    embodied_g_per_hour: AtLeast0 = Field(default=0.0, description="grams of CO2e of making it, by the hour of use")
    pue: Annotated[float, Field(ge=1, le=10)] = Field(default=1.0, description="kWh taken for each that it uses")
    count_max: int | None = Field(default=None, ge=0, description="most of them; left out: any number")


class ShiftingFunctionTable(Table):
    """[function]: what serves any number of requests, paid by the request."""

    grid: str = Field(min_length=1, description="column of the table of grids")
    usd_per_million: AtLeast0 = Field(description="requests")
    joules_per_request: AtLeast0 = Field(default=0.0)
    embodied_g_per_million: AtLeast0 = Field(default=0.0, description="grams of CO2e of making what serves them")
    pue: Annotated[float, Field(ge=1, le=10)] = Field(default=1.0)


class ShiftingTables(Tables):
    """An instance of `kind = "shifting"`."""

    hours: str = Field(description="CSV: requests_per_s of each hour, and a column of g_per_kwh for each grid")
    times: AtLeast0 = Field(default=1.0, description="the demand is so many times that of the table")
    deferrable: Share = Field(default=0.0, description="share of each hour's requests that may be served later")
    defer_h: int = Field(default=0, ge=0, le=168, description="hours later, at most")
    repeats: bool = Field(default=False, description="the first hour follows the last one, as when days are alike")
    usd_per_tonne: AtLeast0 = Field(default=0.0, description="price of a tonne of CO2e in the total")
    machine: list[ShiftingMachineTable] = Field(default=[])
    function: ShiftingFunctionTable | None = None
