"""Prices by volume as data: which links share one, what stands in its place where only flat prices are understood."""

from __future__ import annotations

import dataclasses
import math

import pytest
from support.by_volume import FALLING, FREE, by_volume

from serflow_opt.errors import InputError
from serflow_opt.problem.egress import at_dearest, links_of, refuse_tiers, said_of_dearest, tiers_refused, without_tiers
from serflow_opt.problem.tariffs import SentLimit


def test_a_tariff_is_shared_by_the_links_that_name_it() -> None:
    """The hand-over names it, the way in does not."""
    assert links_of(by_volume(), FALLING) == {("vm", "fn")}


def test_a_flat_price_stands_in_its_place() -> None:
    """The price joins what the link costs besides, the tariff is gone, limits are there."""
    limit = SentLimit(frozenset({("vm", "fn")}), 1.0, math.inf)
    flat = without_tiers(by_volume(), {"out": 0.125}, (limit,))
    assert flat.links["vm", "fn"].usd_per_byte == 0.125
    assert flat.links["client", "vm"] == by_volume().links["client", "vm"]
    assert flat.egress == ()
    assert flat.sent_limits == (limit,)


def test_the_dearest_tier_that_others_leave_room_in() -> None:
    """With 2 bytes of others the first tier is full, and the second one is all there is."""
    assert at_dearest(by_volume()).links["vm", "fn"].usd_per_byte == 0.5
    filled = dataclasses.replace(FALLING, other_bytes=2.0)
    assert at_dearest(by_volume(filled)).links["vm", "fn"].usd_per_byte == 0.25
    assert at_dearest(by_volume(FREE)).links["vm", "fn"].usd_per_byte == 0.5
    assert said_of_dearest(by_volume()) == ['egress "out" at 5e+08 USD per GB whatever the volume, its dearest tier']


def test_what_knows_flat_prices_only_refuses_tiers() -> None:
    """The message names the tariff, its links and the prices to choose from."""
    with pytest.raises(InputError, match="vm -> fn usd_per_gb instead") as raised:
        refuse_tiers(by_volume(), "services that share")
    assert "5e+08 or 2.5e+08" in str(raised.value)
    assert tiers_refused(at_dearest(by_volume()), "anything") == []
