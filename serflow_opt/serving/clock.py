"""The service's own clock, which only goes on, whatever happens to the clock on the wall.

Decisions go by it. Stamps of measurements are of some wall clock: they are read by the offset of this machine's, as it
is now, or, where a stamp makes no sense by that, as it was before it was last set: whoever sends may have been right
all along.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

JUMP_S = 2.0
"""A wall clock that is off by more than this from one look to the next was set; less is drift."""
MOST_OFFSETS = 4
"""Settings of the wall clock that are remembered."""


class SteadyClock:
    """Seconds since 1970, as they were when the service started, and steady since.

    Parameters
    ----------
    last
        What it showed last in a process before, and by how much the wall clock was ahead then: it goes on as if the
        wall clock had not been set since, and does not go back. None: there was none.
    wall, steady
        Clocks that give seconds: that on the wall, and one that cannot be set.
    """

    def __init__(
        self,
        last: Sequence[float] | None = None,
        wall: Callable[[], float] = time.time,
        steady: Callable[[], float] = time.monotonic,
    ) -> None:
        self._wall, self._steady = wall, steady
        now = wall()
        last_s, offset_s = (now, 0.0) if last is None else last
        self._base = max(now - offset_s, last_s) - steady()
        self._offsets = [now - self.now_s()]

    def now_s(self) -> float:
        """Return what it shows."""
        return self._base + self._steady()

    @property
    def offset_s(self) -> float:
        """How far the wall clock was ahead when last looked at, seconds."""
        return self._offsets[0]

    def look(self) -> float:
        """Look at the wall clock; return by how many seconds it was set since the last look, 0 where it was not."""
        offset = self._wall() - self.now_s()
        jump = offset - self._offsets[0]
        if abs(jump) <= JUMP_S:
            self._offsets[0] = offset
            return 0.0
        self._offsets = [offset, *self._offsets][:MOST_OFFSETS]
        return jump

    def read(self, stamp_s: float, early_s: float, late_s: float) -> float:
        """Return what this clock showed at a stamp of a wall clock.

        Parameters
        ----------
        stamp_s
            Seconds since 1970.
        early_s, late_s
            Seconds that a stamp may be after now and before now, by one of the settings of the wall clock; where it is
            so by none, the present one counts.
        """
        now = self.now_s()
        read = [stamp_s - offset for offset in self._offsets]
        return next((own for own in read if now - late_s <= own <= now + early_s), read[0])

    def wall_s(self, own_s: float) -> float:
        """Return what the wall clock shows, as it goes now, when this one shows so much."""
        return own_s + self._offsets[0]
