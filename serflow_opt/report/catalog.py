"""The catalogue as a table for people and as documents for programs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from rich.console import Group, RenderableType

from serflow_opt.ground.sheet import Sheet, facts_table
from serflow_opt.problem.catalog import Catalog


def as_documents(catalog: Catalog) -> dict[str, list[dict[str, Any]]]:
    """Return every row with every field; dates as text."""
    return {
        "vms": [asdict(vm) | {"as_of": vm.as_of.isoformat()} for vm in catalog.vms],
        "functions": [asdict(f) | {"as_of": f.as_of.isoformat()} for f in catalog.functions],
    }


def as_table(catalog: Catalog) -> RenderableType:
    """Lay out VM types, then functions, then where the figures come from."""
    parts: list[RenderableType] = []
    every = dict.fromkeys([*(vm.source for vm in catalog.vms), *(row.source for row in catalog.functions)])
    sources = {source: str(n) for n, source in enumerate(every, start=1)}
    if catalog.vms:
        titles = ["name", "region", "arch", "vCPUs", "memory GiB", "GPU", "USD/hour", "as of", "source"]
        rows = []
        for vm in catalog.vms:
            gpu = f"{vm.gpu_count} x {vm.gpu}" if vm.gpu else ""
            size = f"{vm.vcpus:g}", f"{vm.memory_mb / 1024:g}"
            price = f"{vm.usd_per_hour:g}", vm.as_of.isoformat(), sources[vm.source]
            rows.append((vm.name, vm.region, vm.arch, *size, gpu, *price))
        parts += [_table(titles, rows, keys=2), ""]
    if catalog.functions:
        titles = [
            "name",
            "region",
            "arch",
            "memory MB",
            "longest s",
            "call MB",
            "USD/GB-s",
            "USD/million",
            "as of",
            "source",
        ]
        functions = []
        for row in catalog.functions:
            most = f"{row.memory_min_mb:g}..{row.memory_max_mb:g}", f"{row.duration_max_s:g}"
            call = f"{row.payload_max_bytes / 2**20:g}"
            usd = f"{row.usd_per_gb_s:g}", f"{row.usd_per_request * 1e6:g}"
            dated = row.as_of.isoformat(), sources[row.source]
            functions.append((row.name, row.region, row.arch, *most, call, *usd, *dated))
        parts += [_table(titles, functions, keys=3), ""]
    return Group(*parts, facts_table((f"source {n}", source) for source, n in sources.items()))


def _table(titles: Sequence[str], rows: Sequence[Sequence[str]], keys: int) -> Sheet:
    return Sheet(titles, rows, left=("name", "region", "arch", "GPU", "as of"), keys=keys)
