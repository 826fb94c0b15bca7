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
        default=None, description="kWh taken for each that machines use, wherever a tier does not say"
    )
    embodied: bool = Field(default=True, description="whether the carbon of making machines counts")
