"""The table of stages: stage,flops,activation_bytes,parameter_bytes and what else is known, one row a stage."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from serflow_opt.errors import Problem
from serflow_opt.problem.network import Stage
from serflow_opt.problem.ramps import Ramp, restarted
from serflow_opt.problem.tables import Column, Row, read_table

MAX_STAGES = 10_000
"""More rows than any network is cut into."""
COLUMNS = (
    Column("stage", "whole", 1, MAX_STAGES),
    Column("flops", "number", 0),
    Column("activation_bytes", "number", 0),
    Column("parameter_bytes", "number", 0),
    Column("backward_flops", "number", 0, required=False),
    Column("ramp_flops", "number", 0, required=False),
    Column("ramp_parameter_bytes", "number", 0, required=False),
    Column("restarts", "whole", 0, 1, required=False),
)


@dataclass(frozen=True, slots=True)
class StageRows:
    """Stages, what the classifier of each costs (None: nothing is said), and which restart; empty: there are faults."""

    stages: tuple[Stage, ...] = ()
    ramps: tuple[Ramp | None, ...] = ()
    restarts: tuple[bool, ...] = ()


def read_stages(path: Path, input_bytes: float, problems: list[Problem]) -> StageRows:
    """Read the stages, one row each, 1..M.

    Parameters
    ----------
    path
        The CSV file.
    input_bytes
        Size of the input, which stages that restart need.
    problems
        Takes every fault.
    """
    before = len(problems)
    rows = sorted(read_table(path, COLUMNS, problems), key=lambda row: row.cells.get("stage", 0))
    if len(problems) > before:
        return StageRows()
    numbers = [row.whole("stage") for row in rows]
    if numbers != list(range(1, len(rows) + 1)):
        absent = sorted(set(range(1, max(numbers) + 1)) - set(numbers))
        found = f"stage(s) {', '.join(map(str, absent[:10]))} missing" if absent else "a stage stands twice"
        problems.append(Problem(str(path), "column stage", found, "give one row for each stage 1..M"))
        return StageRows()
    restarts = tuple(_given(row, "restarts") == 1 for row in rows)
    if restarts[0]:
        problems.append(Problem(str(path), "stage 1, restarts", "1", "the first stage has the input anyway: write 0"))
    stages = tuple(_stage(row) for row in rows)
    return StageRows(restarted(stages, restarts, input_bytes), tuple(_ramp(row) for row in rows), restarts)


def _given(row: Row, column: str) -> float | None:
    """Return a cell of a column that need not be there."""
    return row.number(column) if column in row.cells else None


def _stage(row: Row) -> Stage:
    flops, sent, held = (row.number(column) for column in ("flops", "activation_bytes", "parameter_bytes"))
    return Stage(flops, sent, held, _given(row, "backward_flops"))


def _ramp(row: Row) -> Ramp | None:
    flops, size = _given(row, "ramp_flops"), _given(row, "ramp_parameter_bytes")
    return None if flops is None and size is None else Ramp(flops or 0.0, size or 0.0)
