"""Make a problem of the tables of a file: seconds, bytes and USD of every group, and all that is wrong with them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from serflow_opt.errors import InputError, Problem, nearest
from serflow_opt.families.measured_times import read_times
from serflow_opt.families.tables import check_names
from serflow_opt.families.training import document as tables
from serflow_opt.families.training.menu import Offered, settings_of
from serflow_opt.families.training.problem import (
    KNOBS,
    SPLIT,
    Client,
    Knob,
    Leak,
    MeasuredRounds,
    Packing,
    Topology,
    TrainedNetwork,
    Training,
    TrainingServer,
)
from serflow_opt.families.training.tables import (
    Stages,
    read_knob,
    read_leaks,
    read_packings,
    read_rounds,
    read_stages,
)

BYTES_PER_S = 1e6 / 8
"""Of a Mbit/s."""
NONE = "none"


def read(
    document: tables.TrainingTables, path: Path, catalogs: Sequence[str | Path], problems: list[Problem]
) -> Training | None:
    """Return the problem of a file; None, with faults appended, where it has any.

    Parameters
    ----------
    document, path
        Its tables, each valid in itself, and the file.
    catalogs
        Further price files.
    problems
        Receives every fault.
    """
    before, file, own = len(problems), str(path), document.training
    names = {
        "client": [each.name for each in document.client],
        "server": [each.name for each in document.server],
        "federated.topology": [each.name for each in document.federated.topology],
    }
    check_names(names, file, problems)
    stages = read_stages(path.parent / own.stages, problems)
    measured = read_rounds(path.parent / own.rounds, problems)
    packings = read_packings(path.parent / own.packing, problems) if own.packing else (Packing(),)
    knobs = tuple(_knob(kind, document, path, problems) for kind in KNOBS)
    if stages is None:
        return None
    last = len(stages.names)
    leaks = read_leaks(path.parent / own.privacy, last, problems) if own.privacy else _all_or_nothing(last)
    if stages.flops is None and stages.seconds is None and not own.times:
        cure = "add a column forward_flops or forward_ms"
        problems.append(Problem(str(path.parent / own.stages), "line 1", "no work of the stages", cure))
    machines: dict[str, Sequence[tables.MachineTable]] = {"client": document.client, "server": document.server}
    asked = {each.times: f"{kind} '{each.name}'.times" for kind, those in machines.items() for each in those}
    asked.pop("", None)
    measured_s = read_times(path, own.times, ("stage", "machine"), stages.names, asked, problems)
    if len(problems) > before:
        return None
    stages = replace(stages, measured=measured_s)
    clients = _clients(document, stages, file, problems)
    servers = _servers(document, stages, path, catalogs, problems)
    topologies = _topologies(document, file, problems)
    modes = _modes(document, servers, file, problems)
    cuts, modes = _cuts(document, stages, modes, file, problems)
    if len(problems) > before:
        return None
    offered = Offered(clients, servers, knobs, topologies, modes, measured)
    settings = settings_of(offered, document, file, str(path.parent / own.rounds), problems)
    if len(problems) == before and not settings:
        most = document.federated.epsilon_max
        found = "no combination is on offer" if most is None else f"no noise leaves at most {most:g} open"
        problems.append(Problem(file, "training", found, "offer more in the tables of knobs"))
    if len(problems) > before:
        return None
    protections = tuple(dict.fromkeys((NONE, *(leak.protection for leak in leaks))))
    made = Training(
        network=TrainedNetwork(
            stages.names, stages.activation, stages.gradient, stages.parameters, own.input_bytes or math.nan
        ),
        clients=clients,
        servers=servers,
        packings=packings,
        protections=protections,
        leaks=_by_cut(leaks, protections),
        knobs=knobs,
        topologies=topologies,
        modes=modes,
        measured=tuple(measured),
        settings=settings,
        cuts=cuts,
        same_cut=own.same_cut,
        batch=own.batch,
        aggregation_s=own.aggregation_s,
        synchronous=own.synchronous,
        staleness=own.staleness,
        share_min=own.share_min,
        cautions=tuple(_cautions(document, modes, measured)),
    )
    _check_memory(made, modes, file, problems)
    return made if len(problems) == before else None


def _speed(
    machine: tables.MachineTable, stages: Stages, place: str, file: str, problems: list[Problem]
) -> tuple[float, ...]:
    """Seconds of a sample by stage."""
    if machine.times:
        return tuple(sum(own) / (machine.speed or 1.0) for own in stages.measured[machine.times])
    work, by = (stages.flops, machine.flops_per_s) if machine.speed is None else (stages.seconds, machine.speed)
    if work is None:
        key, column = ("flops_per_s", "forward_flops") if machine.speed is None else ("speed", "forward_ms")
        problems.append(
            Problem(file, f"{place}.{key}", f"no column {column} of the stages", "add it, or the other key")
        )
        return tuple(0.0 for _ in stages.names)
    assert by is not None
    return tuple(own / by for own in work)


def _clients(document: tables.TrainingTables, stages: Stages, file: str, problems: list[Problem]) -> tuple[Client, ...]:
    found = []
    for own in document.client:
        place = f"client '{own.name}'"
        seconds = _speed(own, stages, place, file, problems)
        if own.joules_per_flop and stages.flops is None:
            cure = "add a column forward_flops, or give `watts`"
            problems.append(Problem(file, f"{place}.joules_per_flop", "no operations of the stages", cure))
        flops = stages.flops or tuple(0.0 for _ in stages.names)
        asked = document.training.samples_per_round
        found.append(
            Client(
                own.name,
                own.count,
                own.samples if asked == "client" else asked,
                own.samples,
                seconds,
                tuple(own.joules_per_flop * f + own.watts * s for f, s in zip(flops, seconds, strict=True)),
                own.up_mbit_s * BYTES_PER_S,
                own.down_mbit_s * BYTES_PER_S,
                own.available,
                own.drops,
                own.late,
                own.late_factor,
                math.inf if own.memory_mb is None else own.memory_mb * 1e6,
                own.joules_per_mb / 1e6,
                own.usd_per_round,
                own.usd_per_hour / 3600,
                own.usd_per_gb / 1e9,
            )
        )
    return tuple(found)


def _servers(
    document: tables.TrainingTables, stages: Stages, path: Path, catalogs: Sequence[str | Path], problems: list[Problem]
) -> tuple[TrainingServer, ...]:
    from serflow_opt.problem.catalog import DEFAULT_REGION, load_catalog

    found = []
    for own in document.server:
        place = f"server '{own.name}'"
        seconds = _speed(own, stages, place, str(path), problems)
        rent = (own.usd_per_hour or 0.0) / 3600
        if own.vm:
            try:
                files = [path.parent / name for name in document.catalog]
                prices = load_catalog().with_rows(*files, *catalogs) if files or catalogs else load_catalog()
                rent = prices.vm(own.vm, own.region or DEFAULT_REGION).usd_per_hour / 3600
            except InputError as error:
                problems += [Problem(str(path), f"{place}.vm", each.found, each.cure) for each in error.problems]
        per_use = (own.usd_per_gb_s or 0.0) * (own.memory_gb or 0.0)
        workers = tuple(sorted(set(own.workers)))
        found.append(TrainingServer(own.name, seconds, rent, per_use, own.usd_per_call, workers, own.is_function))
    return tuple(found)


def _knob(kind: str, document: tables.TrainingTables, path: Path, problems: list[Problem]) -> tuple[Knob, ...]:
    """The rows of a knob; without a table nothing is done."""
    own = document.federated
    name = getattr(own, kind)
    if kind != "secure":
        return read_knob(kind, path.parent / name, problems) if name else (Knob(),)
    asked = own.secure_aggregation
    if asked == NONE:
        return (Knob(),)
    if not name:
        cure = 'name a CSV of ways, `secure = "secure.csv"`, with what each takes'
        problems.append(Problem(str(path), "federated.secure", f"missing, and secure_aggregation is {asked!r}", cure))
        return (Knob(),)
    rows = read_knob(kind, path.parent / name, problems)
    chosen = tuple(row for row in rows if row.name == asked)
    if rows and not chosen:
        cure = nearest(asked, [row.name for row in rows])
        problems.append(Problem(str(path), "federated.secure_aggregation", repr(asked), cure))
    return chosen or (Knob(),)


def _topologies(document: tables.TrainingTables, file: str, problems: list[Problem]) -> tuple[Topology, ...]:
    found = []
    total = sum(own.count for own in document.client)
    for own in document.federated.topology:
        place = f"federated.topology '{own.name}'"
        if own.kind != "star" and not document.training.synchronous:
            cure = "leave it out, or synchronous = true: its servers and clients wait for each other"
            problems.append(Problem(file, f"{place}.kind", f"'{own.kind}' with synchronous = false", cure))
        if own.kind == "ring" and total < 2:
            problems.append(Problem(file, place, "a ring of one client", "a ring takes two at least"))
        elif own.kind == "ring" and (own.neighbours or 0) > total - 1:
            cure = f"at most {total - 1}: so many others there are"
            problems.append(Problem(file, f"{place}.neighbours", f"{own.neighbours}", cure))
        found.append(
            Topology(
                own.name,
                own.kind,
                own.rounds_factor,
                own.edges or 0,
                own.cloud_every or 1,
                (own.lan_mbit_s or math.inf) * BYTES_PER_S,
                (own.wan_mbit_s or math.inf) * BYTES_PER_S,
                own.usd_per_gb / 1e9,
                own.neighbours or 0,
            )
        )
    return tuple(found) or (Topology(),)


def _modes(
    document: tables.TrainingTables, servers: Sequence[TrainingServer], file: str, problems: list[Problem]
) -> tuple[str, ...]:
    """Modes on offer: one that is asked for, or all that can be."""
    own = document.training
    asked = tables.MODES if own.mode == "any" else own.mode if isinstance(own.mode, list) else [own.mode]
    secure = document.federated.secure_aggregation != NONE
    kinds = {topology.kind for topology in document.federated.topology} or {"star"}
    found: list[str] = []
    for mode in asked:
        faults = []
        if mode in SPLIT and secure:
            faults.append(
                (
                    "federated.secure_aggregation",
                    f"with mode {mode!r}",
                    "activations are no sums: take mode 'federated'",
                )
            )
        if mode != "federated" and not servers:
            faults.append(("server", "none", f"mode {mode!r} takes one: add a [[server]]"))
        if mode != "federated" and "star" not in kinds:
            faults.append(("federated.topology", f"with mode {mode!r}", "add one of kind 'star'"))
        if mode == "central" and own.input_bytes is None:
            faults.append(("training.input_bytes", "missing", "say how large a sample is"))
        if mode == "central" and (secure or document.federated.epsilon_max is not None):
            faults.append(("training.mode", "central, and data to be kept from the server", "take mode 'federated'"))
        if mode in ("central", "split") and not own.synchronous:
            faults.append(("training.synchronous", f"false with mode {mode!r}", "its parts wait for each other"))
        if mode == "federated" and not servers and "star" in kinds:
            faults.append(("server", "none", "somebody has to add up: add a [[server]], or a topology of kind 'ring'"))
        if own.mode != "any":
            problems += [Problem(file, *fault) for fault in faults]
        if not faults:
            found.append(mode)
    if not found and (own.mode == "any" or not own.mode):
        problems.append(Problem(file, "training.mode", "no mode is on offer", "add a [[server]]"))
    if not own.synchronous and own.round_deadline_s:
        found_ = "with synchronous = false"
        problems.append(Problem(file, "training.round_deadline_s", found_, "leave one of them out"))
    return tuple(found)


def _cuts(
    document: tables.TrainingTables, stages: Stages, modes: Sequence[str], file: str, problems: list[Problem]
) -> tuple[tuple[int, ...], tuple[str, ...]]:
    """Cuts that are asked for, or all that gradients come back over, and the modes that these leave."""
    last = len(stages.names)
    asked = document.training.cuts
    for n in asked or ():
        if n > last:
            problems.append(Problem(file, "training.cuts", f"{n}", f"1 to {last}: so many stages there are"))
        elif n < last and math.isnan(stages.gradient[n - 1]) and any(mode in SPLIT for mode in modes):
            found = f"{n}, after stage '{stages.names[n - 1]}', which has no gradient_bytes"
            problems.append(Problem(file, "training.cuts", found, "write what comes back in training.stages"))
    cuts = tuple(sorted(set(asked or range(1, last + 1))))
    back = [n for n in cuts if n < last and not math.isnan(stages.gradient[n - 1])]
    cut = [] if back or document.training.mode == "any" else [mode for mode in modes if mode in SPLIT]
    if cut:
        cure = "cut before the last stage, and write gradient_bytes in training.stages"
        problems.append(Problem(file, "training.cuts", f"no cut for mode {cut[0]!r}", cure))
    return cuts, tuple(mode for mode in modes if back or mode not in SPLIT)


def _all_or_nothing(last: int) -> list[Leak]:
    """What leaks where nothing was measured: 1 wherever something of a sample goes to the server."""
    return [Leak(cut, NONE, float(cut < last)) for cut in range(last + 1)]


def _by_cut(leaks: Sequence[Leak], protections: Sequence[str]) -> dict[tuple[int, int], Leak]:
    return {(own.cut, protections.index(own.protection)): own for own in leaks}


def _check_memory(problem: Training, modes: Sequence[str], file: str, problems: list[Problem]) -> None:
    """Name clients that cannot hold what every mode on offer asks of them at least."""
    if "central" in modes:
        return
    network = problem.network
    least = min(problem.cuts) if any(mode in SPLIT for mode in modes) else len(network.stages)
    held = sum(
        2 * w + problem.batch * (0.0 if math.isnan(a) else a)
        for w, a in zip(network.parameters[:least], network.activation[:least], strict=True)
    )
    for own in problem.clients:
        if held > own.memory:
            what = f"{least} stages" if least > 1 else f"stage '{network.stages[0]}'"
            cure = f"training {what} takes {held / 1e6:.6g} MB: allow mode 'central', or leave it out"
            problems.append(Problem(file, f"client '{own.name}'.memory_mb", f"{own.memory / 1e6:g}", cure))


def _cautions(document: tables.TrainingTables, modes: Sequence[str], measured: Sequence[MeasuredRounds]) -> list[str]:
    found = []
    if len(modes) > 1 and not any("mode" in own.by for own in measured):
        said = f"the same rounds are taken for {', '.join(modes)}: {document.training.rounds} has no column mode"
        found.append(said + (", and the parts of parallel-split drift apart" if "parallel-split" in modes else ""))
    if document.training.mode == "any" and len(modes) < len(tables.MODES):
        left = ", ".join(mode for mode in tables.MODES if mode not in modes)
        found.append(f"of the modes these are not on offer: {left}")
    return found
