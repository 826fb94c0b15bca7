"""What a month of bytes over links costs together: prices by tiers of volume, shared by all links that name them.

A gigabyte is 10^9 bytes, a month a twelfth of 8,760 hours.
"""

from __future__ import annotations

from dataclasses import dataclass

HOURS_PER_MONTH = 730
"""A year of 8,760 hours in twelve."""
GB = 1e9

Pair = tuple[str, str]


@dataclass(frozen=True, slots=True)
class EgressTariff:
    """Prices of the bytes that leave over some links in a month.

    Attributes
    ----------
    name
        What links call it.
    until_bytes, usd_per_byte
        Tier by tier, up to how many bytes of a month it reaches, the last one infinite, and what a byte in it costs.
    other_bytes
        Of the account in a month besides: they fill the first tiers, and are paid for elsewhere.
    """

    name: str
    until_bytes: tuple[float, ...]
    usd_per_byte: tuple[float, ...]
    other_bytes: float = 0.0


@dataclass(frozen=True, slots=True)
class SentLimit:
    """How many bytes a request may send over some links on average: part of a search among tiers.

    Attributes
    ----------
    links
        By (from, to).
    least, most
        Bytes per request.
    """

    links: frozenset[Pair]
    least: float
    most: float


def requests_per_month(rate_per_s: float) -> float:
    """Return how many requests come in a month."""
    return rate_per_s * HOURS_PER_MONTH * 3600
