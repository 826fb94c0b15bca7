"""The month's bill of prices by volume, as documents have it."""

from __future__ import annotations

from pydantic import Field

from serflow_opt.ground.document import Document


class EgressBill(Document):
    """What leaves in a month over the links that share prices by volume, and what that costs."""

    name: str
    gb_per_month: float = Field(description="10^9 bytes, at the rate")
    usd_per_month: float
    usd_per_gb: float = Field(description="of the next byte")
