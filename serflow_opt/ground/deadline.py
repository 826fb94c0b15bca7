"""When to stop: at a moment, or because somebody said so. One deadline goes with a question to all that answers it."""

from __future__ import annotations

import math
import time
from collections.abc import Callable

from serflow_opt.ground.stopping import Stop, current


def clock() -> float:
    """Seconds that limits are measured by. Benchmarks put the processor's time here, where machines have other work."""
    return time.monotonic()


class OutOfTime(Exception):
    """The deadline passed before there was an answer; the text says how far things were."""


class Deadline:
    """A moment on this machine's clock, and Ctrl-C.

    Between processes it travels as a moment of the day, so that what waits for a worker waits on its own time.

    Parameters
    ----------
    seconds
        From now on; None or infinite: any number.
    """

    __slots__ = ("_end", "_stop", "began")

    def __init__(self, seconds: float | None = None) -> None:
        self.began = clock()
        self._end = math.inf if seconds is None else self.began + float(seconds)
        self._stop: Stop = current()

    @classmethod
    def of(cls, limit: float | Deadline | None) -> Deadline:
        """Return a deadline that goes on, or a new one in so many seconds."""
        return limit if isinstance(limit, Deadline) else cls(limit)

    @property
    def seconds(self) -> float:
        """Since it was set."""
        return clock() - self.began

    @property
    def left(self) -> float:
        """Seconds left, at least 0; infinite: any number."""
        if self._stop.pressed:
            return 0.0
        return math.inf if self._end == math.inf else max(self._end - clock(), 0.0)

    @property
    def left_or_none(self) -> float | None:
        """Seconds left, at least 0; None: any number."""
        left = self.left
        return None if left == math.inf else left

    @property
    def limited(self) -> bool:
        """Whether there is an end."""
        return self._end < math.inf

    @property
    def expired(self) -> bool:
        """Whether to stop."""
        return self._stop.pressed or (self._end < math.inf and clock() >= self._end)

    def check(self) -> None:
        """Raise OutOfTime where it has expired."""
        if self.expired:
            raise OutOfTime

    def later(self, seconds: float) -> Deadline:
        """Return one that ends so much later; Ctrl-C ends it as soon."""
        later = Deadline(None if self._end == math.inf else self._end - clock() + seconds)
        later.began, later._stop = self.began, self._stop
        return later

    def __reduce__(self) -> tuple[Callable[[float], Deadline], tuple[float]]:
        """Travel as a moment of the day."""
        return _until, (math.inf if self._end == math.inf else time.time() + self.left,)


def _until(moment: float) -> Deadline:
    return Deadline(None if moment == math.inf else moment - time.time())


GRACE_S = 0.1
"""What a first plan may take beyond the limit: no plan at all is of no use to anybody."""
NEVER = Deadline()
"""No end at all."""
