"""What the catalogue knows of carbon: watts of machines and functions, and grids by region, each with its source."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib import resources


@dataclass(frozen=True, slots=True)
class Watts:
    """What a machine, or a vCPU of a function, draws, and the carbon of making it.

    Attributes
    ----------
    name
        Type of the machine as its provider calls it; of functions service and architecture.
    watts_idle, watts_full
        With nothing to do, and with all to do.
    embodied_g_per_hour
        Grams of CO2e of making it, over four years of use.
    source, as_of
        Where the figures come from, and their day.
    """

    provider: str
    name: str
    watts_idle: float
    watts_full: float
    embodied_g_per_hour: float
    source: str
    as_of: date


@dataclass(frozen=True, slots=True)
class GridPower:
    """Where a region's power comes from.

    Attributes
    ----------
    g_per_kwh
        Grams of CO2e of a kWh from the grid, mean of a year.
    pue
        kWh from the grid for each that machines take.
    source, as_of
        Where the figures come from, and their day; where they have none, the day they were collected.
    """

    provider: str
    region: str
    g_per_kwh: float
    pue: float
    source: str
    as_of: date


@cache
def _rows(table: str) -> list[dict[str, str]]:
    with (resources.files(__package__) / f"{table}.csv").open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


@cache
def known_watts() -> dict[tuple[str, str], Watts]:
    """Return all rows of `watts.csv` by provider and name."""
    made = [
        Watts(
            row["provider"],
            row["name"],
            float(row["watts_idle"]),
            float(row["watts_full"]),
            float(row["embodied_g_per_hour"]),
            row["source"],
            date.fromisoformat(row["as_of"]),
        )
        for row in _rows("watts")
    ]
    return {(one.provider, one.name): one for one in made}


@cache
def known_grids() -> dict[str, GridPower]:
    """Return all rows of `grid.csv` by region."""
    made = [
        GridPower(
            row["provider"],
            row["region"],
            float(row["g_per_kwh"]),
            float(row["pue"]),
            row["source"],
            date.fromisoformat(row["as_of"]),
        )
        for row in _rows("grid")
    ]
    return {one.region: one for one in made}
