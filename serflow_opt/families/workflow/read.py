"""From the tables of a file to a workflow: phases in order, prices, tables beside the file; every fault is told."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from math import inf
from pathlib import Path

from serflow_opt.errors import InputError, Problem, nearest
from serflow_opt.families.tables import check_names
from serflow_opt.families.workflow import document as tables
from serflow_opt.families.workflow.problem import Cloud, ParameterServer, Phase, Workflow
from serflow_opt.problem.catalog import DEFAULT_REGION, Catalog, load_catalog
from serflow_opt.problem.tables import Column, read_table

MB = 1e6


def read(
    document: tables.WorkflowTables, path: Path, catalogs: Sequence[str | Path], problems: list[Problem]
) -> Workflow | None:
    """Return the problem of a file; None, with faults appended, where it has any.

    Parameters
    ----------
    document, path
        Its tables, each valid in itself, and the file.
    catalogs
        Price files that come after those the file names.
    problems
        Receives every fault.
    """
    before, file = len(problems), str(path)
    check_names({"phase": [own.name for own in document.phase]}, file, problems)
    order = _in_order(document.phase, file, problems)
    try:
        files = [path.parent / name for name in document.catalog]
        catalog = load_catalog().with_rows(*files, *catalogs) if files or catalogs else load_catalog()
    except InputError as error:
        problems += error.problems
        return None
    cloud = _cloud(document.functions, catalog, file, problems)
    servers: list[ParameterServer] = []
    names = [own.name for own in order]
    phases = [_phase(own, names, servers, catalog, path, catalogs, problems) for own in order]
    if len(problems) > before or cloud is None:
        return None
    return Workflow(tuple(phases), cloud, tuple(servers))


def _in_order(phases: Sequence[tables.PhaseTable], file: str, problems: list[Problem]) -> list[tables.PhaseTable]:
    """Phases behind all that they wait for."""
    names = [own.name for own in phases]
    for own in phases:
        unknown = [name for name in own.after if name not in names]
        problems += [Problem(file, f"phase '{own.name}'.after", repr(n), nearest(n, names)) for n in unknown]
    found: list[tables.PhaseTable] = []
    left = list(phases)
    while left:
        done = {own.name for own in found}
        ready = next((own for own in left if {n for n in own.after if n in names} <= done), None)
        if ready is None:
            cure = "leave one of these out: no phase can wait for itself"
            problems.append(Problem(file, "phase.after", "a cycle: " + ", ".join(own.name for own in left), cure))
            return []
        found.append(ready)
        left.remove(ready)
    return found


def _cloud(own: tables.FunctionsTable, catalog: Catalog, file: str, problems: list[Problem]) -> Cloud | None:
    try:
        price = catalog.function(own.region or DEFAULT_REGION, own.arch)
    except InputError as error:
        problems += [Problem(file, "functions", each.found, each.cure) for each in error.problems]
        return None
    numbers = [number for number, _ in own.starts]
    if numbers != sorted(set(numbers)):
        problems.append(Problem(file, "functions.starts", f"{numbers}", "list rising numbers of functions"))
    return Cloud(
        price.usd_per_gb_s if own.usd_per_gb_s is None else own.usd_per_gb_s,
        price.usd_per_request if own.usd_per_call is None else own.usd_per_call,
        own.mb_per_vcpu or price.mb_per_vcpu,
        own.mb_per_s * MB,
        own.latency_ms / 1000,
        own.usd_per_read,
        own.usd_per_write,
        tuple((number, seconds) for number, seconds in own.starts),
        own.life_s or price.duration_max_s or inf,
    )


def _phase(
    own: tables.PhaseTable,
    names: list[str],
    servers: list[ParameterServer],
    catalog: Catalog,
    path: Path,
    catalogs: Sequence[str | Path],
    problems: list[Problem],
) -> Phase:
    after = tuple(sorted({names.index(name) for name in own.after if name in names}))
    workers = tuple(sorted(set(own.workers or (1,))))
    memory = tuple(sorted(set(own.memory_mb or ())))
    updates: tuple[float, ...] = ()
    rungs: tuple[tuple[int, float], ...] = ()
    if own.updates is not None:
        updates = _updates(path.parent / own.updates, workers, problems)
    if own.rungs is not None:
        columns = [Column("configurations", "whole", 1), Column("vcpu_s", low=0)]
        read_rungs = read_table(path.parent / own.rungs, columns, problems)
        rungs = tuple((row.whole("configurations"), row.number("vcpu_s")) for row in read_rungs)
        for n, ((more, _), (less, _)) in enumerate(pairwise(rungs)):
            if less > more:
                place = f"line {read_rungs[n + 1].line}, column configurations"
                problems.append(
                    Problem(str(path.parent / own.rungs), place, f"{less}", f"at most {more}: none come back")
                )
    return Phase(
        own.name,
        own.kind,
        after,
        workers,
        memory,
        own.bytes or 0.0,
        own.out_bytes or 0.0,
        own.vcpu_s or 0.0,
        updates,
        own.gradient_s or 0.0,
        own.gradient_bytes or 0.0,
        _servers(own, servers, catalog, str(path), problems),
        tuple(sorted(set(own.server.count))) if own.server else (),
        rungs,
        _ready(own, path, catalogs, problems) if own.instance is not None else (),
    )


def _updates(source: Path, workers: tuple[int, ...], problems: list[Problem]) -> tuple[float, ...]:
    """Updates for each number of workers on offer, as measured: nothing is made up in between."""
    known: dict[int, float] = {}
    for row in read_table(source, [Column("workers", "whole", 1), Column("updates", low=1)], problems):
        if row.whole("workers") in known:
            problems.append(Problem(str(source), f"line {row.line}", "listed before", "list each once"))
        known[row.whole("workers")] = row.number("updates")
    missing = [w for w in workers if w not in known]
    if known and missing:
        said = ", ".join(map(str, sorted(known)))
        problems.append(Problem(str(source), "workers", f"no updates for {missing[0]} workers", f"offer of {said}"))
    return tuple(known.get(w, 1.0) for w in workers)


def _servers(
    own: tables.PhaseTable, servers: list[ParameterServer], catalog: Catalog, file: str, problems: list[Problem]
) -> tuple[int, ...]:
    """Positions of a phase's types of servers; those that are alike in several phases are one."""
    if own.server is None:
        return ()
    given = []
    for name in dict.fromkeys(own.server.options):
        try:
            given.append((name, catalog.vm(name, own.server.region or DEFAULT_REGION).usd_per_hour))
        except InputError as error:
            place = f"phase '{own.name}'.server.options"
            problems += [Problem(file, place, each.found, each.cure) for each in error.problems]
    if own.server.usd_per_hour is not None:
        given.append((own.server.name, own.server.usd_per_hour))
    found = []
    for name, usd in given:
        made = ParameterServer(
            name, usd / 3600, own.server.updates_per_s, own.server.start_s, own.server.latency_ms / 1000
        )
        if made not in servers:
            servers.append(made)
        found.append(servers.index(made))
    return tuple(found)


def _ready(
    own: tables.PhaseTable, path: Path, catalogs: Sequence[str | Path], problems: list[Problem]
) -> tuple[tuple[float, float, float, str], ...]:
    """The rows of a job's menu that no other beats."""
    from serflow_opt.families.job.decide import told
    from serflow_opt.families.job.menu import menu_of
    from serflow_opt.families.job.report import plan_words
    from serflow_opt.families.loading import load

    place = f"phase '{own.name}'.instance"
    try:
        asked = load(path.parent / str(own.instance), catalogs)
    except InputError as error:
        problems += error.problems
        return ()
    if asked.kind != "job":
        problems.append(Problem(str(path), place, f"kind '{asked.kind}'", "name a file of kind 'job'"))
        return ()
    menu = menu_of(asked.data)
    if not menu.best:
        problems.append(Problem(str(path), place, "no row of it can be had", "`solve` says why"))
    rows = []
    for n in menu.best:
        time, cost, functions = menu.values[n].tolist()
        rows.append((time, cost, functions, plan_words(told(asked.data, menu.plans[n]))))
    return tuple(rows)
