"""Data of prices by volume (`egress.py`): lines of tiers, and the bytes that hops send over some links."""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import dataclass

from serflow_opt.formulations.coefficients import SOURCE, Data, Hop
from serflow_opt.problem.instance import Instance
from serflow_opt.problem.tariffs import EgressTariff, Pair, requests_per_month


@dataclass(frozen=True, slots=True)
class TierLine:
    """The line of a tier: USD of a request by its bytes.

    Attributes
    ----------
    low, high
        Bytes of a request where it holds.
    fixed, slope
        USD at 0 bytes, and per byte.
    """

    low: float
    high: float
    fixed: float
    slope: float

    def at(self, sent: float) -> float:
        """Return USD of so many bytes."""
        return self.fixed + self.slope * sent


def tier_lines(instance: Instance, tariff: EgressTariff, most: float) -> list[TierLine]:
    """Return the lines of the tiers that the bytes of a request can fall into, beside those of others.

    Parameters
    ----------
    instance
        With its rate.
    tariff
        One of its tariffs.
    most
        Bytes of a request, at most.
    """
    assert instance.rate_per_s is not None
    requests = requests_per_month(instance.rate_per_s)
    lines: list[TierLine] = []
    for until, price in zip(tariff.until_bytes, tariff.usd_per_byte, strict=True):
        high = min((until - tariff.other_bytes) / requests, most)
        if high <= 0:
            continue  # others fill it
        low = lines[-1].high if lines else 0.0
        paid = lines[-1].at(low) if lines else 0.0
        lines.append(TierLine(low, high, paid - price * low, price))
        if high >= most:
            break
    return lines


def most_sent(data: Data, links: Collection[Pair]) -> float:
    """Return what a request can send over some links at most, bytes."""
    largest: dict[int, float] = {}
    for hop in hops_over(data, links):
        sent = hop_bytes(data, hop) * (1.0 if data.instance.run_on else data.reach_high[hop[0]])
        largest[hop[0]] = max(largest.get(hop[0], 0.0), sent)
    return math.fsum(sorted(largest.values(), reverse=True)[: len(links)])


def hops_over(data: Data, links: Collection[Pair]) -> list[Hop]:
    """Return the hops that cross one of some links."""
    names = [tier.name for tier in data.instance.tiers]
    return [
        hop
        for hop in data.hops
        if (data.instance.source if hop[1] == SOURCE else names[data.tier[hop[1]]], names[hop[2]]) in links
        and data.crosses(hop)
    ]


def hop_bytes(data: Data, hop: Hop) -> float:
    """Return the bytes on the link of a hop, and of the gradient that comes back in training."""
    return data.sent_bytes(hop) * data.instance.transfers(hop[0] - 1)
