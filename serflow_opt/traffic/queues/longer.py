"""The longer waits of two queues with room for some."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from serflow_opt.ground.arrays import Floats
    from serflow_opt.traffic.queues.limited import Limited
    from serflow_opt.traffic.queues.mg1 import OneServerLimited


@dataclass(frozen=True)
class Longer:
    """Of all who come no fewer wait longer than any time than in either of two queues, at some loads.

    Attributes
    ----------
    first, second
        The queues.
    lost
        Shares of the arrivals that find no room.
    """

    first: OneServerLimited | Limited
    second: OneServerLimited | Limited
    lost: Floats

    @classmethod
    def of(cls, first: OneServerLimited | Limited, second: OneServerLimited | Limited) -> Longer:
        """Put two queues together, in which the fewer find no room."""
        return cls(first, second, np.minimum(first.lost, second.lost))

    @property
    def mean(self) -> Floats:
        """Mean waits of those served, in mean service times."""
        first, second = ((1 - own.lost) * own.mean for own in (self.first, self.second))
        longer: Floats = np.maximum(first, second) / (1 - self.lost)
        return longer

    def beyond(self, x: Floats) -> Floats:
        """Return the shares of those served who wait longer than x mean service times: a row for each load."""
        first, second = ((1 - own.lost)[:, None] * own.beyond(x) for own in (self.first, self.second))
        longer: Floats = np.maximum(first, second) / (1 - self.lost)[:, None]
        return longer
