"""The month's bill of bytes priced by volume, by hand: `by_volume` sends 4 bytes of each request that goes on."""

from __future__ import annotations

import dataclasses
import math

import pytest
from support.by_volume import A_MONTH, FALLING, FREE, by_volume

from serflow_opt.plan.decision import Decision
from serflow_opt.plan.evaluator import evaluate
from serflow_opt.plan.spending import spending
from serflow_opt.plan.transferred import beyond_sent_limits, egress_of, sent_over, usd_per_request
from serflow_opt.plan.walk import walk
from serflow_opt.problem.tariffs import SentLimit

HALF = Decision(options=(0, 1), weights=((1.0, 0.0), (1.0,)))
"""v, then f; half of the requests go on: 2 bytes a request."""
MORE = Decision(options=(0, 1), weights=((0.0, 1.0), (1.0,)))
"""The same with three quarters going on: 3 bytes."""


@pytest.mark.parametrize(
    ("decision", "tariff", "usd", "following"),
    [
        (HALF, FALLING, 1.0, 0.25),  # both bytes in the first tier
        (MORE, FALLING, 1.25, 0.25),
        (HALF, FREE, 0.5, 0.25),
        (MORE, FREE, 0.75, 0.25),
        (MORE, dataclasses.replace(FALLING, other_bytes=1.5), 0.875, 0.25),  # half a byte is left in the first tier
        (HALF, dataclasses.replace(FALLING, other_bytes=9.0), 0.5, 0.25),
    ],
)
def test_bytes_pay_tier_by_tier(decision: Decision, tariff: object, usd: float, following: float) -> None:
    """Others fill the first tiers, and are not paid for here."""
    instance = by_volume(tariff)  # type: ignore[arg-type]
    (bill,) = egress_of(instance, walk(instance, decision))
    assert bill.usd_per_month == pytest.approx(usd, rel=1e-12)
    assert bill.usd_per_gb == pytest.approx(following * 1e9, rel=1e-12)
    assert bill.gb_per_month == pytest.approx((2e-9, 3e-9)[decision is MORE], rel=1e-12)


def test_the_bill_is_part_of_the_cost() -> None:
    """MORE: input 0.125, v (1 + 0.75 x 0.5) x 0.5, f 0.75 x (0.25 + 2 x (0.5 x 0.5 + 0.25)), and 1.25 of egress."""
    instance = by_volume()
    metrics = evaluate(instance, MORE)
    assert metrics.cost_usd_per_request == pytest.approx(0.125 + 0.6875 + 0.9375 + 1.25, rel=1e-12)
    assert [bill.name for bill in metrics.egress] == ["out"]
    parts = spending(instance, MORE)
    assert parts is not None
    whole = math.fsum(part.computing + part.arriving for part in parts)
    assert whole == pytest.approx(metrics.cost_usd_per_request, rel=1e-12)


def test_more_requests_share_a_bill() -> None:
    """At ten requests a month 30 bytes cost 1 + 28 x 0.25 = 8 USD, 0.8 a request."""
    instance = by_volume(rate_per_s=10 * A_MONTH)
    steps = walk(instance, MORE)
    assert usd_per_request(instance, egress_of(instance, steps)) == pytest.approx(0.8, rel=1e-12)


def test_limits_on_what_is_sent() -> None:
    """Three bytes are between two and four, and a breach beyond."""
    instance = by_volume(sent_limits=(SentLimit(frozenset({("vm", "fn")}), 2.0, 4.0),))
    steps = walk(instance, MORE)
    assert sent_over(steps, [instance.links["vm", "fn"]]) == pytest.approx(3.0, rel=1e-12)
    found = beyond_sent_limits(instance, steps)
    assert [(value, limit, floor) for _, value, limit, floor in found] == [(3.0, 2.0, True), (3.0, 4.0, False)]
    tight = dataclasses.replace(instance, sent_limits=(SentLimit(frozenset({("vm", "fn")}), 0.0, 2.0),))
    assert [breach.limit for breach in evaluate(tight, MORE).breaches] == ["bytes sent"]
    assert evaluate(tight, HALF).breaches == []
