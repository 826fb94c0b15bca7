"""Make a problem of the tables of a file: times and prices of every size and batch, and all that is wrong with them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from serflow_opt.errors import Problem
from serflow_opt.families.batching import document as tables
from serflow_opt.families.batching.problem import Application, Batching, FunctionKind
from serflow_opt.families.tables import check_names
from serflow_opt.ground.tolerances import ROUNDING
from serflow_opt.problem.tables import Column, read_table

Array = NDArray[np.float64]
MB_PER_GB = 1024.0
CURVE = ("mean_a", "mean_b", "mean_c", "max_a", "max_b", "max_c")


def read(
    document: tables.BatchingTables, path: Path, catalogs: Sequence[str | Path], problems: list[Problem]
) -> Batching | None:
    """Return the problem of a file; None, with faults appended, where it has any.

    Parameters
    ----------
    document
        Its tables, each valid in itself.
    path
        The file: tables of times stand beside it.
    catalogs
        Not looked at: prices stand in the file itself.
    problems
        Receives every fault.
    """
    before, file = len(problems), str(path)
    _check_names(document, file, problems)
    _check_slices(document, file, problems)
    cautions: list[str] = []
    functions = [_function(own, document, path, cautions, problems) for own in document.function]
    applications = tuple(
        sorted(
            (Application(own.name, own.slo_ms / 1000, own.rate_per_s) for own in document.application),
            key=lambda own: own.slo_s,
        )
    )
    known = [own for own in functions if own is not None]
    promises = document.promises
    shares = sorted(set(promises.values() if isinstance(promises, tables.SizesTable) else promises))
    if not shares or shares[-1] > 1:
        problems.append(Problem(file, "promises", f"{shares[-1:] or 'none'}", "give shares of the targets, up to 1"))
    if len(problems) > before:
        return None
    _check_targets(applications, known, shares[-1], file, problems)
    if len(problems) > before:
        return None
    return Batching(
        applications,
        tuple(known),
        document.arrivals,
        document.groups,
        tuple(shares),
        document.currency.name,
        document.currency.per_usd,
        tuple(cautions),
    )


def _check_names(document: tables.BatchingTables, file: str, problems: list[Problem]) -> None:
    names = {
        "application": [own.name for own in document.application],
        "function": [own.name for own in document.function],
    }
    check_names(names, file, problems)
    count = len(document.application)
    if document.groups == "any" and count > tables.MOST_ANY:
        cure = f'at most {tables.MOST_ANY} applications, or groups = "contiguous"'
        problems.append(Problem(file, "groups", f"any of {count} applications", cure))
    currency = document.currency
    if currency.name != "USD" and "per_usd" not in currency.model_fields_set:
        problems.append(Problem(file, "currency.per_usd", "missing", f"write how many {currency.name} a USD is"))
    if currency.name == "USD" and currency.per_usd != 1:
        problems.append(Problem(file, "currency.name", "'USD'", "name the currency of the prices, or leave it out"))


def _check_slices(document: tables.BatchingTables, file: str, problems: list[Problem]) -> None:
    """Name slices of time on a card that no target is long enough for: whoever has a part of it waits for some."""
    longest = max((own.slo_ms for own in document.application), default=math.inf)
    for table in document.function:
        slices = table.gpu_times
        if slices is not None and slices.slice_s * 1000 > longest:
            found = f"{slices.slice_s:g} s, and no target is above {longest:g} ms"
            cure = "write the seconds of a slice: a few thousandths, as 0.002"
            problems.append(Problem(file, f"function '{table.name}'.gpu_times.slice_s", found, cure))


def _check_targets(
    applications: Sequence[Application],
    functions: Sequence[FunctionKind],
    share: float,
    file: str,
    problems: list[Problem],
) -> None:
    """Name those whose target no function keeps even for a request alone."""
    best = math.inf
    fastest = ""
    for own in functions:
        offered = np.where(np.isnan(own.usd_per_s), np.inf, own.longest_s)
        s, b = np.unravel_index(int(np.argmin(offered)), offered.shape)
        if offered[s, b] < best:
            best = float(offered[s, b])
            fastest = f"{own.name} of {own.sizes[s]:g} {own.unit}, batch {own.batches[b]}"
    for app in applications:
        if share * app.slo_s < best:
            asked = f"{app.slo_s * 1000:g} ms" + (f", of which {share:g} can be promised" if share < 1 else "")
            cure = f"at least {best / share * 1000:.6g} ms: the fastest is {fastest}"
            problems.append(Problem(file, f"application '{app.name}'.slo_ms", asked, cure))


def _function(
    table: tables.FunctionTable,
    document: tables.BatchingTables,
    path: Path,
    cautions: list[str],
    problems: list[Problem],
) -> FunctionKind | None:
    """Return a function, or None where something is wrong with it."""
    before, file, place = len(problems), str(path), f"function '{table.name}'"
    given = table.vcpus if table.vcpus is not None else table.gpu_gb
    sizes = given.values() if isinstance(given, tables.SizesTable) else list(given or ())
    offered = table.batch
    batches = list(range(offered.from_, offered.to + 1)) if isinstance(offered, tables.BatchesTable) else list(offered)
    key = "vcpus" if table.vcpus is not None else "gpu_gb"
    for name, values in ((key, sizes), ("batch", batches)):
        if not values or len(set(values)) < len(values):
            problems.append(Problem(file, f"{place}.{name}", "repeats" if values else "none", "list each value once"))
    if batches and not 1 <= min(batches) <= max(batches) <= tables.MOST_BATCH:
        cure = f"batches of 1 to {tables.MOST_BATCH:,} requests"
        problems.append(Problem(file, f"{place}.batch", f"{min(batches)} to {max(batches)}", cure))
    sizes, batches = sorted(sizes), sorted(batches)
    if len(problems) > before:
        return None
    times = _times(table, place, sizes, batches, key, path, problems)
    if times is None or len(problems) > before:
        return None
    mean, longest = times
    if (mean > longest * (1 + ROUNDING)).any():
        s, b = np.argwhere(mean > longest * (1 + ROUNDING))[0]
        found = f"mean {mean[s, b] * 1000:.6g} ms, longest {longest[s, b] * 1000:.6g} ms"
        at = f"{sizes[s]:g} {key}, batch {batches[b]}"
        problems.append(Problem(file, f"{place}: {at}", found, "the longest time is at least the mean"))
    rent = _usd_per_s(table, np.array(sizes), np.array(batches), document.currency.per_usd)
    if np.isnan(rent).all():
        found = f"more than {table.gb_per_vcpu_max:g} GB a vCPU at every size"
        problems.append(Problem(file, f"{place}.memory_mb", found, "offer larger sizes, or allow more"))
    if len(problems) > before:
        return None
    for s, b in np.argwhere(np.diff(mean, axis=1) < -ROUNDING * mean[:, 1:])[:1]:
        cautions.append(
            f"{place}: a batch of {batches[b + 1]} on {sizes[s]:g} {key} takes less time than one of {batches[b]}"
        )
    for s, b in np.argwhere(np.diff(longest, axis=1) < -ROUNDING * longest[:, 1:])[:1]:
        cautions.append(
            f"{place}: the longest time of a batch of {batches[b + 1]} on {sizes[s]:g} {key} is below that of "
            f"{batches[b]}: taken to be as long"
        )
    step = table.billing_step_ms / 1000
    billed = mean if step == 0 else np.ceil(mean / step * (1 - ROUNDING)) * step
    unit = "vCPU" if table.vcpus is not None else "GB of GPU"
    per_call = table.price.request / document.currency.per_usd
    longest = np.maximum.accumulate(longest, axis=1)
    return FunctionKind(table.name, unit, tuple(sizes), tuple(batches), mean, longest, billed, rent, per_call)


def _usd_per_s(table: tables.FunctionTable, sizes: Array, batches: Array, per_usd: float) -> Array:
    """Price of a second by size and batch; not a number where it needs more memory than its vCPUs allow."""
    vcpus = (sizes if table.vcpus is not None else sizes * table.vcpus_per_gpu_gb)[:, None]
    gpu = np.zeros_like(vcpus) if table.vcpus is not None else sizes[:, None]
    memory = table.memory_mb
    steps = np.ceil((memory.per_request * batches + memory.fixed) / memory.step * (1 - ROUNDING))
    needed = np.broadcast_to(steps * memory.step / MB_PER_GB, (len(sizes), len(batches)))
    least = np.ceil(table.gb_per_vcpu_min * vcpus * MB_PER_GB / memory.step * (1 - ROUNDING)) * memory.step / MB_PER_GB
    price = table.price
    rent = vcpus * price.vcpu_s + np.maximum(needed, least) * price.gb_s + gpu * price.gpu_gb_s
    if table.gb_per_vcpu_max is not None:
        rent = np.where(needed > table.gb_per_vcpu_max * vcpus * (1 + ROUNDING), np.nan, rent)
    return rent / per_usd


def _times(
    table: tables.FunctionTable,
    place: str,
    sizes: list[float],
    batches: list[int],
    key: str,
    path: Path,
    problems: list[Problem],
) -> tuple[Array, Array] | None:
    """Mean and longest time by size and batch, in seconds."""
    if table.gpu_times is not None:
        return _sliced(table.gpu_times, place, sizes, batches, str(path), problems)
    source = path.parent / table.times

    def columns(header: list[str]) -> list[Column]:
        if set(header) & set(CURVE):
            return [Column("batch", "whole", 1), *(Column(name, low=0) for name in CURVE)]
        return [Column(key, low=0), Column("batch", "whole", 1), Column("mean_ms", low=0), Column("max_ms", low=0)]

    before = len(problems)
    rows = read_table(source, columns, problems)
    if len(problems) > before or not rows:
        return None
    if "mean_a" in rows[0].cells:
        if key != "vcpus":
            problems.append(Problem(str(source), "line 1", "curves over vCPUs", "list the times of a GPU by gpu_gb"))
            return None
        curves = {row.whole("batch"): [row.number(name) for name in CURVE] for row in rows}
        known = {(s, b): _curve(curves[b], s) for b in batches if b in curves for s in sizes}
    else:
        known = {}
        for row in rows:
            own = (round(row.number(key), 12), row.whole("batch"))
            if own in known:
                problems.append(Problem(str(source), f"line {row.line}", "listed before", "list each once"))
            known[own] = (row.number("mean_ms") / 1000, row.number("max_ms") / 1000)
    missing = [(s, b) for s in sizes for b in batches if (round(s, 12), b) not in known]
    if missing:
        s, b = missing[0]
        found = f"no time of batch {b} on {s:g} {key}" + (f", nor {len(missing) - 1} others" if missing[1:] else "")
        problems.append(Problem(str(source), place, found, "add them, or offer fewer sizes and batches"))
        return None
    both = np.array([[known[round(s, 12), b] for b in batches] for s in sizes])
    return both[:, :, 0], both[:, :, 1]


def _curve(by: list[float], vcpus: float) -> tuple[float, float]:
    mean, longest = (a * math.exp(-vcpus / b) + c if b else c for a, b, c in (tuple(by[:3]), tuple(by[3:])))
    return mean, longest


def _sliced(
    by: tables.SlicesTable, place: str, sizes: list[float], batches: list[int], file: str, problems: list[Problem]
) -> tuple[Array, Array] | None:
    """A part of m GB has the card m slices of every whole_gb, so a batch waits for the slices of others in between."""
    if sizes[-1] > by.whole_gb:
        problems.append(Problem(file, f"{place}.gpu_gb", f"{sizes[-1]:g} GB", f"the card has {by.whole_gb:g} GB"))
        return None
    part = np.array(sizes)[:, None]
    whole = by.per_request_s * np.array(batches)[None, :] + by.fixed_s
    turns = np.ceil(whole / (part * by.slice_s) * (1 - ROUNDING))
    longest = (by.whole_gb - part) * turns * by.slice_s + whole
    return by.whole_gb / part * whole, np.where(part < by.whole_gb, by.safety, 1.0) * longest
