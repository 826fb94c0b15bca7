"""Rows of the shipped catalogue."""

from __future__ import annotations

import csv
import dataclasses
import random
import sys
from collections import Counter
from datetime import date
from pathlib import Path

import pytest
from support.raw_data import DATA

from serflow_opt.problem.catalog import Catalog

FOLDER = Path(sys.modules[Catalog.__module__].__file__ or "").parent


def test_every_row_has_a_source_and_a_day(catalog: Catalog) -> None:
    """A price without a date cannot be doubted."""
    for row in (*catalog.vms, *catalog.functions, *catalog.commitments):
        assert row.source
        assert date(2025, 3, 2) <= row.as_of <= date(2026, 12, 31)


def test_shipped_rows_agree_with_themselves(catalog: Catalog) -> None:
    """Keys are unique, spot is never dearer than on demand, and GPUs have memory."""
    assert len(catalog.vms) == len({vm.key for vm in catalog.vms}) == 986 + 94
    assert len(catalog.functions) == len({row.key for row in catalog.functions}) == 36
    assert len(catalog.commitments) == len({row.key for row in catalog.commitments}) == 20
    for vm in catalog.vms:
        assert (vm.gpu_count > 0) == (vm.gpu_memory_mb > 0) == bool(vm.gpu)
        if vm.provider == "aws":
            assert vm.name.startswith(f"{vm.family}.")
            assert vm.arch == ("arm64" if vm.family.endswith("g") else "x86_64")
        if vm.term == "spot":
            assert vm.usd_per_hour < catalog.vm(vm.name, vm.region).usd_per_hour


def test_sizes_that_no_source_tells_are_unknown(catalog: Catalog) -> None:
    """Only of GPUs, vCPUs and memory together, and never 0; their architecture only where the chip is Arm's."""
    unknown = [vm for vm in catalog.vms if vm.vcpus is None]
    assert unknown == [vm for vm in catalog.vms if vm.memory_mb is None]
    assert len(unknown) == 89
    assert all(vm.gpu for vm in unknown)
    assert {vm.gpu for vm in unknown if vm.arch} == {"GH200", "GB200"}
    counts = Counter((vm.provider, vm.billing) for vm in unknown)
    assert counts == {
        ("gcp", "gpu-only"): 24,
        ("lambda_labs", "per-hour"): 9,
        ("lambda_labs", "per-gpu"): 4,
        ("coreweave", "per-gpu"): 9,
        ("modal", "per-second"): 10,
        ("runpod", "per-second"): 29,
        ("replicate", "per-second"): 4,
    }


def test_thirty_gpu_prices_are_those_of_their_source() -> None:
    """Drawn by chance: name, GPUs, memory, rent and day; a second's price is rounded to 1e-6 USD there."""
    raw = DATA / "prices" / "gpu_offers.csv"
    if not raw.exists():
        pytest.skip("the collected prices are not here (set SERFLOW_OPT_DATA)")
    with raw.open(encoding="utf-8", newline="") as file:
        offers = list(csv.DictReader(file))
    with (FOLDER / "gpus.csv").open(encoding="utf-8", newline="") as file:
        shipped = random.Random(20).sample(list(csv.DictReader(file)), 30)
    for row in shipped:
        region = "" if row["region"].startswith(row["provider"]) else row["region"]
        kind = "community" if row["region"].endswith("-community") else ""
        (offer,) = (
            one
            for one in offers
            if (one["provider"], one["region"], one["name"]) == (row["provider"], region, row["name"])
            and ("community" in one["service"]) == bool(kind)
        )
        assert float(row["usd_per_hour"]) == float(offer["usd_per_hour"])
        assert (row["as_of"], row["source"], row["gpu_count"]) == (offer["as_of"], offer["source"], offer["gpu_count"])
        assert int(row["gpu_memory_mb"]) == 1024 * int(offer["gpu_memory_gb"])
        assert (row["vcpus"], bool(row["memory_mb"])) == (offer["vcpus"], bool(offer["memory_gb"]))
        assert offer["gpu"].upper().startswith(row["gpu"].partition("/")[0])
        assert (row["billing"] == "per-second") == (offer["billing"] == "per second of use")
        if offer["usd_per_second"]:
            assert float(row["usd_per_hour"]) / 3600 == pytest.approx(float(offer["usd_per_second"]), abs=6e-7)


def test_no_family_is_at_prices_of_dedicated_machines(catalog: Catalog) -> None:
    """These are 6 or 10 % dearer; Ohio and Oregon have Virginia's prices, elsewhere those of a class are alike."""
    by = {(vm.name, vm.region): vm for vm in catalog.vms if vm.provider == "aws" and vm.term == "on-demand"}
    beside: dict[tuple[str, str], list[float]] = {}
    for (name, region), vm in by.items():
        if (name, "us-east-1") in by:
            ratio = vm.usd_per_hour / by[name, "us-east-1"].usd_per_hour
            if region in ("us-east-2", "us-west-2"):
                assert abs(ratio - 1) < 0.002, (name, region)
            if vm.family[0] in "cm" and vm.arch == "x86_64":
                beside.setdefault((vm.family[0], region), []).append(ratio)
    assert all(max(ratios) < 1.05 * min(ratios) for ratios in beside.values())


def test_what_is_burstable(catalog: Catalog) -> None:
    """AWS's T, Azure's B and Google's shared cores; the e2-standard types are not."""
    names = {vm.name for vm in catalog.vms if vm.burstable}
    assert {"t3.large", "t4g.nano", "Standard_B2s", "e2-medium"} <= names
    assert names.isdisjoint({"e2-standard-2", "c6i.large", "Standard_F2s_v2"})


def test_shipped_columns_are_the_fields(catalog: Catalog) -> None:
    """The files have a column for each field, in order, so that none is dropped in silence."""
    for name, row in (
        ("gpus.csv", catalog.vms[0]),
        ("functions.csv", catalog.functions[0]),
        ("terms.csv", catalog.commitments[0]),
    ):
        with (FOLDER / name).open(encoding="utf-8", newline="") as file:
            assert next(csv.reader(file)) == [field.name for field in dataclasses.fields(row)]
    with (FOLDER / "vms.csv").open(encoding="utf-8", newline="") as file:  # all are paid by the hour
        assert next(csv.reader(file)) == [own.name for own in dataclasses.fields(catalog.vms[0])][:-1]
