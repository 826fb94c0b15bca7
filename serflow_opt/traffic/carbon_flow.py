"""Grams of CO2e that something emits by the second, where the grid it takes its power from changes by the hour."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from serflow_opt.problem.grid_hours import GridHours

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from serflow_opt.problem.offers import Option, Tier

    Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class CarbonFlow:
    """Grams a second: those of making something, and of its power.

    Attributes
    ----------
    made_g_per_s
        Whatever the hour.
    power_g_per_s
        At the mean of the grid's hours.
    hours
        None: the grid is always the same.
    """

    made_g_per_s: float
    power_g_per_s: float
    hours: GridHours | None = None

    def grams(self, starts: ArrayLike, ends: ArrayLike) -> Floats:
        """Return what is emitted from starts to ends, seconds."""
        lasting = np.asarray(ends, float) - np.asarray(starts, float)
        weighted = lasting if self.hours is None else self.hours.weighted_s(starts, ends)
        return np.asarray(self.made_g_per_s * lasting + self.power_g_per_s * weighted)

    def at(self, moments: ArrayLike) -> Floats:
        """Return grams a second at some moments."""
        factors = np.ones(np.shape(moments)) if self.hours is None else self.hours.at(moments)
        return np.asarray(self.made_g_per_s + self.power_g_per_s * factors)

    def times(self, factor: float) -> CarbonFlow:
        """Return so many times as much."""
        return CarbonFlow(self.made_g_per_s * factor, self.power_g_per_s * factor, self.hours)

    def never_above(self, other: CarbonFlow) -> bool:
        """Whether it emits no more than another at any hour."""
        if self.hours == other.hours or self.power_g_per_s == 0:
            return self.made_g_per_s <= other.made_g_per_s and self.power_g_per_s <= other.power_g_per_s
        return False


def carbon_of(option: Option, tier: Tier, first: int, last: int, flops: float) -> tuple[CarbonFlow, CarbonFlow] | None:
    """Return what an option emits while it is on, and more in a busy second of a worker; None: it is not counted.

    Energy by operation is spread evenly over the seconds of a block.

    Parameters
    ----------
    option, tier
        What runs the block.
    first, last
        Its stages.
    flops
        Of these stages.
    """
    own, hours = option.emissions, tier.grid_hours
    if own is None:
        return None
    seconds = math.fsum(option.stage_seconds[first : last + 1])
    operations = option.joules_per_flop * flops * tier.g_per_joule / seconds if seconds > 0 else 0.0
    if tier.kind == "function":
        busy = CarbonFlow(own.made_g_per_s, own.busy_g_per_s - own.made_g_per_s + operations, hours)
        return CarbonFlow(0.0, 0.0, hours), busy
    on = CarbonFlow(own.made_g_per_s, own.on_g_per_s - own.made_g_per_s, hours)
    return on, CarbonFlow(0.0, own.busy_g_per_s + operations, hours)
