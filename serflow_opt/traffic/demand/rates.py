"""How many requests come: one rate, or a distribution of rates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from serflow_opt.errors import InputError, Problem

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from serflow_opt.traffic.demand.trace import Trace


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Rates:
    """Rates of arrival and how likely each is.

    Attributes
    ----------
    rates
        λ_i, requests per second, rising.
    shares
        π_i, share of the time; sums to 1.
    """

    rates: NDArray[np.float64]
    shares: NDArray[np.float64]

    def __repr__(self) -> str:
        """Say what it is in a line."""
        return f"Rates(mean {self.mean:g}/s, peak {self.peak:g}/s, {len(self.rates)} values)"

    @classmethod
    def steady(cls, rate_per_s: float) -> Rates:
        """Return one rate."""
        return cls(np.array([float(rate_per_s)]), np.ones(1))

    @classmethod
    def of_trace(cls, trace: Trace) -> Rates:
        """Return the rates of a trace's periods, in the order of size; what was not recorded does not count."""
        seen = trace.seen_s > 0
        if not seen.any() or not trace.counts[seen].any():
            raise InputError([Problem(trace.name, "requests", "no request at all", "give a trace with traffic")])
        rates, which = np.unique(trace.counts[seen] / trace.seen_s[seen], return_inverse=True)
        return cls(rates, np.bincount(which, weights=trace.seen_s[seen]) / trace.seen_s[seen].sum())

    @property
    def mean(self) -> float:
        """λ, requests per second."""
        return float(self.rates @ self.shares)

    @property
    def peak(self) -> float:
        """Largest rate, requests per second."""
        return float(self.rates[-1])

    def spilled(self, capacity: float) -> float:
        """E[(λ - capacity)^+], requests per second beyond a capacity."""
        return float(np.maximum(self.rates - capacity, 0.0) @ self.shares)

    def in_groups(self, groups: int) -> Rates:
        """Return so many groups of about equal shares, or the rates where they are no more."""
        return self if len(self.rates) <= groups else self.grouped(self.spread(groups))

    def spread(self, groups: int) -> list[float]:
        """Return breaks that make groups of about equal shares."""
        below = np.cumsum(self.shares)
        at = np.searchsorted(below, np.arange(1, groups) / groups)
        return [float(self.rates[i]) for i in np.unique(np.minimum(at, len(self.rates) - 1))]

    def grouped(self, breaks: Sequence[float]) -> Rates:
        """Return one mean rate for all rates between two breaks.

        What spills over a capacity is convex in the rate, so by Jensen's inequality the groups spill no more than the
        rates do (and as much where the capacity is a break).
        """
        group = np.searchsorted(np.sort(np.asarray(breaks, dtype=float)), self.rates, side="left")
        shares = np.bincount(group, weights=self.shares).astype(np.float64)
        mass = np.bincount(group, weights=self.shares * self.rates)
        used = shares > 0
        return Rates(mass[used] / shares[used], shares[used])
