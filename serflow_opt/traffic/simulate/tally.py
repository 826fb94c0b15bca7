"""What happened in a block, added up by periods."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from serflow_opt import kernels

if TYPE_CHECKING:
    from numpy.typing import NDArray


class Tally:
    """Sums by period; requests, their calls, and their money belong to the period when they enter the block."""

    def __init__(self, period_s: float) -> None:
        self.period_s = period_s
        self._sums: dict[str, NDArray[Any]] = {}

    def periods_of(self, times: NDArray[np.float64]) -> NDArray[np.int64]:
        """Return the period of each of some moments, seconds."""
        if kernels.compiled:
            from serflow_opt.kernels.periods import periods

            found: NDArray[np.int64] = periods(np.ascontiguousarray(times), self.period_s)
            return found
        return (times // self.period_s).astype(np.int64)

    def add(
        self,
        what: str,
        times: NDArray[np.float64],
        weights: NDArray[np.float64] | None = None,
        periods: NDArray[np.int64] | None = None,
    ) -> None:
        """Count moments, or add up what happened at them.

        Parameters
        ----------
        what
            Name of the sum.
        times
            Seconds, in any order.
        weights
            What happened at each; None: it is counted.
        periods
            Of the moments, where they are known.
        """
        if not len(times):
            return
        if kernels.compiled and weights is None and periods is None:
            from serflow_opt.kernels.periods import counted

            self._put(what, *counted(np.ascontiguousarray(times), self.period_s))
            return
        period = self.periods_of(times) if periods is None else periods
        first = int(period.min())
        self._put(what, first, np.bincount(period - first if first else period, weights))

    def _put(self, what: str, first: int, part: NDArray[Any]) -> None:
        """Add sums of periods from the first on."""
        sums = self._sums.get(what)
        if sums is None:
            sums = np.zeros(0, part.dtype)
        if first + len(part) > len(sums):
            sums = np.concatenate([sums, np.zeros(first + len(part) + len(sums) // 2 - len(sums), sums.dtype)])
        sums[first : first + len(part)] += part
        self._sums[what] = sums

    def spans(
        self,
        what: str,
        starts: NDArray[np.float64],
        ends: NDArray[np.float64],
        weights: NDArray[np.float64] | None = None,
    ) -> None:
        """Add the seconds between pairs of moments to the periods that they touch, each second times its weight.

        Parameters
        ----------
        what
            Name of the sum.
        starts, ends
            Seconds, pair by pair.
        weights
            Of each pair; None: 1.
        """
        # from its period's end on a span counts whole periods, until it ends; the rest is what its own periods get
        if kernels.compiled and weights is None:
            from serflow_opt.kernels.periods import spread

            for times, sign in ((starts, 1.0), (ends, -1.0)) if len(starts) else ():
                first, left, steps = spread(np.ascontiguousarray(times), self.period_s, sign)
                self._put(f"{what} edge", first, left)
                self._put(f"{what} step", first, steps)
            return
        each = np.ones(len(starts)) if weights is None else weights
        for times, signed in ((starts, each), (ends, -each)):
            period = self.periods_of(times)
            left = (period + 1) * self.period_s - times
            self.add(f"{what} edge", times, signed * left, period)
            self.add(f"{what} step", times, signed, period)

    def counts(self, what: str, periods: int) -> NDArray[np.int64]:
        """Return the counts of so many periods."""
        return self._of(what, periods).astype(np.int64)

    def sums(self, what: str, periods: int) -> NDArray[np.float64]:
        """Return the sums of so many periods."""
        return self._of(what, periods).astype(float)

    def seconds(self, what: str, periods: int) -> NDArray[np.float64]:
        """Return the seconds that `spans` put into so many periods."""
        edge, step = self.sums(f"{what} edge", periods), self.sums(f"{what} step", periods)
        return edge + (np.cumsum(step) - step) * self.period_s

    def periods(self, what: str) -> int:
        """Periods until the last in which it happened."""
        happened = np.flatnonzero(self._sums.get(what, np.zeros(0)))
        return int(happened[-1]) + 1 if len(happened) else 0

    def _of(self, what: str, periods: int) -> NDArray[Any]:
        sums = self._sums.get(what, np.zeros(0))[:periods]
        return np.concatenate([sums, np.zeros(periods - len(sums), sums.dtype)])
