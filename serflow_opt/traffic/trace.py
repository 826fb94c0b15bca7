"""Traffic over time: requests counted in periods of equal length."""

from __future__ import annotations

import math
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from serflow_opt.errors import InputError, Problem

if TYPE_CHECKING:
    from numpy.typing import NDArray

PERIODS = {"second": 1.0, "minute": 60.0, "hour": 3600.0}
"""What the first column of a trace may be called, and the seconds between its rows."""


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Trace:
    """Requests by period.

    Attributes
    ----------
    counts
        Requests in each period.
    period_s
        Length of a period, seconds.
    seen_s
        Seconds of each period that were observed; less than `period_s` where the record has gaps.
    name
        What results call it.
    """

    counts: NDArray[np.int64]
    period_s: float
    seen_s: NDArray[np.float64]
    name: str = "trace"

    def __post_init__(self) -> None:
        """Raise InputError for what is no trace."""
        counts, seen = np.asarray(self.counts), np.asarray(self.seen_s, dtype=float)
        problems = []
        if counts.ndim != 1 or not (np.issubdtype(counts.dtype, np.integer) and (counts >= 0).all()):
            problems.append(
                Problem(self.name, "counts", str(counts)[:60], "give whole numbers of at least 0, a period each")
            )
        if seen.shape != counts.shape or not ((seen >= 0) & (seen <= self.period_s * (1 + 1e-9))).all():
            problems.append(
                Problem(self.name, "seen_s", str(seen)[:60], "give seconds, at most a period, for each period")
            )
        if not (self.period_s > 0 and math.isfinite(self.period_s)):
            problems.append(Problem(self.name, "period_s", f"{self.period_s}", "give seconds, more than 0"))
        if problems:
            raise InputError(problems)

    @classmethod
    def of(cls, counts: Iterable[int], period_s: float = 1.0, name: str = "trace") -> Trace:
        """Return a trace without gaps."""
        array = np.asarray(list(counts))
        return cls(array, period_s, np.full(len(array), period_s), name)

    def __repr__(self) -> str:
        """Say what it is in a line."""
        return (
            f"Trace('{self.name}', {self.requests:,} requests in {len(self.counts):,} periods of {self.period_s:g} s)"
        )

    @property
    def seconds(self) -> float:
        """Length of the whole trace, seconds."""
        return len(self.counts) * self.period_s

    @property
    def requests(self) -> int:
        """All requests."""
        return int(self.counts.sum())

    def scaled(self, factor: float) -> Trace:
        """Return the trace with counts multiplied, each rounded to a whole number of requests."""
        return Trace(np.rint(self.counts * factor).astype(np.int64), self.period_s, self.seen_s, self.name)

    def in_periods(self, least_s: float) -> Trace:
        """Return the trace in periods of at least so many seconds, each some of the old ones put together."""
        many = max(1, math.ceil(least_s / self.period_s * (1 - 1e-12)))
        starts = np.arange(0, len(self.counts), many)
        counts, seen = np.add.reduceat(self.counts, starts), np.add.reduceat(self.seen_s, starts)
        return Trace(counts, self.period_s * many, seen, self.name)

    def slice(self, from_s: float, to_s: float) -> Trace:
        """Return the periods from one moment to another."""
        a, b = round(from_s / self.period_s), round(to_s / self.period_s)
        return Trace(self.counts[a:b], self.period_s, self.seen_s[a:b], self.name)


def read_trace(path: str | os.PathLike[str]) -> Trace:
    """Read a trace.

    A CSV file whose first column is `second`, `minute` or `hour`, counted up by one from row to row, with a column
    `requests` and possibly `gap_seconds`, the seconds of a period that were not recorded. Other columns are left alone.

    Raises
    ------
    InputError
        With everything that is wrong in the file.
    """
    import pandas as pd

    file, name = str(path), Path(path).stem
    try:
        frame = pd.read_csv(path)
    except FileNotFoundError:
        raise InputError([Problem(file, "", "no such file", "give a CSV: second,requests")]) from None
    except (UnicodeDecodeError, pd.errors.ParserError, pd.errors.EmptyDataError, OSError) as error:
        raise InputError([Problem(file, "", f"cannot be read: {error}", "give a CSV: second,requests")]) from None
    problems: list[Problem] = []

    def wrong(place: str, found: str, cure: str) -> None:
        problems.append(Problem(file, place, found, cure))

    clock = str(frame.columns[0]) if len(frame.columns) else ""
    if clock not in PERIODS:
        wrong("first column", f"'{clock}'", f"call it {', '.join(PERIODS)}, which tells the length of a period")
    if "requests" not in frame.columns:
        wrong("header", f"columns {', '.join(map(str, frame.columns))}", "add a column requests")
    if not problems and frame.empty:
        wrong("", "no rows", "give a row a period")
    if problems:
        raise InputError(problems)
    for column in [clock, "requests", *({"gap_seconds"} & set(frame.columns))]:
        numbers = pd.to_numeric(frame[column], errors="coerce")
        bad = numbers.isna() | (numbers < 0) | ~np.isfinite(numbers.fillna(-1))
        if column != "gap_seconds":
            bad |= numbers != numbers.round()
        kind = "seconds, 0 or more" if column == "gap_seconds" else "a whole number, 0 or more"
        for row in np.flatnonzero(bad.to_numpy())[:10]:
            wrong(f"row {row + 2}, {column}", f"'{frame[column].iloc[row]}'", f"write {kind}")
        frame[column] = numbers
    period = PERIODS[clock]
    if not problems:
        steps = np.flatnonzero(np.diff(frame[clock].to_numpy()) != 1)
        for row in steps[:10]:
            after, this = int(frame[clock].iloc[row]), int(frame[clock].iloc[row + 1])
            wrong(
                f"row {row + 3}, {clock}", f"{this} after {after}", "count periods up by one; write 0 where none came"
            )
        gaps = frame["gap_seconds"].to_numpy(float) if "gap_seconds" in frame.columns else np.zeros(len(frame))
        for row in np.flatnonzero(gaps > period)[:10]:
            wrong(f"row {row + 2}, gap_seconds", f"{gaps[row]:g}", f"a {clock} has {period:g} seconds")
    if problems:
        raise InputError(problems)
    return Trace(frame["requests"].to_numpy(np.int64), period, period - gaps, name)
