"""Hours, demand, grids and what there is to serve with, in SI units; and what is decided of them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ShiftingMachine:
    """A type of machines.

    Attributes
    ----------
    rate
        Requests a second that one serves.
    usd_per_hour, most
        Rent, and how many there are; None: any number.
    on_g, busy_g
        By hour, grams of CO2e of one that is on, and what it emits more for all it can serve.
    """

    name: str
    rate: float
    usd_per_hour: float
    most: int | None
    on_g: tuple[float, ...]
    busy_g: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class ShiftingProblem:
    """What a schedule is found for.

    Attributes
    ----------
    demand
        Requests a second of each hour, T.
    deferrable, defer_h, repeats
        Share of them that may wait, how many hours, and whether hours go round.
    machines
        Types of machines.
    function_usd, function_g
        USD and, by hour, grams of a request that a function serves; None: there is none.
    usd_per_g
        Price of a gram in the total.
    """

    demand: tuple[float, ...]
    deferrable: float
    defer_h: int
    repeats: bool
    machines: tuple[ShiftingMachine, ...]
    function_usd: float | None
    function_g: tuple[float, ...]
    usd_per_g: float

    def later(self, t: int) -> list[int]:
        """Return the hours after one that its requests may be moved to, in turn."""
        hours = len(self.demand)
        ahead = range(t + 1, t + 1 + min(self.defer_h, hours - 1))
        return [u % hours for u in ahead] if self.repeats else [u for u in ahead if u < hours]


@dataclass(frozen=True, slots=True)
class Shift:
    """A schedule.

    Attributes
    ----------
    moved
        Requests a second that come in one hour and are served in a later one, by both.
    machines, load
        By type and hour: how many are rented, and requests a second they serve; functions serve the rest.
    """

    moved: dict[tuple[int, int], float]
    machines: tuple[tuple[int, ...], ...]
    load: tuple[tuple[float, ...], ...]
