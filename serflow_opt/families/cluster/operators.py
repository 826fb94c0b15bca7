"""Times of a network from those of its operators: the longest way through them, configuration by configuration."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from serflow_opt.errors import Problem, nearest
from serflow_opt.families.cluster.document import ModelTable
from serflow_opt.problem.tables import Column, Row, read_table


def summed(model: ModelTable, path: Path, sizes: Sequence[Column], problems: list[Problem]) -> list[Row]:
    """Return a row for each configuration that all operators of a network were measured in.

    Parameters
    ----------
    model
        The network, with its steps.
    path
        The instance file: the table of operators stands beside it.
    sizes
        Columns that tell configurations apart, beside the batch.
    problems
        Receives every fault.
    """
    source = path.parent / model.operators
    columns = [Column("operator", "text"), Column("batch", "whole", 1), Column("ms", low=0), *sizes]
    before = len(problems)
    rows = read_table(source, columns, problems)
    before_of = _before(model, str(path), problems)
    known = list(dict.fromkeys(str(row.cells["operator"]) for row in rows))
    for step in model.step:
        if rows and step.operator not in known:
            place = f"model '{model.name}'.step"
            problems.append(Problem(str(path), place, repr(step.operator), nearest(step.operator, known)))
    if len(problems) > before:
        return []
    keys = ("batch", *(own.name for own in sizes))
    times: dict[tuple[object, ...], dict[str, float]] = {}
    first: dict[tuple[object, ...], Row] = {}
    for row in rows:
        key = tuple(row.cells.get(name) for name in keys)
        own = times.setdefault(key, {})
        name = str(row.cells["operator"])
        if name in own:
            problems.append(Problem(str(source), f"line {row.line}", f"{name!r} is listed before", "list each once"))
        own[name] = row.number("ms")
        first.setdefault(key, row)
    wanted = {step.operator for step in model.step}
    whole = [key for key, own in times.items() if wanted <= set(own)]
    if not whole:
        cure = "measure all operators of a network in the same sizes and batches"
        problems.append(Problem(str(source), f"model '{model.name}'", "no configuration has them all", cure))
    return [Row(first[key].line, {**first[key].cells, "ms": _longest(model, before_of, times[key])}) for key in whole]


def _before(model: ModelTable, file: str, problems: list[Problem]) -> list[list[int]]:
    """The steps that each step waits for, by position: only earlier ones, so that there is no ring."""
    names: list[str] = []
    found = []
    for n, step in enumerate(model.step):
        name, place = step.name or step.operator, f"model '{model.name}'.step[{n + 1}]"
        after = ([names[-1]] if names else []) if step.after is None else step.after
        for own in after:
            if own not in names:
                cure = f"name steps further up: {', '.join(names) or 'there are none'}"
                problems.append(Problem(file, f"{place}.after", repr(own), cure))
        found.append([names.index(own) for own in after if own in names])
        if name in names:
            problems.append(Problem(file, f"{place}.name", repr(name), "give each step a name of its own"))
        names.append(name)
    return found


def _longest(model: ModelTable, before_of: list[list[int]], times: dict[str, float]) -> float:
    ends: list[float] = []
    for step, before in zip(model.step, before_of, strict=True):
        ends.append(max((ends[n] for n in before), default=0.0) + step.calls * times[step.operator])
    return max(ends)
