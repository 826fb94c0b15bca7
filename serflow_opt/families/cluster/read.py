"""Make a problem of the tables of a file: every configuration of every network, and all that is wrong with them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from serflow_opt.errors import Problem, nearest
from serflow_opt.families.cluster import document as tables
from serflow_opt.families.cluster.knapsacks import FINEST
from serflow_opt.families.cluster.menu import menu_of
from serflow_opt.families.cluster.operators import summed
from serflow_opt.families.cluster.packing import ServerPacking, TooFine
from serflow_opt.families.cluster.problem import Cluster, Config, ServedNetwork, ServerType
from serflow_opt.families.tables import check_names
from serflow_opt.ground.tolerances import ROUNDING
from serflow_opt.problem.tables import Column, Row, read_table

MOST_CONFIGS = 5_000
SIZES = (
    Column("cpu_cores", low=0, required=False),
    Column("gpu_percent", low=0, high=100, required=False),
    Column("slice", "text", required=False),
    Column("server", "text", required=False),
)
"""What an instance takes, and where it was measured."""
COLUMNS = (
    Column("batch", "whole", 1),
    Column("ms", low=0),
    *SIZES,
    Column("processes", "whole", 1, required=False),
    Column("rate_per_s", low=0, required=False),
    Column("model", "text", required=False),
)


def read(
    document: tables.ClusterTables, path: Path, catalogs: Sequence[str | Path], problems: list[Problem]
) -> Cluster | None:
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
    names = {"model": [own.name for own in document.model], "server": [own.name for own in document.server]}
    check_names(names, file, problems)
    servers = tuple(
        ServerType(
            own.name,
            own.cores,
            own.gpus,
            own.sharing == "pooled",
            tuple(tuple(layout) for layout in own.layouts or ()),
            own.usd_per_hour,
            own.count_max,
        )
        for own in document.server
    )
    networks = tuple(ServedNetwork(own.name, own.slo_ms / 1000, own.rate_per_s) for own in document.model)
    configs: list[Config] = []
    for n, model in enumerate(document.model):
        rows = _rows(model, path, problems)
        configs += _configs(n, model, rows, servers, path, problems)
    if len(problems) > before:
        return None
    cores, cards = sum(own.cores for own in servers), sum(own.cards for own in servers)
    per_core = document.gpus_per_core
    if per_core is None:
        per_core = cards / cores if cores and cards else 1.0 if cores else 0.0
    whole = document.rates == "whole"
    _check_targets(networks, configs, whole, file, problems)
    if len(configs) > MOST_CONFIGS:
        cure = f"at most {MOST_CONFIGS:,}: offer fewer sizes or batches"
        problems.append(Problem(file, "model", f"{len(configs):,} configurations", cure))
    if len(problems) > before:
        return None
    found = Cluster(networks, servers, tuple(configs), whole, per_core, cautions=_cautions(networks, configs, whole))
    found = replace(found, asked=document.objective != "throughput")
    _check_sizes(found, file, problems)
    return found if len(problems) == before else None


def _rows(model: tables.ModelTable, path: Path, problems: list[Problem]) -> list[Row]:
    """Rows of a network's configurations, each with its batch and ms."""
    if model.operators:
        return summed(model, path, SIZES, problems)
    rows = read_table(path.parent / model.profiles, list(COLUMNS), problems)
    mine = [row for row in rows if row.cells.get("model", model.name) == model.name]
    if rows and not mine:
        known = list(dict.fromkeys(str(row.cells["model"]) for row in rows))
        source = str(path.parent / model.profiles)
        problems.append(Problem(source, "column model", f"no row of {model.name!r}", nearest(model.name, known)))
    return mine


