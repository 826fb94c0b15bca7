"""What a latency limit leaves to those who leave at each stage: who waits longer is late."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from serflow_opt.ground.arrays import Floats, Ints, Mask


@dataclass(frozen=True, slots=True, eq=False)
class LimitSlack:
    """What is left of a limit to those who leave at each stage from a block on.

    Attributes
    ----------
    shares
        Of the ways to meet cold starts; they sum to 1.
    seconds
        By way and stage, the first of the block first; below 0: late without waiting.
    """

    shares: Floats
    seconds: Floats
    _apart: list[tuple[Mask, Floats, Ints]] = field(init=False, default_factory=list)

    def apart(self) -> tuple[Mask, Floats, Ints]:
        """Return `apart_of` its seconds, which are asked for at each number of machines."""
        if not self._apart:
            self._apart.append(apart_of(self.seconds))
        return self._apart[0]


def apart_of(seconds: Floats) -> tuple[Mask, Floats, Ints]:
    """Return which slacks are 0 or more, what these are, rising, and for each of them its place there."""
    spare = seconds >= 0
    times, where = np.unique(seconds[spare], return_inverse=True)
    return spare, times, where


def slack_of(bound_s: float, ways: Sequence[tuple[float, Sequence[float]]]) -> LimitSlack:
    """Return the slack that a limit leaves.

    Parameters
    ----------
    bound_s
        The limit, seconds.
    ways
        Share and seconds until each stage from the block on is done, for each way to meet cold starts.
    """
    shares, seconds = zip(*ways, strict=True)
    return LimitSlack(np.array(shares), bound_s - np.array([list(own) for own in seconds], dtype=float))
