"""The tables of an instance of `kind = "pipeline"`, and the problem they are: units are in the names of keys."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from pydantic import Field

from serflow_opt.errors import Problem
from serflow_opt.families.measured_times import read_times
from serflow_opt.families.pipeline import problem as made
from serflow_opt.families.standard import Tables
from serflow_opt.families.tables import Positive, Table
from serflow_opt.problem.tables import Column, read_table

MEASURED = ("layer", "worker")
MOST_LAYERS = 1000
MOST_STATES = 5_000
"""Numbers of workers of each type that can be in use: they are gone through one by one."""


class WorkerTable(Table):
    """[[worker]]: a type of worker."""

    name: str = Field(min_length=1)
    count: int = Field(ge=1, le=1024, description="how many there are")
    usd_per_hour: float = Field(default=0.0, ge=0, allow_inf_nan=False, description="rent of one")
    speed: Positive = Field(default=1.0, description="times of the table shrink by it")
    times: str = Field(default="", description="a type of the table `times`, on which layers were measured")
    bandwidth_mbit_s: Positive = Field(description="10^6 bit/s of its link, each way")
    memory_gb: Positive | None = Field(default=None, description="2^30 bytes each; left out: any amount")


class PipelineTables(Tables):
    """The tables of a pipeline instance."""

    kind: Literal["pipeline"]
    layers: str = Field(
        description="CSV beside the file, one row a layer 1..n and mini-batch: layer,name,forward_ms,backward_ms,"
        "activation_bytes,parameter_bytes[,crossing_bytes,held_bytes]"
    )
    times: str = Field(
        default="",
        description="CSV beside the file of what was measured on each type: layer,worker,forward_ms,backward_ms",
    )
    batch: int = Field(ge=1, description="samples of a mini-batch, those of the table")
    samples_per_epoch: Positive | None = Field(default=None, description="left out: no time of an epoch is told")
    on_links: int = Field(
        default=1,
        ge=0,
        le=100,
        description="mini-batches in flight at a worker beyond those that are worked on: 1 hides hand-overs; 0: "
        "PipeDream's least number",
    )
    worker: list[WorkerTable] = Field(min_length=1)


def read(
    document: PipelineTables, path: Path, catalogs: Sequence[str | Path], problems: list[Problem]
) -> made.Pipeline | None:
    """Return the problem of a file; None, with faults appended, where it has any.

    Parameters
    ----------
    document
        Its tables, each valid in itself.
    path
        The file: the table of layers stands beside it.
    catalogs
        Not looked at: prices stand in the file itself.
    problems
        Receives every fault.
    """
    before, file = len(problems), str(path)
    names = [own.name for own in document.worker]
    for name in sorted({n for n in names if names.count(n) > 1}):
        problems.append(Problem(file, "worker", f"'{name}' twice", "give each type its own name"))
    states = math.prod(own.count + 1 for own in document.worker)
    if states > MOST_STATES:
        found = f"{states:,} ways to use so many workers of each type"
        problems.append(Problem(file, "worker.count", found, f"at most {MOST_STATES:,}: fewer workers or types"))
    layers = _layers(path.parent / document.layers, problems)
    asked = {own.times: f"worker '{own.name}'.times" for own in document.worker if own.times}
    measured = read_times(path, document.times, MEASURED, range(1, len(layers) + 1), asked, problems)
    if len(problems) > before:
        return None
    workers = tuple(
        made.WorkerType(
            own.name,
            own.count,
            own.usd_per_hour / 3600,
            own.speed,
            own.bandwidth_mbit_s * 1e6 / 8,
            None if own.memory_gb is None else own.memory_gb * 2**30,
            measured.get(own.times),
        )
        for own in document.worker
    )
    return made.Pipeline(layers, document.batch, document.samples_per_epoch or 0.0, workers, document.on_links)


def _layers(path: Path, problems: list[Problem]) -> tuple[made.Layer, ...]:
    sizes = ("activation_bytes", "parameter_bytes")
    columns = [Column("layer", "whole", 1, MOST_LAYERS), Column("name", "text")]
    columns += [Column(name, low=0) for name in ("forward_ms", "backward_ms", *sizes)]
    columns += [Column(name, low=0, required=False) for name in ("crossing_bytes", "held_bytes")]
    before = len(problems)
    rows = sorted(read_table(path, columns, problems), key=lambda row: row.whole("layer"))
    if len(problems) > before:
        return ()
    if [row.whole("layer") for row in rows] != list(range(1, len(rows) + 1)):
        found = "a layer is missing, or stands twice"
        problems.append(Problem(str(path), "column layer", found, "give one row for each layer 1..n"))
    if not any(row.number("forward_ms") + row.number("backward_ms") for row in rows):
        problems.append(Problem(str(path), "forward_ms, backward_ms", "no layer takes time", "give measured times"))
    return tuple(
        made.Layer(
            str(row.cells["name"]),
            row.number("forward_ms") / 1000,
            row.number("backward_ms") / 1000,
            row.number("parameter_bytes"),
            *(row.number(k if k in row.cells else "activation_bytes") for k in ("crossing_bytes", "held_bytes")),
        )
        for row in rows
    )
