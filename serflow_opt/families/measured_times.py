"""What parts of a network take on each type of device or machine, as measured there: one table, by part and type."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from serflow_opt.errors import Problem, nearest
from serflow_opt.problem.tables import Column, read_table

BothWays = tuple[tuple[float, float], ...]
"""Seconds there and back, by part."""
BACKWARD = 2.0
"""Times of the way there, where the way back was not measured."""


def read_times(
    file: Path,
    name: str,
    titles: tuple[str, str],
    parts: Sequence[object],
    asked: Mapping[str, str],
    problems: list[Problem],
) -> dict[str, BothWays]:
    """Return the seconds there and back of all parts, by type.

    Parameters
    ----------
    file, name
        The instance, and the table beside it; empty: there is none.
    titles
        Of the columns of parts and of types.
    parts
        All that have to be there for each type, as the table writes them.
    asked
        Types that are asked for, and where.
    problems
        Receives every fault.
    """
    if not name:
        cure = "name a CSV of what was measured on each type, `times`"
        problems += [Problem(str(file), place, repr(own), cure) for own, place in asked.items()]
        return {}
    path, before = file.parent / name, len(problems)
    columns = [*(Column(title, "text") for title in titles), Column("forward_ms", low=0)]
    rows = read_table(path, [*columns, Column("backward_ms", low=0, required=False)], problems)
    known: dict[str, dict[str, tuple[float, float]]] = {}
    for row in rows:
        part, kind, there = str(row.cells[titles[0]]), str(row.cells[titles[1]]), row.number("forward_ms") / 1000
        back = row.number("backward_ms") / 1000 if "backward_ms" in row.cells else BACKWARD * there
        of_kind = known.setdefault(kind, {})
        if part in of_kind:
            found = f"{titles[0]} {part} on {kind} before"
            problems.append(Problem(str(path), f"line {row.line}", found, "list each once"))
        of_kind[part] = there, back
    if len(problems) > before:
        return {}
    names = [str(part) for part in parts]
    for own, place in asked.items():
        if own not in known:
            problems.append(Problem(str(file), place, repr(own), nearest(own, list(known))))
    for kind, of_kind in known.items():
        found = ", ".join(part for part in names if part not in of_kind)
        if found:
            problems.append(Problem(str(path), f"type '{kind}'", f"no {titles[0]} {found}", "measure all of them"))
        for part in of_kind:
            if part not in names:
                problems.append(Problem(str(path), f"type '{kind}'", f"{titles[0]} '{part}'", nearest(part, names)))
    if len(problems) > before:
        return {}
    return {kind: tuple(of_kind[part] for part in names) for kind, of_kind in known.items()}
