"""Quantities as the protocol has them."""

from __future__ import annotations

from support.knapsack import KNAPSACK


def test_the_family_knows_what_the_protocol_asks() -> None:
    """Keys of limits follow the sense of quantities."""
    assert [own.key for own in KNAPSACK.quantities] == ["value_min", "weight_max", "price_max"]
    assert all(isinstance(own, (str, float)) for q in KNAPSACK.quantities for own in (q.name, q.shown))
