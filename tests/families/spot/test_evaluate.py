"""Pools valued by hand."""

from __future__ import annotations

import pytest

from serflow_opt.families.spot.evaluate import value, workers_up
from serflow_opt.families.spot.problem import SpotOffer, SpotPool, SpotZone

AWAY = SpotOffer("a", "spot", 0, 0.4 / 3600, 1, 2, 300.0, 100.0, 50.0)
ALWAYS = SpotOffer("b", "on-demand", None, 1.0 / 3600, 1, 2)
ZONE = SpotZone("z", 0.8, 8000.0)
LATE = (1.0, 0.5, 0.1, 0.0, 0.0)


def test_a_zone_that_vanishes() -> None:
    """Two machines up for 3/4 in a zone that is there for 4/5, and one that always is."""
    pool = SpotPool((AWAY, ALWAYS), (ZONE,), (), frozenset(), LATE, 2)
    none, one, both = 0.2 + 0.8 / 16, 0.8 * 6 / 16, 0.8 * 9 / 16
    assert workers_up(pool, (2, 1)) == pytest.approx([0.0, none, one, both])
    values = value(pool, (2, 1)).values
    assert values["late"] == pytest.approx(none * 0.5 + one * 0.1)
    assert values["availability"] == pytest.approx(one + both)
    assert values["cost"] == pytest.approx(1.0 + 2 * 0.8 * 350 / 400 * 0.4)
    assert values["interruptions"] == pytest.approx(2 * 0.8 * 0.75 * (1 / 300 + 1 / 8000) * 86400)


def test_zones_that_vanish_together() -> None:
    """One machine that is never taken away alone in each of two zones: both there for 0.7, none for 0.3."""
    steady = [SpotOffer(name, "spot", n, 1.0 / 3600, 1, 1) for n, name in enumerate("ab")]
    joint = ((0.7, frozenset({0, 1})), (0.3, frozenset[int]()))
    zones = (SpotZone("y", 0.7), SpotZone("z", 0.7))
    pool = SpotPool(tuple(steady), zones, joint, frozenset({0, 1}), LATE[:3], 1)
    assert workers_up(pool, (1, 1)) == pytest.approx([0.3, 0.0, 0.7])
    assert value(pool, (1, 1)).values["cost"] == pytest.approx(1.4)
    alone = SpotPool(tuple(steady), zones, (), frozenset(), LATE[:3], 1)
    assert workers_up(alone, (1, 1)) == pytest.approx([0.09, 0.42, 0.49])
