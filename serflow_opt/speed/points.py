"""Measured points: how long one function took at several memory sizes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from serflow_opt.errors import InputError, Problem
from serflow_opt.files import read_text, write_atomically
from serflow_opt.problem.tables import Column, read_table
from serflow_opt.speed.power_tuning import read_power_tuning

SHORTEST_MS = 1 / 1e6
"""A time must be positive; no clock tells less than this from nothing."""
COLUMNS = (
    Column("memory_mb", "whole", 1),
    Column("mean_ms", "number", SHORTEST_MS),
    Column("sd_ms", "number", 0, required=False),
)


@dataclass(frozen=True, slots=True)
class Point:
    """The time of the same work at one memory size.

    Attributes
    ----------
    memory_mb
        Configured memory, units of 2^20 bytes.
    seconds
        Mean (or median) time of an invocation, seconds.
    sd_s
        Standard deviation between invocations, seconds; None when it is not known.
    """

    memory_mb: int
    seconds: float
    sd_s: float | None = None


def read_points(path: Path) -> tuple[Point, ...]:
    """Read a CSV table `memory_mb,mean_ms[,sd_ms]` or a result of AWS Lambda Power Tuning (see `power_tuning`).

    Returns
    -------
    tuple of Point
        At least two, each at a size of its own, by rising memory.

    Raises
    ------
    InputError
        With everything that is wrong in the file.
    """
    problems: list[Problem] = []
    text = read_text(path, problems, "give a CSV table of points or a result file of AWS Lambda Power Tuning")
    placed: list[tuple[str, Point]] = []
    if text is not None and (path.suffix.lower() == ".json" or text.lstrip().startswith(("{", "["))):
        for place, memory_mb, ms in read_power_tuning(str(path), text, problems):
            if ms < SHORTEST_MS:
                problems.append(Problem(str(path), place, f"{ms:g} ms", "a time is a positive number"))
            placed.append((place, Point(memory_mb, ms / 1000)))
    elif text is not None:
        for row in read_table(path, COLUMNS, problems):
            sd_s = row.number("sd_ms") / 1000 if "sd_ms" in row.cells else None
            placed.append((f"line {row.line}", Point(row.whole("memory_mb"), row.number("mean_ms") / 1000, sd_s)))
    _check_sizes(str(path), placed, problems)
    if problems:
        raise InputError(problems)
    return tuple(sorted((point for _, point in placed), key=lambda point: point.memory_mb))


def _check_sizes(file: str, placed: list[tuple[str, Point]], problems: list[Problem]) -> None:
    """Check that no size stands twice and that there are two."""
    sizes: set[int] = set()
    for place, point in placed:
        if point.memory_mb in sizes:
            problems.append(Problem(file, place, f"{point.memory_mb} MB twice", "keep one point a size"))
        sizes.add(point.memory_mb)
    if len(sizes) == 1 and not problems:
        found = f"one memory size, {min(sizes)} MB"
        problems.append(Problem(file, "", found, "measure at two sizes or more, some above one vCPU"))


def write_curve(path: Path, points: Sequence[Point], flops: float) -> None:
    """Write the curve through measured points: the whole work then takes the times measured.

    Parameters
    ----------
    path
        CSV file `memory_mb,flops_per_s`; written whole or not at all.
    points
        Times of one and the same work.
    flops
        FLOPs of that work.

    Raises
    ------
    InputError
        When the file cannot be written.
    """
    rows = [f"{point.memory_mb},{flops / point.seconds:.9g}" for point in points]
    text = "\n".join(["memory_mb,flops_per_s", *rows, ""])
    write_atomically(path, lambda draft: draft.write_text(text, encoding="utf-8", newline="\n"))
