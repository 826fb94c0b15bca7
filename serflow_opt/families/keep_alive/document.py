"""Keep-alive and pre-warm windows: the tables of their files."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from serflow_opt.families.standard import Tables


class KeepAliveTables(Tables):
    """The tables of a keep-alive instance."""

    kind: Literal["keep-alive"]
    idle_times: str = Field(description="CSV beside the file: idle_s, and count where one comes more than once")
    resolution_s: float = Field(default=0.0, ge=0, allow_inf_nan=False, description="idle times are rounded up to this")
    memory_gb: float = Field(default=1.0, gt=0, allow_inf_nan=False, description="of the loaded function")
    usd_per_gb_s: float = Field(ge=0, allow_inf_nan=False, description="of being loaded")
    usd_per_cold_start: float = Field(default=0.0, ge=0, allow_inf_nan=False, description="what one is worth")
    rate_per_s: float | None = Field(
        default=None, gt=0, allow_inf_nan=False, description="requests a second; left out: as idle times say"
    )
