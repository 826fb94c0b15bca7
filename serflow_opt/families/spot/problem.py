"""What a pool can be made of, and what requests ask of it."""

from __future__ import annotations

import math
from dataclasses import dataclass

DAY_S = 86_400.0

Counts = tuple[int, ...]
"""Machines by offer."""


@dataclass(frozen=True, slots=True)
class SpotZone:
    """Where machines stand that may all vanish at once.

    Attributes
    ----------
    name
        As in the file.
    availability
        Share of the time that it is there.
    up_s
        How long it is there on average until it vanishes; infinite: it does not, or nothing is said of it.
    """

    name: str
    availability: float = 1.0
    up_s: float = math.inf

    @property
    def down_s(self) -> float:
        """How long it is away on average."""
        return 0.0 if math.isinf(self.up_s) else self.up_s * (1 - self.availability) / self.availability


@dataclass(frozen=True, slots=True)
class SpotPlace:
    """Offers that depend on each other, because they stand in one zone or in zones that vanish together.

    Attributes
    ----------
    offers
        Their positions.
    states
        Share of the time, and the offers whose zones are there then; the shares sum to 1.
    """

    offers: tuple[int, ...]
    states: tuple[tuple[float, frozenset[int]], ...]


@dataclass(frozen=True, slots=True)
class SpotOffer:
    """Machines of a type on a term in a zone.

    Attributes
    ----------
    name, term
        As in the file, and how they are rented.
    zone
        Position of the zone; None: it never vanishes.
    usd_per_s
        Of one while it is there.
    workers
        Requests that one serves at once.
    most
        How many there may be.
    up_s, replace_s
        How long one runs before it is taken away, on average, infinite: it is not; and from then to when the next one
        serves.
    start_s
        How much of `replace_s` the next one is paid for before it serves.
    """

    name: str
    term: str
    zone: int | None
    usd_per_s: float
    workers: int
    most: int
    up_s: float = math.inf
    replace_s: float = 0.0
    start_s: float = 0.0

    @property
    def availability(self) -> float:
        """Share of the time that one is up, while its zone is."""
        return 1.0 if math.isinf(self.up_s) else self.up_s / (self.up_s + self.replace_s)

    @property
    def paid(self) -> float:
        """Share of the time that one is paid for, while its zone is up."""
        return 1.0 if math.isinf(self.up_s) else (self.up_s + self.start_s) / (self.up_s + self.replace_s)


@dataclass(frozen=True, slots=True)
class SpotPool:
    """Offers, and requests for them.

    Attributes
    ----------
    offers, zones
        What there is.
    joint, depend
        Share of the time and the zones that are there, for zones that depend on each other, and these zones; empty: all
        are independent.
    late
        Share of requests that are late while 0, 1, 2, .. workers are up, as far as there can be workers.
    enough
        The least workers with which few enough are late; more than there can be: none are.
    target
        The share that may be late.
    queue
        What lateness is reckoned by, in words; empty: workers that are needed are given.
    rate_per_s, service_s, slo_s, exponential
        The requests, and whether their service times are exponential; 0 where workers are given.
    """

    offers: tuple[SpotOffer, ...]
    zones: tuple[SpotZone, ...]
    joint: tuple[tuple[float, frozenset[int]], ...]
    depend: frozenset[int]
    late: tuple[float, ...]
    enough: int
    target: float = 0.0
    queue: str = ""
    rate_per_s: float = 0.0
    service_s: float = 0.0
    slo_s: float = 0.0
    exponential: bool = False

    @property
    def most(self) -> int:
        """Workers that there can be at most."""
        return len(self.late) - 1

    def there(self, offer: SpotOffer) -> float:
        """Return the share of the time that an offer's zone is there."""
        return 1.0 if offer.zone is None else self.zones[offer.zone].availability

    def lost_per_s(self, offer: SpotOffer) -> float:
        """Return how often a machine that is up is taken away, alone or with its zone."""
        return 1 / offer.up_s + (0.0 if offer.zone is None else 1 / self.zones[offer.zone].up_s)

    def places(self) -> list[SpotPlace]:
        """Return the offers by what they depend on; places are independent of each other."""
        alone: list[SpotPlace] = []
        by: dict[int, list[int]] = {}
        for j, offer in enumerate(self.offers):
            if offer.zone is None or (offer.zone not in self.depend and self.zones[offer.zone].availability == 1):
                alone.append(SpotPlace((j,), ((1.0, frozenset([j])),)))
            else:
                by.setdefault(-1 if offer.zone in self.depend else offer.zone, []).append(j)
        for zone, own in by.items():
            if zone < 0:
                up = [(share, frozenset(j for j in own if self.offers[j].zone in there)) for share, there in self.joint]
            else:
                share = self.zones[zone].availability
                up = [(share, frozenset(own)), (1 - share, frozenset())]
            alone.append(SpotPlace(tuple(own), tuple(up)))
        return alone
