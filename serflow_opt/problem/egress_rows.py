"""The catalogue's prices of bytes that leave a region, tier by tier."""

from __future__ import annotations

import csv
from dataclasses import asdict, dataclass
from functools import cache
from importlib import resources
from typing import Any


@dataclass(frozen=True, slots=True)
class EgressRow:
    """One tier of a tariff: where it ends, GB of a month (None: nowhere), its price, and where that is from."""

    name: str
    provider: str
    region: str
    to: str
    up_to_gb: float | None
    usd_per_gb: float
    as_of: str
    source: str

    def to_dict(self) -> dict[str, Any]:
        """Return every field."""
        return asdict(self)


@cache
def egress_rows() -> tuple[EgressRow, ...]:
    """Return the tiers of all tariffs, as the catalogue's file has them."""
    table = resources.files("serflow_opt.problem.catalog").joinpath("egress.csv").read_text(encoding="utf-8")
    return tuple(
        EgressRow(
            row["name"],
            row["provider"],
            row["region"],
            row["to"],
            float(row["up_to_gb"]) if row["up_to_gb"] else None,
            float(row["usd_per_gb"]),
            row["as_of"],
            row["source"],
        )
        for row in csv.DictReader(table.splitlines())
    )
