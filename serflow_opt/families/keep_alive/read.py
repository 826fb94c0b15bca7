"""A keep-alive instance as it is read: idle times beside the file, prices in it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from serflow_opt.errors import Problem
from serflow_opt.families.keep_alive.document import KeepAliveTables
from serflow_opt.families.keep_alive.problem import Idle
from serflow_opt.problem.tables import Column, read_table

MOST_TIMES = 20_000


def read(document: KeepAliveTables, path: Path, catalogs: Sequence[str | Path], problems: list[Problem]) -> Idle | None:
    """Return idle times and prices; None, with faults appended, where there are any.

    Parameters
    ----------
    document
        Its tables, each valid in itself.
    path
        The file: the table of idle times stands beside it.
    catalogs
        Not looked at: prices stand in the file itself.
    problems
        Receives every fault.
    """
    source, before = path.parent / document.idle_times, len(problems)
    rows = read_table(source, [Column("idle_s", low=0), Column("count", low=0, required=False)], problems)
    if len(problems) > before:
        return None
    counts = np.array([row.number("count") if "count" in row.cells else 1.0 for row in rows])
    times, which = np.unique([row.number("idle_s") for row in rows], return_inverse=True)
    shares = np.bincount(which, weights=counts)
    if not shares.sum() > 0:
        problems.append(Problem(str(source), "column count", "no idle time at all", "give at least one"))
    if len(times) > MOST_TIMES:
        cure = f"round them: at most {MOST_TIMES:,} different ones"
        problems.append(Problem(str(source), "column idle_s", f"{len(times):,} different idle times", cure))
    mean = float(times @ shares / max(shares.sum(), 1.0))
    if document.rate_per_s is None and not mean > 0:
        problems.append(Problem(str(path), "rate_per_s", "missing", "give it: all idle times are 0"))
    if len(problems) > before:
        return None
    return Idle(
        times[shares > 0],
        shares[shares > 0] / shares.sum(),
        document.resolution_s,
        document.memory_gb * document.usd_per_gb_s,
        document.usd_per_cold_start,
        document.rate_per_s or 1 / mean,
    )
