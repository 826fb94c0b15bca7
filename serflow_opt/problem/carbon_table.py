"""The table of an instance file that has carbon counted."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from serflow_opt.problem.key_types import InstanceTable, NonNegative


class CarbonTable(InstanceTable):
    """[carbon]: grams of CO2e are counted; what the catalogue knows of types and regions is the default."""

    g_per_kwh: NonNegative | None = Field(
        default=None, description="grams of CO2e of a kWh, wherever a tier does not say; default: of its region"
    )
    pue: Annotated[float, Field(ge=1, le=10)] | None = Field(
        default=None, description="kWh taken for each that VMs and functions use, wherever a tier does not say"
    )
    hours: str | None = Field(
        default=None,
        description="CSV: grams of CO2e of a kWh, a column a grid (or g_per_kwh) and a row an hour; means in plans",
    )
    first_hour: Annotated[int, Field(ge=0)] = Field(
        default=0, description="row of that table, from 0, at which traces begin; behind the last it begins anew"
    )
    embodied: bool = Field(default=True, description="whether the carbon of making machines counts")
