"""Watts and grids of the catalogue: rows against the figures they were derived from, and that they lead somewhere."""

from __future__ import annotations

from datetime import date

import pytest

from serflow_opt.problem.catalog import load_catalog
from serflow_opt.problem.catalog.carbon import known_grids, known_watts

HOURS = 4 * 365 * 24


@pytest.mark.parametrize(
    ("key", "idle", "full", "kilograms", "vcpus", "server"),
    [
        (("aws", "c5.large"), 4.9, 18.0, 1344.29, 2, 72),
        (("aws", "m6g.large"), 3.1, 10.5, 1333.12, 2, 64),
        (("aws", "m6i.32xlarge"), 292.1, 1038.3, 1788.46, 128, 128),
        (("aws", "g4dn.xlarge"), 16.4, 104.0, 3010.79, 4, 96),
        (("gcp", "n2-standard-4"), 4 * 0.63895, 4 * 3.64245, 1888.46, 4, 128),
    ],
)
def test_watts_are_those_of_their_source(
    key: tuple[str, str], idle: float, full: float, kilograms: float, vcpus: int, server: int
) -> None:
    """Idle and full watts as published; the server's carbon over four years, by its share of the vCPUs."""
    row = known_watts()[key]
    assert (row.watts_idle, row.watts_full) == pytest.approx((idle, full), rel=1e-3)
    assert row.embodied_g_per_hour == pytest.approx(kilograms * 1000 * vcpus / server / HOURS, rel=1e-3)
    assert row.source
    assert row.as_of < date(2026, 12, 1)


def test_machines_of_the_table_are_in_the_catalogue() -> None:
    """Every row but those of functions names a type that is priced; it draws more at work than idle."""
    priced = {(vm.provider, vm.name) for vm in load_catalog().vms}
    functions = {(f.provider, f"{f.name} {f.arch}") for f in load_catalog().functions}
    assert set(known_watts()) <= priced | functions
    assert all(0 < row.watts_idle < row.watts_full for row in known_watts().values())


def test_grids_are_those_of_their_source() -> None:
    """Google's own figures for its regions, eGRID and the EEA's for others, with the PUE of each cloud."""
    found = {region: (known_grids()[region].g_per_kwh, known_grids()[region].pue) for region in REGIONS}
    assert found == REGIONS
    clouds = {row.provider for row in known_grids().values()}
    priced = {vm.region for vm in load_catalog().vms if vm.provider in clouds}
    assert priced - set(known_grids()) == {"japaneast"}  # the source has no figure for it


REGIONS = {
    "us-east-1": (415.755, 1.135),
    "eu-west-1": (316.0, 1.135),
    "europe-west9": (34.0, 1.1),
    "us-central1": (430.0, 1.1),
    "westeurope": (390.0, 1.185),
}
