"""What a plan sends over links that share prices by volume: the month's bill, tier by tier.

A month of R requests sends V = R Σ bytes x share of requests. With v0 of the account besides, V pays for the bytes from
v0 to v0 + V, each at the price of the tier that it falls into.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from serflow_opt.plan.bill import EgressBill
from serflow_opt.plan.walk import Step
from serflow_opt.problem.instance import Instance
from serflow_opt.problem.offers import Link
from serflow_opt.problem.tariffs import GB, EgressTariff, requests_per_month


def sent_over(steps: Sequence[Step], links: Sequence[Link]) -> float:
    """Return the bytes that a request sends over some links on average, gradients included.

    Parameters
    ----------
    steps
        Its way.
    links
        The very links: equal ones of other tiers are not meant.
    """
    mine = {id(link) for link in links}
    return math.fsum(
        (step.sent_bytes + step.back_bytes) * step.load
        for step in steps
        if step.link is not None and id(step.link) in mine
    )


def egress_of(instance: Instance, steps: Sequence[Step]) -> list[EgressBill]:
    """Return the month of each tariff that some bytes of a plan fall under.

    Parameters
    ----------
    instance
        With its rate.
    steps
        The way of a request.
    """
    if not instance.egress:
        return []
    assert instance.rate_per_s is not None
    bills = []
    for tariff in instance.egress:
        links = [link for link in instance.links.values() if link.egress == tariff.name]
        volume = requests_per_month(instance.rate_per_s) * sent_over(steps, links)
        if volume > 0:
            usd, following = _bill(tariff, volume)
            bills.append(
                EgressBill(name=tariff.name, gb_per_month=volume / GB, usd_per_month=usd, usd_per_gb=following * GB)
            )
    return bills


def usd_per_request(instance: Instance, bills: Sequence[EgressBill]) -> float:
    """Return the bills of a month over its requests."""
    if not bills:
        return 0.0
    assert instance.rate_per_s is not None
    return math.fsum(bill.usd_per_month for bill in bills) / requests_per_month(instance.rate_per_s)


def _bill(tariff: EgressTariff, volume: float) -> tuple[float, float]:
    """USD of so many bytes beside those of others, and the price of the next one."""
    begin, end, low = tariff.other_bytes, tariff.other_bytes + volume, 0.0
    usd, following = [], tariff.usd_per_byte[-1]
    for high, price in zip(tariff.until_bytes, tariff.usd_per_byte, strict=True):
        usd.append(price * max(min(end, high) - max(begin, low), 0.0))
        if low <= end < high:
            following = price
        low = high
    return math.fsum(usd), following


def beyond_sent_limits(instance: Instance, steps: Sequence[Step]) -> list[tuple[str, float, float | None, bool]]:
    """Return the limits on bytes over links as (name, value, limit, whether a floor)."""
    found: list[tuple[str, float, float | None, bool]] = []
    for limit in instance.sent_limits:
        sent = sent_over(steps, [link for pair, link in instance.links.items() if pair in limit.links])
        if limit.least > 0:
            found.append(("bytes sent", sent, limit.least, True))
        if limit.most < math.inf:
            found.append(("bytes sent", sent, limit.most, False))
    return found
