"""The catalogue as a table for people and as documents for programs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from rich.console import Group, RenderableType

from serflow_opt.ground.sheet import Sheet, facts_table
from serflow_opt.problem.catalog import ON_DEMAND, Catalog
from serflow_opt.problem.catalog.rows import PER_HOUR
from serflow_opt.problem.egress_rows import EgressRow


def as_documents(catalog: Catalog) -> dict[str, list[dict[str, Any]]]:
    """Return every row with every field; dates as text."""
    return {
        "vms": [asdict(vm) | {"as_of": vm.as_of.isoformat()} for vm in catalog.vms],
        "functions": [asdict(f) | {"as_of": f.as_of.isoformat()} for f in catalog.functions],
        "commitments": [asdict(one) | {"as_of": one.as_of.isoformat()} for one in catalog.commitments],
    }


def as_table(catalog: Catalog) -> RenderableType:
    """Lay out VM types, then functions, then where the figures come from."""
    parts: list[RenderableType] = []
    every = dict.fromkeys(row.source for row in catalog.rows)
    sources = {source: str(n) for n, source in enumerate(every, start=1)}
    if catalog.vms:
        otherwise = any(vm.billing != PER_HOUR for vm in catalog.vms)
        billed = ["billing"] if otherwise else []
        titles = [
            "name",
            "region",
            "term",
            "arch",
            "vCPUs",
            "memory GiB",
            "GPU",
            *billed,
            "USD/hour",
            "as of",
            "source",
        ]
        rows = []
        for vm in catalog.vms:
            gpu = f"{vm.gpu_count} x {vm.gpu}" if vm.gpu else ""
            size = _known(vm.vcpus), _known(None if vm.memory_mb is None else vm.memory_mb / 1024)
            price = f"{vm.usd_per_hour:g}", vm.as_of.isoformat(), sources[vm.source]
            billing = (vm.billing,) if otherwise else ()
            rows.append((vm.name, vm.region, vm.term, vm.arch or "-", *size, gpu, *billing, *price))
        parts += [_table(titles, rows, keys=3), ""]
    if catalog.functions:
        titles = [
            "name",
            "region",
            "arch",
            "memory MB",
            "longest s",
            "call MB",
            "USD/GB-s",  # the vCPUs that come with it included
            "USD/million",
            "as of",
            "source",
        ]
        functions = []
        for row in catalog.functions:
            most = f"{row.memory_min_mb:g}..{row.memory_max_mb:g}", f"{row.duration_max_s:g}"
            call = f"{row.payload_max_bytes / 2**20:g}"
            usd = f"{row.usd_per_gb_s_with_vcpus:g}", f"{row.usd_per_request * 1e6:g}"
            dated = row.as_of.isoformat(), sources[row.source]
            functions.append((row.name, row.region, row.arch, *most, call, *usd, *dated))
        parts += [_table(titles, functions, keys=3), ""]
    if catalog.commitments:
        titles = ["provider", "term", "months", "paid at once", "discount", "as of", "source"]
        terms = []
        for one in catalog.commitments:
            shares = f"{one.upfront_fraction:.0%}", f"{one.discount:.0%}"
            terms.append((one.provider, one.term, f"{one.months}", *shares, one.as_of.isoformat(), sources[one.source]))
        parts += [_table(titles, terms, keys=2), ""]
    return Group(*parts, facts_table((f"source {n}", source) for source, n in sources.items()))


def as_summary(catalog: Catalog) -> RenderableType:
    """Count what there is by cloud, region and term, with the days of its prices."""
    titles = ["cloud", "region", "term", "VM types", "with GPUs", "functions", "oldest", "newest"]
    keys: dict[tuple[str, str, str], None] = dict.fromkeys((vm.provider, vm.region, vm.term) for vm in catalog.vms)
    keys |= dict.fromkeys((row.provider, row.region, ON_DEMAND) for row in catalog.functions)
    rows = []
    for provider, region, term in sorted(keys):
        vms = [vm for vm in catalog.vms if (vm.provider, vm.region, vm.term) == (provider, region, term)]
        functions = [f for f in catalog.functions if (f.provider, f.region, ON_DEMAND) == (provider, region, term)]
        days = sorted([*(vm.as_of.isoformat() for vm in vms), *(f.as_of.isoformat() for f in functions)])
        counts = f"{len(vms)}", f"{sum(bool(vm.gpu) for vm in vms)}", f"{len(functions)}"
        rows.append((provider, region, term, *counts, days[0], days[-1]))
    terms = ", ".join(dict.fromkeys(one.term for one in catalog.commitments))
    hint = "list them: serflow-opt catalog --region us-east-1, --term spot, --gpu '*', 'c7g.*'"
    return Group(_table(titles, rows, keys=3), "", f"commitments: {terms or 'none'}", hint)


def egress_table(rows: Sequence[EgressRow]) -> RenderableType:
    """Lay out prices of bytes that leave, a row a tier."""
    sources = {source: str(n) for n, source in enumerate(dict.fromkeys(row.source for row in rows), start=1)}
    titles = ["name", "provider", "region", "to", "up to GB/month", "USD/GB", "as of", "source"]
    laid = [
        (
            row.name,
            row.provider,
            row.region,
            row.to,
            "-" if row.up_to_gb is None else f"{row.up_to_gb:,.10g}",
            f"{row.usd_per_gb:g}",
            row.as_of,
            sources[row.source],
        )
        for row in rows
    ]
    return Group(_table(titles, laid, keys=2), "", facts_table((f"source {n}", own) for own, n in sources.items()))


def _known(size: float | None) -> str:
    return "-" if size is None else f"{size:g}"


def _table(titles: Sequence[str], rows: Sequence[Sequence[str]], keys: int) -> Sheet:
    return Sheet(
        titles,
        rows,
        left=(
            "name",
            "cloud",
            "provider",
            "region",
            "term",
            "arch",
            "GPU",
            "billing",
            "to",
            "as of",
            "oldest",
            "newest",
        ),
        keys=keys,
    )
