"""[[egress]] of an instance file, key by key."""

from __future__ import annotations

from pydantic import Field

from serflow_opt.problem.key_types import InstanceTable, Name, NonNegative, Positive


class EgressTierTable(InstanceTable):
    """One tier of volume: its end and its price."""

    up_to_gb: Positive | None = Field(
        default=None, description="where the tier ends, 10^9 bytes of a month; the last tier has no end"
    )
    usd_per_gb: NonNegative = Field(description="of each 10^9 bytes within the tier")


class EgressTable(InstanceTable):
    """[[egress]]: prices by volume of a month, shared by the links that name it."""

    name: Name = Field(description="what links call it")
    tiers: list[EgressTierTable] = Field(
        default=[], description="{up_to_gb, usd_per_gb}, one after the other; left out: the catalogue's of that price"
    )
    price: Name | None = Field(
        default=None, description="tariff of the catalogue, as aws-internet; default: that of its name"
    )
    free_gb: NonNegative = Field(default=0.0, description="of a month that cost nothing, before the first tier's price")
    other_gb_per_month: NonNegative = Field(
        default=0.0, description="what the account sends besides: it fills the first tiers, and is paid for elsewhere"
    )
