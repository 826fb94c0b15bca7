"""Grams of CO2e: of a machine that is on, of a busy second, of a joule.

A watt for an hour is 3,600 J, and takes PUE times that from the grid:

    grams a second = watts x PUE x (grams a kWh) / 3.6e6  +  (embodied grams an hour) / 3600

A machine draws its idle watts, and up to its full watts the busier it is, in proportion. The carbon of making it is
spread over the hours of its use (`catalog/watts.csv`).
"""

from __future__ import annotations

from dataclasses import dataclass

JOULES_PER_KWH = 3.6e6


def grams_per_joule(grams_per_kwh: float, pue: float) -> float:
    """Return the grams of a joule that a machine takes.

    >>> round(grams_per_joule(360.0, 1.25) * 3.6e6)
    450
    """
    return grams_per_kwh * pue / JOULES_PER_KWH


@dataclass(frozen=True, slots=True)
class Emissions:
    """What something rented emits beside its joules by operation, grams of CO2e.

    Attributes
    ----------
    on_g_per_s
        A whole machine, as long as it is rented, busy or not; 0 for functions.
    busy_g_per_s
        A busy second of a worker beyond that; of a function all there is.
    call_g
        A call of a function, beside its seconds.
    made_g_per_s
        Part of `on_g_per_s`, or of a function's `busy_g_per_s`, that is of making it, whatever the grid.
    """

    on_g_per_s: float = 0.0
    busy_g_per_s: float = 0.0
    call_g: float = 0.0
    made_g_per_s: float = 0.0

    @classmethod
    def of_machine(
        cls, watts: tuple[float, float], embodied_g_per_hour: float, per_joule: float, workers: int
    ) -> Emissions:
        """Return those of a machine.

        Parameters
        ----------
        watts
            Idle and full.
        embodied_g_per_hour
            Of making it, spread over its use.
        per_joule
            Grams.
        workers
            Requests it serves at once: with all of them busy it draws its full watts.
        """
        idle, full = watts
        made = embodied_g_per_hour / 3600
        return cls(idle * per_joule + made, (full - idle) * per_joule / workers, made_g_per_s=made)

    @classmethod
    def of_function(cls, watts: float, embodied_g_per_hour: float, per_joule: float) -> Emissions:
        """Return those of a function: of its busy seconds alone; what its provider keeps idle is not counted.

        Parameters
        ----------
        watts
            Of its share of a machine at work.
        embodied_g_per_hour, per_joule
            Of that share; grams.
        """
        made = embodied_g_per_hour / 3600
        return cls(0.0, watts * per_joule + made, made_g_per_s=made)

    def times(self, size: float) -> Emissions:
        """Return those of so many of it."""
        own = (self.on_g_per_s, self.busy_g_per_s, self.call_g, self.made_g_per_s)
        return Emissions(*(grams * size for grams in own))

    def by_use_g_per_s(self, workers: int) -> float:
        """Return the grams of a busy second where a machine counts only while it is busy, as its price does.

        Parameters
        ----------
        workers
            That share what the machine takes by being on.
        """
        return self.busy_g_per_s + self.on_g_per_s / workers
