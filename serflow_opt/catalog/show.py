"""The catalogue as a table for people and as documents for programs."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table

from serflow_opt.catalog import Catalog


def as_documents(catalog: Catalog) -> dict[str, list[dict[str, Any]]]:
    """Return every row with every field; dates as text."""
    return {
        "vms": [asdict(vm) | {"as_of": vm.as_of.isoformat()} for vm in catalog.vms],
        "functions": [asdict(f) | {"as_of": f.as_of.isoformat()} for f in catalog.functions],
    }


def as_table(catalog: Catalog) -> RenderableType:
    """Lay out VM types, then functions."""
    parts: list[RenderableType] = []
    if catalog.vms:
        table = _table("name", "region", "arch", "vCPUs", "memory GiB", "GPU", "USD/hour", "as of", "source")
        for vm in catalog.vms:
            gpu = f"{vm.gpu_count} x {vm.gpu}" if vm.gpu else ""
            size = f"{vm.vcpus:g}", f"{vm.memory_mb / 1024:g}"
            price = f"{vm.usd_per_hour:g}", vm.as_of.isoformat(), vm.source
            table.add_row(vm.name, vm.region, vm.arch, *size, gpu, *price)
        parts.append(table)
    if catalog.functions:
        table = _table("name", "region", "arch", "memory MB", "USD/GB-s", "USD/million", "as of", "source")
        for row in catalog.functions:
            memory = f"{row.memory_min_mb:g}..{row.memory_max_mb:g}"
            price = f"{row.usd_per_gb_s:g}", f"{row.usd_per_request * 1e6:g}", row.as_of.isoformat()
            table.add_row(row.name, row.region, row.arch, memory, *price, row.source)
        parts.append(table)
    return Group(*parts)


def _table(*titles: str) -> Table:
    table = Table(show_edge=False, box=None, header_style="bold", padding=(0, 2, 0, 0))
    for title in titles:
        numeric = title[0].isupper() or title in ("vCPUs", "memory GiB", "memory MB")
        table.add_column(title, justify="right" if numeric else "left", overflow="fold")
    return table
