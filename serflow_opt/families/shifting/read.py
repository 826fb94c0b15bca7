"""The problem of an instance: its table of hours, and what machines emit in each."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from serflow_opt.errors import Problem, nearest
from serflow_opt.families.shifting.document import ShiftingTables
from serflow_opt.families.shifting.problem import ShiftingMachine, ShiftingProblem
from serflow_opt.families.tables import check_names
from serflow_opt.problem.emissions import grams_per_joule
from serflow_opt.problem.tables import Column, read_table

DEMAND = "requests_per_s"
MOST_HOURS = 24 * 31


def read(
    document: ShiftingTables, path: Path, catalogs: Sequence[str | Path], problems: list[Problem]
) -> ShiftingProblem | None:
    """Return the problem of an instance; None where something is wrong with it.

    Parameters
    ----------
    document, path, catalogs, problems
        As `Standard.data` takes them.
    """
    file, before = str(path), len(problems)
    check_names({"machine": [own.name for own in document.machine]}, file, problems)
    grids: list[str] = []

    def columns(header: list[str]) -> list[Column]:
        grids.extend(name for name in header if name not in (DEMAND, "hour"))
        hour = [Column("hour", "whole", required=False)] if "hour" in header else []
        return [*hour, Column(DEMAND, low=0), *(Column(name, low=0) for name in grids or ["g_per_kwh"])]

    rows = read_table(path.parent / document.hours, columns, problems)
    if len(problems) > before:
        return None
    if not 0 < len(rows) <= MOST_HOURS:
        problems.append(Problem(str(path.parent / document.hours), "", f"{len(rows)} hours", f"1 to {MOST_HOURS}"))
    places = [(f"machine[{n}].grid", own.grid) for n, own in enumerate(document.machine, start=1)]
    places += [("function.grid", document.function.grid)] if document.function is not None else []
    for place, grid in places:
        if grid not in grids:
            problems.append(Problem(file, place, repr(grid), nearest(grid, grids)))
    for n, own in enumerate(document.machine, start=1):
        if own.watts[0] > own.watts[1]:
            problems.append(Problem(file, f"machine[{n}].watts", f"{own.watts}", "write [idle, full]"))
    if not document.machine and document.function is None:
        problems.append(Problem(file, "machine", "nothing to serve with", "give [[machine]] or [function]"))
    if len(problems) > before:
        return None
    joule = {name: [grams_per_joule(row.number(name), 1.0) for row in rows] for name in grids}
    machines = tuple(
        ShiftingMachine(
            own.name,
            own.requests_per_s,
            own.usd_per_hour,
            own.count_max,
            tuple(own.watts[0] * 3600 * g * own.pue + own.embodied_g_per_hour for g in joule[own.grid]),
            tuple((own.watts[1] - own.watts[0]) * 3600 * g * own.pue for g in joule[own.grid]),
        )
        for own in document.machine
    )
    function = document.function
    grams: tuple[float, ...] = ()
    if function is not None:
        each = function.joules_per_request * function.pue
        grams = tuple(each * g + function.embodied_g_per_million / 1e6 for g in joule[function.grid])
    return ShiftingProblem(
        tuple(row.number(DEMAND) * document.times for row in rows),
        document.deferrable,
        document.defer_h,
        document.repeats,
        machines,
        None if function is None else function.usd_per_million / 1e6,
        grams,
        document.usd_per_tonne / 1e6,
    )