def _configs(
    n: int,
    model: tables.ModelTable,
    rows: list[Row],
    servers: Sequence[ServerType],
    path: Path,
    problems: list[Problem],
) -> list[Config]:
    source, found = str(path.parent / (model.profiles or model.operators)), []
    names, slices = [own.name for own in servers], {s for own in servers for layout in own.layouts for s in layout}
    seen: dict[tuple[object, ...], int] = {}
    for row in rows:
        at = f"line {row.line}"
        cores, percent = (float(row.cells.get(key, 0.0)) for key in ("cpu_cores", "gpu_percent"))
        piece, where = (str(row.cells.get(key, "")) for key in ("slice", "server"))
        piece, where = ("" if own == "-" else own for own in (piece, where))
        if not row.number("ms") > 0:
            problems.append(Problem(source, at, "0 ms", "write the time of a batch, above 0"))
        if not cores and not percent and not piece:
            problems.append(Problem(source, at, "takes nothing", "give cpu_cores, gpu_percent or slice"))
        if percent and piece:
            problems.append(Problem(source, at, f"{percent:g} % and {piece!r}", "give gpu_percent or slice"))
        if where and where not in names:
            problems.append(Problem(source, f"{at}, column server", repr(where), nearest(where, names)))
        if piece and slices and piece not in slices:
            problems.append(Problem(source, f"{at}, column slice", repr(piece), nearest(piece, sorted(slices))))
        measured = row.cells.get("rate_per_s")
        own = Config(
            n,
            row.whole("batch"),
            cores,
            percent,
            piece,
            row.number("ms") / 1000 * model.safety,
            int(row.cells.get("processes", 1)),
            None if measured is None else float(measured),
            names.index(where) if where in names else None,
        )
        key = (own.batch, cores, percent, piece, own.processes, own.server)
        if key in seen:
            problems.append(Problem(source, at, f"as line {seen[key]}", "list each configuration once"))
        seen[key] = row.line
        found.append(own)
    return found


def _check_targets(
    networks: Sequence[ServedNetwork], configs: Sequence[Config], whole: bool, file: str, problems: list[Problem]
) -> None:
    """Name those whose target no configuration keeps, and those of which no instance serves a whole request."""
    for n, network in enumerate(networks):
        own = [k for k in configs if k.network == n]
        fastest = min(own, key=lambda k: k.time_s * (1 if k.batch == 1 else 2))
        needed = fastest.time_s * (1 if fastest.batch == 1 else 2)
        if needed > network.slo_s * (1 + ROUNDING):
            said = f"batch {fastest.batch} in {fastest.time_s * 1000:.6g} ms"
            twice = "" if fastest.batch == 1 else ", and the next batch fills meanwhile"
            cure = f"at least {needed * 1000:.6g} ms: the fastest is {said}{twice}"
            problems.append(Problem(file, f"model '{network.name}'.slo_ms", f"{network.slo_s * 1000:g} ms", cure))
        elif whole and all(_rate(k) < 1 for k in own):
            cure = 'write rates = "exact": rounded down to whole requests a second nothing is left'
            problems.append(Problem(file, f"model '{network.name}'", "less than 1 request/s an instance", cure))


def _check_sizes(problem: Cluster, file: str, problems: list[Problem]) -> None:
    """Name networks of which no instance fits on any server, and sizes that are too fine to pack."""
    menu = menu_of(problem)
    fits: set[int] = set()
    for j, server in enumerate(problem.servers):
        place = f"server '{server.name}'"
        for key, size in (
            ("cores", server.cores),
            *((key, size) for own in problem.configs for key, size in _sizes(own)),
        ):
            if abs(size * FINEST - round(size * FINEST)) > ROUNDING * FINEST * max(size, 1.0):
                cure = f"write multiples of 1/{FINEST:,}"
                problems.append(Problem(file, place, f"{key} = {size!r}", cure))
                return
        try:
            packing = ServerPacking(problem, menu, j)
        except TooFine as error:
            cure = "write cores and gpu_percent in coarser steps"
            problems.append(Problem(file, place, str(error), cure))
            return
        fits |= {int(menu.network[i]) for i in (*packing.on_cpu, *packing.on_card)}
    for n, network in enumerate(problem.networks):
        if n not in fits:
            cure = "offer servers with more cores, or cards with its slices or shares, or configurations that take less"
            problems.append(Problem(file, f"model '{network.name}'", "no instance within its target fits", cure))


def _sizes(own: Config) -> tuple[tuple[str, float], ...]:
    return ("cpu_cores", own.cores), ("gpu_percent", own.percent)


def _rate(own: Config) -> float:
    """What an instance serves, before it is rounded."""
    return own.processes * own.batch / own.time_s if own.measured is None else own.measured


def _cautions(networks: Sequence[ServedNetwork], configs: Sequence[Config], whole: bool) -> tuple[str, ...]:
    said = []
    for n, network in enumerate(networks):
        best = max(_rate(k) for k in configs if k.network == n)
        if whole and best < 10 and best != int(best):
            said.append(
                f"{network.name}: an instance serves at most {best:.3g} requests/s, which is rounded down to "
                f'{int(best)}; rates = "exact" takes them as they are'
            )
    return tuple(said)
