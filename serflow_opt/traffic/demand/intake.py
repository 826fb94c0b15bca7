"""Measurements as they come: late, missing, repeated or absurd; out go seconds that can be used, and what was wrong.

The clock may be any: it starts where the first measurement does. Where it jumps, forward or back, the first measurement
after the jump is not believed; once a second one goes on from it the clock was set, and what is missing in between is
bridged in constant memory.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

ABSURD = 100.0
"""A second with more than so many times the largest seen so far is not believed, ..."""
BELIEVED = 1000.0
"""... unless it has at most so many requests, or the second before was as absurd."""
IMPOSSIBLE = 1e8
"""More requests in a second are none, however often they are told."""
FAR_S = 3600
"""A measurement so many seconds before or after where the clock was is believed when the next one goes on from it."""
DAY_S = 86_400
LAST_S = 2.0**53
"""Clocks that show more do not tell one second from the next."""


@dataclass
class Intake:
    """The clock of what has been taken in.

    Attributes
    ----------
    until_s
        Everything before this second is known or given up; None: nothing was taken in yet.
    largest
        Most requests believed in a second.
    suspected
        Whether the last second was not believed.
    elsewhere_s
        Where the last measurement ended, if that was far away.
    """

    until_s: int | None = None
    largest: float = 0.0
    suspected: bool = False
    elsewhere_s: int | None = field(default=None, repr=False)

    def take(self, from_s: float, counts: NDArray[np.float64] | list[float]) -> tuple[NDArray[np.float64], list[str]]:
        """Take in counts of the seconds from `from_s` on.

        Returns
        -------
        array
            Seconds from `until_s` on: NaN where nothing is known. Of a gap longer than two days only its last day, and
            as much before as makes the time of day right.
        list of str
            What was wrong.
        """
        wrong: list[str] = []
        values = np.asarray(counts, dtype=float).ravel()
        if not 0 <= from_s < LAST_S:  # nor NaN
            return np.zeros(0), [f"a measurement at second {from_s:g} is dropped"]
        start, missing = round(from_s), 0
        if not len(values):
            return values, wrong
        end = start + len(values)
        known = self.until_s
        if known is not None:
            if self._far(start, end, known):
                return np.zeros(0), [f"seconds {start} to {end - 1} are far from second {known}: not believed yet"]
            if end < known - FAR_S:
                wrong.append(f"the clock was set back from second {known} to {start}")
            elif start < known:
                late = min(known - start, len(values))
                wrong.append(f"{late} s before second {known} came late or twice and are dropped")
                values, start, end = values[late:], start + late, max(end, known)
            elif start > known:
                wrong.append(f"seconds {known} to {start - 1} are missing")
                missing = start - known
        bad = ~np.isfinite(values) & ~np.isnan(values) | (values < 0) | (values > IMPOSSIBLE)
        if bad.any():
            wrong.append(f"{int(bad.sum())} s with counts that are no numbers of requests are dropped")
            values = np.where(bad, np.nan, values)
        values = self._believed(values, start, wrong)
        self.until_s = end
        bridged = missing if missing <= 2 * DAY_S else DAY_S + missing % DAY_S
        return np.concatenate([np.full(bridged, np.nan), values]), wrong

    def _far(self, start: int, end: int, known: int) -> bool:
        """Whether a measurement is far from where the clock was, and from where the last one was."""
        away = start > known + FAR_S or end < known - FAR_S
        goes_on = self.elsewhere_s is not None and 0 <= start - self.elsewhere_s <= FAR_S
        self.elsewhere_s = end if away and not goes_on else None
        return away and not goes_on

    def _believed(self, values: NDArray[np.float64], start: int, wrong: list[str]) -> NDArray[np.float64]:
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
                wrong.append(f"{x:g} requests in second {start + i} are not believed")
                values[i] = np.nan
            elif not np.isnan(x):
                self.largest = max(self.largest, x)
            self.suspected = absurd
        return values
