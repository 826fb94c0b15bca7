"""Measurements as they come: late, missing, repeated or absurd; out go seconds that can be used, and what was wrong."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

ABSURD = 100.0
"""A second with more than so many times the largest seen so far is not believed, ..."""
BELIEVED = 1000.0
"""... unless it has at most so many requests, or the second before was as absurd."""


@dataclass
class Intake:
    """The clock of what has been taken in.

    Attributes
    ----------
    until_s
        Everything before this second is known or given up.
    largest
        Most requests believed in a second.
    suspected
        Whether the last second was not believed.
    """

    until_s: int = 0
    largest: float = 0.0
    suspected: bool = False

    def take(self, from_s: float, counts: NDArray[np.float64] | list[float]) -> tuple[NDArray[np.float64], list[str]]:
        """Take in counts of the seconds from `from_s` on.

        Returns
        -------
        array
            Seconds from `until_s` on: NaN where nothing is known.
        list of str
            What was wrong.
        """
        wrong: list[str] = []
        values = np.asarray(counts, dtype=float).ravel()
        if not np.isfinite(from_s) or from_s < 0:
            return np.zeros(0), [f"a measurement at second {from_s} is dropped"]
        start = round(from_s)
        if start < self.until_s:
            known = min(self.until_s - start, len(values))
            if known:
                wrong.append(f"{known} s before second {self.until_s} came late or twice and are dropped")
            values, start = values[known:], start + known
        if start > self.until_s and len(values):
            wrong.append(f"seconds {self.until_s} to {start - 1} are missing")
            values = np.concatenate([np.full(start - self.until_s, np.nan), values])
        bad = ~np.isfinite(values) & ~np.isnan(values) | (values < 0)
        if bad.any():
            wrong.append(f"{int(bad.sum())} s with counts that are no numbers of requests are dropped")
            values = np.where(bad, np.nan, values)
        values = self._believed(values, wrong)
        self.until_s += len(values)
        return values, wrong

    def _believed(self, values: NDArray[np.float64], wrong: list[str]) -> NDArray[np.float64]:
        """Leave out single seconds that are far beyond everything so far; two in a row are a burst."""
        most = max(BELIEVED, ABSURD * self.largest)
        if not len(values) or not np.nanmax(np.append(values, 0.0)) > most:
            self.suspected = False if len(values) else self.suspected
            self.largest = float(np.nanmax(np.append(values, self.largest)))
            return values
        values = values.copy()
        for i, x in enumerate(values.tolist()):
            absurd = x > max(BELIEVED, ABSURD * self.largest)
            if absurd and not self.suspected:
                wrong.append(f"{x:g} requests in second {self.until_s + i} are not believed")
                values[i] = np.nan
            elif not np.isnan(x):
                self.largest = max(self.largest, x)
            self.suspected = absurd
        return values
