"""Which offers depend on each other."""

from __future__ import annotations

import pytest

from serflow_opt.families.spot.problem import SpotOffer, SpotPool, SpotZone

ZONES = (SpotZone("x", 0.9, 900.0), SpotZone("y"), SpotZone("z", 0.8), SpotZone("w", 0.5))
OFFERS = tuple(SpotOffer(name, "spot", zone, 1.0, 1, 1) for name, zone in zip("abcde", (0, 1, 2, 3, 0), strict=True))
JOINT = ((0.5, frozenset({2, 3})), (0.3, frozenset({2})), (0.2, frozenset[int]()))


def test_places_are_zones_that_vanish() -> None:
    """One that does not leaves its offers alone; two of x go together, and those of z and w as the table says."""
    pool = SpotPool(OFFERS, ZONES, JOINT, frozenset({2, 3}), (1.0,), 1)
    alone, zone, both = pool.places()
    assert (alone.offers, zone.offers, both.offers) == ((1,), (0, 4), (2, 3))
    assert zone.states == ((0.9, frozenset({0, 4})), (pytest.approx(0.1), frozenset()))
    assert both.states == ((0.5, frozenset({2, 3})), (0.3, frozenset({2})), (0.2, frozenset()))


def test_times_and_shares() -> None:
    """A zone that is there for 0.9 and 900 s at a time is away for 100 s; a machine may go alone or with it."""
    assert ZONES[0].down_s == pytest.approx(100.0)
    own = SpotOffer("a", "spot", 0, 1.0, 1, 1, 300.0, 100.0, 40.0)
    pool = SpotPool((own,), ZONES, (), frozenset(), (1.0, 0.0), 1)
    assert (own.availability, own.paid) == (0.75, 0.85)
    assert pool.lost_per_s(own) == pytest.approx(1 / 300 + 1 / 900)
    assert pool.there(own) == 0.9
