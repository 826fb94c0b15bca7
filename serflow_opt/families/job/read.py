"""From the tables of a file to a job: prices, channels, and rounds by workers; every fault is told."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil, inf
from pathlib import Path

import numpy as np

from serflow_opt.errors import InputError, Problem
from serflow_opt.families.job import document as tables
from serflow_opt.families.job.channels import channels_of
from serflow_opt.families.job.problem import Algorithm, Job, JobOption, offered
from serflow_opt.families.tables import check_names, numbers_of
from serflow_opt.ground.tolerances import ROUNDING
from serflow_opt.problem.catalog import DEFAULT_REGION, Catalog, load_catalog
from serflow_opt.problem.tables import Column, read_table

MIB, MB, MB_PER_GB = 2**20, 1e6, 1024
MOST_ROWS = 20_000_000


def read(document: tables.JobTables, path: Path, catalogs: Sequence[str | Path], problems: list[Problem]) -> Job | None:
    """Return the problem of a file; None, with faults appended, where it has any.

    Parameters
    ----------
    document
        Its tables, each valid in itself.
    path
        The file: the table of rounds stands beside it.
    catalogs
        Price files that come after those the file names.
    problems
        Receives every fault.
    """
    before, file = len(problems), str(path)
    check_names({"channel": [own.name for own in document.channel]}, file, problems)
    workers = numbers_of(document.workers)
    if not workers:
        problems.append(Problem(file, "workers", "none", "list at least one number"))
    has_functions = any(own.kind == "function" for own in document.platform)
    if workers and has_functions and workers[-1] > document.concurrency_max:
        cure = f"at most concurrency_max, {document.concurrency_max}; or ask the provider for more and write that"
        problems.append(Problem(file, "workers", f"{workers[-1]}", cure))
    used = {
        name: f"platform '{own.name}'.channels" for own in document.platform for name in dict.fromkeys(own.channels)
    }
    for own in document.platform:
        if own.kind == "function" and tables.DIRECT in own.channels:
            place, cure = f"platform '{own.name}'.channels", "functions take no connections: name a store or a server"
            problems.append(Problem(file, place, "'direct'", cure))
    channels = channels_of(document.channel, used, path, problems)
    algorithms, notes = _algorithms(document, workers, path, problems)
    try:
        files = [path.parent / name for name in document.catalog]
        catalog = load_catalog().with_rows(*files, *catalogs) if files or catalogs else load_catalog()
    except InputError as error:
        problems += error.problems
        return None
    order = list(channels)
    options: list[JobOption] = []
    for own in document.platform:
        _check_starts(own.starts, own.name, workers, file, problems)
        usable = tuple(order.index(name) for name in dict.fromkeys(own.channels) if name in channels)
        if own.kind == "function":
            options += _functions(own, document, catalog, usable, file, problems)
        else:
            options += _machines(own, document, catalog, usable, file, problems)
    if not any(p in document.patterns for own in channels.values() for p in offered(own)) and channels:
        cure = "allreduce or scatterreduce for stores, server for a parameter server, ring for direct"
        problems.append(Problem(file, "patterns", ", ".join(document.patterns), cure))
    count = len(workers) * len(options) ** 2 * len(channels) * 3 * len(algorithms)
    if count > MOST_ROWS:
        problems.append(Problem(file, "workers", f"about {count:,} rows", f"at most {MOST_ROWS:,}: offer fewer"))
    if len(problems) > before:
        return None
    return Job(
        document.data_bytes,
        document.model_bytes,
        document.pass_vcpu_s,
        tuple(workers),
        algorithms,
        tuple(options),
        tuple(channels.values()),
        tuple(document.patterns),
        document.asynchronous_rounds or 0.0,
        document.data_mb_per_s * MB,
        document.data_latency_ms / 1000,
        document.usd_per_data_read,
        document.usd_per_data_write,
        document.memory_copies,
        document.in_turn,
        tuple(notes),
    )


def _algorithms(
    document: tables.JobTables, workers: list[int], path: Path, problems: list[Problem]
) -> tuple[tuple[Algorithm, ...], list[str]]:
    """Rounds and passes for every number of workers, straight between the rows of the table."""
    source, before = path.parent / document.rounds, len(problems)
    columns = [Column("algorithm", "text"), Column("workers", "whole", 1), Column("rounds", low=1), Column("passes")]
    rows = read_table(source, columns, problems)
    known: dict[str, dict[int, tuple[float, float]]] = {}
    for row in rows:
        own = known.setdefault(str(row.cells["algorithm"]), {})
        if row.whole("workers") in own:
            problems.append(Problem(str(source), f"line {row.line}", "listed before", "list each once"))
        if not row.number("passes") > 0:
            problems.append(Problem(str(source), f"line {row.line}, column passes", "0 or less", "write more than 0"))
        own[row.whole("workers")] = row.number("rounds"), row.number("passes")
    if "admm" in known and not document.convex:
        cure = "leave its rows out: it is for convex losses"
        problems.append(Problem(str(source), "algorithm 'admm'", "convex = false", cure))
    if len(problems) > before or not workers:
        return (), []
    found, between = [], []
    for name, table in known.items():
        given = sorted(table)
        outside = [w for w in workers if not given[0] <= w <= given[-1]]
        if outside:
            cure = f"offer {given[0]} to {given[-1]} workers, or measure more: nothing is made up outside the table"
            told = f"no rounds for {outside[0]} workers" + (f" and {len(outside) - 1} others" if outside[1:] else "")
            problems.append(Problem(str(source), f"algorithm '{name}'", told, cure))
            continue
        between += [name] if set(workers) - set(given) else []
        rounds, passes = (np.interp(workers, given, [table[w][k] for w in given]) for k in (0, 1))
        whole = tuple(ceil(float(own) * (1 - ROUNDING)) for own in rounds)
        found.append(Algorithm(name, whole, tuple(float(own) for own in passes)))
    said = [f"rounds of {', '.join(between)} are straight between the rows of {document.rounds}"] if between else []
    return tuple(found), said


def _check_starts(starts: list[list[float]], name: str, workers: list[int], file: str, problems: list[Problem]) -> None:
    numbers = [own[0] for own in starts]
    if numbers != sorted(set(numbers)):
        cure = "write [workers, seconds], workers rising"
        problems.append(Problem(file, f"platform '{name}'.starts", f"{starts}"[:60], cure))
    elif workers and workers[-1] > numbers[-1]:
        found, cure = f"nothing beyond {numbers[-1]:g} workers", f"give the time that {workers[-1]} workers take"
        problems.append(Problem(file, f"platform '{name}'.starts", found, cure))


def _sped(document: tables.JobTables, vcpus: float) -> float:
    """Passes that so many vCPUs make while one makes one; a part of one is as much slower."""
    if vcpus <= 1:
        return vcpus
    share = document.parallel_share
    return 1 / (1 - share + share / vcpus)


def _functions(
    own: tables.FunctionPlatformTable,
    document: tables.JobTables,
    catalog: Catalog,
    channels: tuple[int, ...],
    file: str,
    problems: list[Problem],
) -> list[JobOption]:
    try:
        price = catalog.function(own.region or DEFAULT_REGION, own.arch)
    except InputError as error:
        problems += [Problem(file, f"platform '{own.name}'", each.found, each.cure) for each in error.problems]
        return []
    found = []
    for size in sorted(set(own.memory_mb)):
        if not price.memory_min_mb <= size <= price.memory_max_mb:
            cure = f"{price.memory_min_mb:,} to {price.memory_max_mb:,} MB"
            problems.append(Problem(file, f"platform '{own.name}'.memory_mb", f"{size:g}", cure))
        usd = price.usd_per_gb_s if own.usd_per_gb_s is None else own.usd_per_gb_s
        found.append(
            JobOption(
                f"{size:g} MB",
                True,
                size * MIB,
                _sped(document, size / (own.mb_per_vcpu or price.mb_per_vcpu)),
                usd * size / MB_PER_GB,
                price.usd_per_request if own.usd_per_call is None else own.usd_per_call,
                own.life_s or price.duration_max_s or inf,
                0.0,
                inf if own.mb_per_s is None else own.mb_per_s * MB,
                0.0,
                tuple((number, seconds) for number, seconds in own.starts),
                channels,
            )
        )
    if found and max(o.memory_bytes for o in found) < document.memory_copies * document.model_bytes:
        needs = document.memory_copies * document.model_bytes / MIB
        cure = f"more than {needs:,.0f} MB: {document.memory_copies:g} times the model"
        problems.append(Problem(file, f"platform '{own.name}'.memory_mb", f"{max(own.memory_mb):g}", cure))
    return found


def _machines(
    own: tables.MachinePlatformTable,
    document: tables.JobTables,
    catalog: Catalog,
    channels: tuple[int, ...],
    file: str,
    problems: list[Problem],
) -> list[JobOption]:
    given = []
    for name in dict.fromkeys(own.options):
        try:
            vm = catalog.vm(name, own.region or DEFAULT_REGION)
        except InputError as error:
            problems += [Problem(file, f"platform '{own.name}'.options", e.found, e.cure) for e in error.problems]
            continue
        if vm.vcpus is None or vm.memory_mb is None:
            cure = "write a platform of its own with vcpus, memory_mb and usd_per_hour"
            problems.append(
                Problem(file, f"platform '{own.name}'.options", f"vCPUs or memory of '{name}' unknown", cure)
            )
            continue
        given.append((name, vm.vcpus, float(vm.memory_mb), vm.usd_per_hour))
    if own.vcpus is not None and own.memory_mb is not None and own.usd_per_hour is not None:
        given.append((own.name, own.vcpus, own.memory_mb, own.usd_per_hour))
    return [
        JobOption(
            name,
            False,
            memory * MIB,
            _sped(document, vcpus) * own.speed,
            usd / 3600,
            0.0,
            inf,
            own.billed_min_s,
            own.mb_per_s * MB,
            own.latency_ms / 1000,
            tuple((number, seconds) for number, seconds in own.starts),
            channels,
        )
        for name, vcpus, memory, usd in given
    ]
