"""The table of stage times of a tier: of one request, by batch size, or as fixed and per-request parts."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from serflow_opt.errors import Problem
from serflow_opt.problem.batches import ByBatch
from serflow_opt.problem.tables import Column, Row, read_table

LARGEST_BATCH = 4096
"""Batch sizes in files, at most."""


@dataclass(frozen=True, slots=True)
class StageTime:
    """A stage on an option: mean and standard deviation of one request's time, s; and times by batch size, if known.

    `backward` is the mean of its way back in training; None: not measured.
    """

    mean: float
    sd: float = 0.0
    by_batch: ByBatch | None = None
    backward: float | None = None


Times = dict[tuple[int, str], StageTime]
"""By stage (1..M) and option."""


def read_times(path: Path, stages: int, problems: list[Problem]) -> Times:
    """Read the table.

    Its columns are stage, option and mean_ms[, sd_ms, p95_ms, p99_ms, backward_ms]; or stage, option, batch and
    mean_ms; or stage, option, fixed_ms and per_request_ms.

    Parameters
    ----------
    path
        Of the CSV file.
    stages
        M; 0: not known.
    problems
        Takes every fault.
    """
    kind: list[str] = []

    def columns(header: list[str]) -> Sequence[Column]:
        kind.append("batch" if "batch" in header else "parts" if {"fixed_ms", "per_request_ms"} & {*header} else "")
        first = [Column("stage", "whole", 1, stages or math.inf), Column("option", "text")]
        if kind[0] == "parts":
            return [*first, Column("fixed_ms", "number", 0), Column("per_request_ms", "number", 0)]
        if kind[0] == "batch":
            return [*first, Column("batch", "whole", 1, LARGEST_BATCH), Column("mean_ms", "number", 0)]
        more = [Column(name, "number", 0, required=False) for name in ("sd_ms", "p95_ms", "p99_ms", "backward_ms")]
        return [*first, Column("mean_ms", "number", 0), *more]

    rows: dict[tuple[int, str, int], Row] = {}
    for row in read_table(path, columns, problems):
        size = row.whole("batch") if kind[0] == "batch" else 1
        key = row.whole("stage"), str(row.cells["option"]), size
        if key in rows:
            batch = f" with batch {size}" if kind[0] == "batch" else ""
            found = f"stage {key[0]} on '{key[1]}'{batch} stands twice"
            problems.append(Problem(str(path), f"line {row.line}", found, "keep one row"))
        rows[key] = row
    if not kind or kind[0] != "batch":
        return {(stage, option): _timed(row, kind[0]) for (stage, option, _), row in rows.items()}
    measured: dict[tuple[int, str], dict[int, float]] = {}
    for (stage, option, size), row in sorted(rows.items()):
        measured.setdefault((stage, option), {})[size] = row.number("mean_ms") / 1000
    return {
        key: StageTime(next(iter(own.values())), by_batch=ByBatch(tuple(own), tuple(own.values())))
        for key, own in measured.items()
    }


def _timed(row: Row, kind: str) -> StageTime:
    if kind == "parts":
        own = ByBatch.affine(row.number("fixed_ms") / 1000, row.number("per_request_ms") / 1000)
        return StageTime(own.seconds[0], by_batch=own)
    sd = row.number("sd_ms") if "sd_ms" in row.cells else 0.0
    back = row.number("backward_ms") / 1000 if "backward_ms" in row.cells else None
    return StageTime(row.number("mean_ms") / 1000, sd / 1000, backward=back)
