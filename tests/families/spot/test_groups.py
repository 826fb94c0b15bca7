"""Choices of offers that depend on each other."""

from __future__ import annotations

import pytest

import serflow_opt as so
from serflow_opt.families.spot.groups import binomial, counts_of, groups_of
from serflow_opt.families.spot.problem import SpotOffer, SpotPool, SpotZone

AWAY = SpotOffer("a", "spot", 0, 1.0 / 3600, 1, 1, 300.0, 100.0)
TWICE = SpotOffer("b", "spot", 0, 2.0 / 3600, 2, 1, 900.0, 100.0)
ALWAYS = SpotOffer("c", "on-demand", None, 3.0 / 3600, 1, 1)
POOL = SpotPool((AWAY, ALWAYS, TWICE), (SpotZone("z", 0.8, 8000.0),), (), frozenset(), (1.0,) * 5, 2)


def test_binomial_by_hand() -> None:
    """None, one or two of two machines that are up for three quarters."""
    assert binomial(2, 0.75).tolist() == [
        [1.0, 0.0, 0.0],
        pytest.approx([0.25, 0.75, 0.0]),
        pytest.approx([1 / 16, 6 / 16, 9 / 16]),
    ]
    assert binomial(1, 1.0).tolist() == [[1.0, 0.0], [0.0, 1.0]]


def test_a_zone_is_one_group() -> None:
    """Both machines of the zone: none with 0.2 + 0.8 x 0.25 x 0.1, both with 0.8 x 0.75 x 0.9; paid while there."""
    alone, zone = groups_of(POOL)
    assert (alone.offers, zone.offers) == ((1,), (0, 2))
    row = zone.counts.tolist().index([1, 1])
    assert zone.up[row].tolist() == pytest.approx([0.2 + 0.8 * 0.025, 0.8 * 0.075, 0.8 * 0.225, 0.8 * 0.675])
    assert zone.cost[row] == pytest.approx(0.8 * (0.75 * 1 + 0.9 * 2))
    assert zone.mean[row] == pytest.approx(0.8 * (0.75 + 1.8))
    assert counts_of((alone, zone), (1, row)) == (1, 1, 1)


def test_too_many_ways_to_rent_are_told() -> None:
    """Three offers of 50 in one zone are 132,651 ways."""
    offers = tuple(SpotOffer(name, "spot", 0, 1.0, 1, 50, 300.0, 100.0) for name in "abc")
    with pytest.raises(so.InputError, match="132,651 ways to rent a, b, c"):
        groups_of(SpotPool(offers, (SpotZone("z", 0.8, 8000.0),), (), frozenset(), (1.0,) * 151, 2))
