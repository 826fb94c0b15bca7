"""Traffic over time: requests counted in periods of equal length."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from serflow_opt.errors import InputError, Problem
from serflow_opt.ground.tolerances import ROUNDING, TOLERANCE

if TYPE_CHECKING:
    from numpy.typing import NDArray

MOST_IN_A_PERIOD, MOST_REQUESTS = 1e12, 1e15
"""What is counted exactly, in a period and altogether, and still when it is scaled and summed up."""


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
        elif counts.max(initial=0) > MOST_IN_A_PERIOD or counts.sum(dtype=float) > MOST_REQUESTS:
            found = f"{counts.max():.6g} requests in a period, {counts.sum(dtype=float):.6g} altogether"
            cure = f"give at most {MOST_IN_A_PERIOD:g} in a period and {MOST_REQUESTS:g} altogether"
            problems.append(Problem(self.name, "counts", found, cure))
        if seen.shape != counts.shape or not ((seen >= 0) & (seen <= self.period_s * (1 + TOLERANCE))).all():
            problems.append(
                Problem(self.name, "seen_s", str(seen)[:60], "give seconds, at most a period, for each period")
            )
        if not (self.period_s > 0 and math.isfinite(self.period_s)):
            problems.append(Problem(self.name, "period_s", f"{self.period_s}", "give seconds, more than 0"))
        if problems:
            raise InputError(problems)

    @classmethod
    def of(cls, counts: Iterable[int], period_s: float = 1.0, name: str = "trace") -> Trace:
        """Return a trace without gaps.

        Parameters
        ----------
        counts
            Requests, period by period.
        period_s
            Length of a period, seconds.
        name
            What results call it.

        Raises
        ------
        InputError
            For what is no trace.
        """
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
        counts = np.rint(self.counts * float(factor))
        if not (factor >= 0 and counts.max(initial=0.0) <= MOST_IN_A_PERIOD):
            found = f"{factor:g}, and up to {self.counts.max(initial=0):g} requests in a period"
            cure = f"give 0 or more, so that a period has at most {MOST_IN_A_PERIOD:g}"
            raise InputError([Problem(self.name, "factor", found, cure)])
        return Trace(counts.astype(np.int64), self.period_s, self.seen_s, self.name)

    def in_periods(self, least_s: float) -> Trace:
        """Return the trace in periods of at least so many seconds, each some of the old ones put together."""
        many = max(1, math.ceil(least_s / self.period_s * (1 - ROUNDING)))
        starts = np.arange(0, len(self.counts), many)
        counts, seen = np.add.reduceat(self.counts, starts), np.add.reduceat(self.seen_s, starts)
        return Trace(counts, self.period_s * many, seen, self.name)

    def slice(self, from_s: float, to_s: float) -> Trace:
        """Return the periods from one moment to another."""
        a, b = round(from_s / self.period_s), round(to_s / self.period_s)
        return Trace(self.counts[a:b], self.period_s, self.seen_s[a:b], self.name)
