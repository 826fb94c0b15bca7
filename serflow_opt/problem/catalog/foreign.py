"""Price files of other tools, turned into rows of ours: SkyPilot's catalogues and Infracost's price dumps."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path

from serflow_opt.errors import InputError, Problem
from serflow_opt.problem.catalog.read import VMS

Record = Mapping[str, str]
Made = dict[str, str]

SKYPILOT = frozenset({"InstanceType", "Price", "Region"})
INFRACOST = frozenset({"vendorName", "region", "attributes", "prices"})
COLUMNS = tuple(column.name for column in VMS.columns)


def foreign_rows(text: str, path: str, as_of: date) -> tuple[list[Made], dict[str, list[str]]]:
    """Return rows of VM types made of a foreign CSV file, and by reason the names of those of its rows left out.

    Left out is what is no machine rented by the hour under Linux with shared tenancy, has no price, or neither a GPU
    nor vCPUs and memory; with a GPU these may be unknown. Of several rows of one type, region and term (availability
    zones) the cheapest is taken.

    Parameters
    ----------
    text
        The file. SkyPilot's has the columns InstanceType, AcceleratorName, AcceleratorCount, vCPUs, MemoryGiB, Price,
        SpotPrice, Region; Infracost's vendorName, service, region, attributes, prices, the last two in JSON.
    path
        Its name, for messages and as the source of the rows.
    as_of
        The day of the prices.

    Raises
    ------
    InputError
        When the header is of neither, or nothing is left.
    """
    records = list(csv.DictReader(io.StringIO(text)))
    header = set(records[0]) if records else set()
    made_of: Callable[[Record], list[Made] | str]
    if header >= SKYPILOT:
        made_of = _of_skypilot
    elif header >= INFRACOST:
        made_of = _of_infracost
    else:
        kinds = f"{', '.join(sorted(SKYPILOT))} (SkyPilot) or {', '.join(sorted(INFRACOST))} (Infracost)"
        raise InputError([Problem(path, "line 1", "columns of no known price file", f"known: {kinds}")])
    cheapest: dict[tuple[str, str, str], Made] = {}
    out: dict[str, list[str]] = {}
    for record in records:
        made = made_of(record)
        if isinstance(made, str):
            out.setdefault(made, []).append(_called(record))
            continue
        for row in made:
            row |= {"source": Path(path).name, "as_of": as_of.isoformat()}
            key = row["name"], row["region"], row["term"]
            old = cheapest.get(key)
            if old is None or float(row["usd_per_hour"]) < float(old["usd_per_hour"]):
                cheapest[key] = row
    if not cheapest:
        why = "; ".join(f"{len(names)} {reason}" for reason, names in out.items())
        cure = f"check that it is the right file ({why})" if why else "check that it is the right file"
        raise InputError([Problem(path, "", "no machine with a price and a memory", cure)])
    return list(cheapest.values()), out


def _called(record: Record) -> str:
    """What a foreign row is of."""
    if name := record.get("InstanceType") or record.get("AcceleratorName"):
        return name
    try:
        said = json.loads(record.get("attributes") or "{}")
    except ValueError:
        return "?"
    return str(next((said[key] for key in NAMED if said.get(key)), "?"))


def _number(text: str | None) -> float | None:
    try:
        value = float(text or "")
    except ValueError:
        return None
    return value if 0 < value < float("inf") else None


def _machine(
    name: str, region: str, vcpus: float | None, gib: float | None, arch: str, gpu: str, count: float
) -> Made | str:
    """A row of ours, or why there is none."""
    if gpu.lower().startswith("tpu"):
        return "TPUs, paid beside a machine"
    if not gpu and (vcpus is None or gib is None):
        return "without vCPUs or memory, and without a GPU"
    return {
        "name": name,
        "region": region,
        "arch": arch if vcpus is not None else "",
        "vcpus": "" if vcpus is None else f"{vcpus:g}",
        "memory_mb": "" if gib is None else f"{round(gib * 1024)}",
        "gpu": gpu,
        "gpu_count": f"{round(count)}" if gpu else "0",
    }


def _of_skypilot(record: Record) -> list[Made] | str:
    """One row a term; `Arch` where the file has it, else by the names of AWS, Azure and Google."""
    name, region = record["InstanceType"], record["Region"]
    vcpus, gib = _number(record.get("vCPUs")), _number(record.get("MemoryGiB"))
    if not region:
        return "without a region"
    arch = record.get("Arch") or ("arm64" if ARM.search(name) else "x86_64")
    gpu, count = record.get("AcceleratorName") or "", _number(record.get("AcceleratorCount")) or 0.0
    base = _machine(name or gpu, region, vcpus, gib, arch, gpu if count >= 1 else "", count)
    if isinstance(base, str):
        return base
    if base["gpu"] and (size := GPU_MIB.search(record.get("GpuInfo") or "")):
        base["gpu_memory_mb"] = size[1]
    prices = {"on-demand": _number(record["Price"]), "spot": _number(record.get("SpotPrice"))}
    made = [base | {"term": term, "usd_per_hour": f"{usd:.9g}"} for term, usd in prices.items() if usd is not None]
    return made or "without a price"


ARM = re.compile(r"^[a-z]+\d+g[a-z]*\.|^t2a-|^c4a-|^n4a-|^Standard_[A-Z]+\d+p")
"""Graviton; Tau T2A and Axion; Ampere and Cobalt of Azure."""


GPU_MIB = re.compile(r"SizeInMiB\D+(\d+)")
"""Memory of one GPU, in SkyPilot's GpuInfo."""
NAMED = ("instanceType", "armSkuName", "machineType")


def _of_infracost(record: Record) -> list[Made] | str:
    """Machines under Linux, shared tenancy, without software of their own."""
    try:
        said, prices = json.loads(record["attributes"]), json.loads(record["prices"])
    except ValueError:
        return "not JSON in attributes or prices"
    if isinstance(prices, dict):  # dumps of newer versions hold prices by their hash
        prices = [one for many in prices.values() for one in many]
    name = next((said[key] for key in NAMED if said.get(key)), "")
    gib, vcpus = _number(str(said.get("memory", "")).split(" ")[0].replace(",", "")), _number(str(said.get("vcpu", "")))
    usual = {"operatingSystem": "Linux", "tenancy": "Shared", "preInstalledSw": "NA", "capacitystatus": "Used"}
    if not name:
        return "no type of machines"
    if any(said.get(key, value) != value for key, value in usual.items()):
        return "not Linux on shared machines without software of their own"
    arch = "arm64" if ARM.search(name) else "x86_64"
    gpu, count = said.get("gpuModel", ""), _number(str(said.get("gpu", ""))) or 0.0
    base = _machine(name, record["region"], vcpus, gib, arch, gpu if count >= 1 else "", count)
    if isinstance(base, str):
        return base
    base["provider"] = record["vendorName"]
    made = []
    for price in prices:
        term = {"on_demand": "on-demand", "spot": "spot", "preemptible": "spot"}.get(price.get("purchaseOption", ""))
        usd = _number(price.get("USD"))
        if term is not None and usd is not None and price.get("unit", "Hrs") in ("Hrs", "1 Hour", "hours", "h"):
            made.append(base | {"term": term, "usd_per_hour": f"{usd:.9g}"})
    return made or "without a price by the hour"


def as_csv(rows: list[Made]) -> str:
    """Return rows as a price file of ours."""
    used = [column for column in COLUMNS if any(column in row for row in rows)]
    text = io.StringIO()
    writer = csv.DictWriter(text, used, lineterminator="\n", restval="")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()
