"""What a machine serves a second at most, by how long batches take on it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from serflow_opt.errors import InputError, Problem
from serflow_opt.ground.tolerances import TOLERANCE
from serflow_opt.problem.batches import ByBatch
from serflow_opt.problem.stage_times import LARGEST_BATCH
from serflow_opt.problem.tables import Column, read_table


def read_batch_times(path: Path) -> dict[int, float]:
    """Return seconds by batch size of a CSV file with columns batch and mean_ms.

    Raises
    ------
    InputError
        With every fault, and where times are missing or fall as the batch grows.
    """
    problems: list[Problem] = []
    columns = [Column("batch", "whole", 1, LARGEST_BATCH), Column("mean_ms", "number", 0)]
    rows = read_table(path, columns, problems)
    found = dict[int, float]()
    for row in rows:
        if row.whole("batch") in found:
            problems.append(Problem(str(path), f"line {row.line}", f"batch {row.whole('batch')} twice", "keep one row"))
        found[row.whole("batch")] = row.number("mean_ms") / 1000
    if problems:
        raise InputError(problems)
    return found


def capacity_in_batches(times: Mapping[int, float], slo_s: float, place: str = "capacity_per_s") -> float:
    """Return the requests a second of the size of batch that serves most, of those that end within the target.

    Parameters
    ----------
    times
        Seconds by size; linear in between.
    slo_s
        Seconds from arrival within which a request must be served: no batch may take longer.
    place
        Where times are from, for messages.

    Raises
    ------
    InputError
        Where times make no sense, or no batch ends within the target.
    """
    sizes = sorted(times)
    known = ByBatch(tuple(sizes), tuple(times[n] for n in sizes)) if sizes else None
    if known is None or sizes[0] != 1 or not all(t > 0 for t in known.seconds):
        cure = "give seconds above 0 by size, from a batch of 1 on"
        raise InputError([Problem(place, "batch", f"{dict(times)}", cure)])
    if known.falling is not None:
        small, large = known.falling
        found, cure = f"{large} requests take less time than {small}", f"measure again, or leave out {small}"
        raise InputError([Problem(place, "mean_ms", found, cure)])
    rates = [n / t for n, t in enumerate(known.up_to(sizes[-1]), start=1) if t <= slo_s * (1 + TOLERANCE)]
    if not rates:
        found = f"{known.seconds[0] * 1000:g} for one request, and a target of {slo_s * 1000:g} ms"
        raise InputError([Problem(place, "mean_ms", found, "raise the target, or take faster machines")])
    return max(rates)


def capacity_of(stated: float | None, batch_times: Path | None, slo_s: float) -> float:
    """Return the requests a second that a machine serves at most, stated or by a table of batches.

    Parameters
    ----------
    stated
        Requests a second; None: there is a table.
    batch_times
        The table, as of `read_batch_times`.
    slo_s
        As of `capacity_in_batches`.

    Raises
    ------
    InputError
        Where both or neither are given, and as `capacity_in_batches` does.
    """
    if (stated is None) == (batch_times is None):
        said = "neither is given" if stated is None else "both are given"
        raise InputError([Problem("", "--capacity, --batch-times", said, "give one of the two")])
    if batch_times is None:
        assert stated is not None
        return stated
    return capacity_in_batches(read_batch_times(batch_times), slo_s, str(batch_times))
