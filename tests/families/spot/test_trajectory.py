"""Machines and zones drawn over time, beside their long run."""

from __future__ import annotations

import numpy as np
import pytest

from serflow_opt.families.spot.evaluate import value, workers_up
from serflow_opt.families.spot.problem import SpotOffer, SpotPool, SpotZone
from serflow_opt.families.spot.trajectory import draw, joint_rate

SECONDS = 4e7


def shares(pool: SpotPool, counts: tuple[int, ...]) -> None:
    """Draw a pool for a long time, and hold shares of time, money and interruptions against the long run."""
    seen = draw(pool, counts, SECONDS, np.random.default_rng(0))
    lengths = np.diff(seen.moments)
    assert lengths.min() > 0
    found = np.bincount(seen.workers.astype(int), weights=lengths, minlength=pool.most + 1) / SECONDS
    assert found[: len(workers_up(pool, counts))] == pytest.approx(workers_up(pool, counts), abs=0.01)
    planned = value(pool, counts).values
    assert seen.paid_usd / SECONDS * 3600 == pytest.approx(planned["cost"], rel=0.01)
    assert seen.interruptions / SECONDS * 86400 == pytest.approx(planned["interruptions"], rel=0.03)


def test_independent_zones() -> None:
    """Shares of time with so many workers up are those of the witness."""
    offers = (
        SpotOffer("a", "spot", 0, 0.4 / 3600, 2, 2, 3000.0, 1000.0, 100.0),
        SpotOffer("b", "on-demand", None, 1.0 / 3600, 1, 1),
    )
    shares(SpotPool(offers, (SpotZone("z", 0.8, 40_000.0),), (), frozenset(), (1.0,) * 6, 2), (2, 1))


def test_zones_that_vanish_together() -> None:
    """Both there or none; drawn anew at 1 / (40,000 s x 0.3), so that they vanish every 40,000 s."""
    offers = tuple(SpotOffer(name, "spot", n, 0.4 / 3600, 1, 2, 3000.0, 1000.0) for n, name in enumerate("ab"))
    zones = (SpotZone("y", 0.7, 40_000.0), SpotZone("z", 0.7, 40_000.0))
    pool = SpotPool(offers, zones, ((0.7, frozenset({0, 1})), (0.3, frozenset())), frozenset({0, 1}), (1.0,) * 5, 2)
    assert joint_rate(pool) == pytest.approx(1 / 12_000)
    shares(pool, (1, 2))


def test_nothing_is_up_where_nothing_is_rented() -> None:
    """One step without workers."""
    pool = SpotPool((), (), (), frozenset(), (1.0,), 1)
    seen = draw(pool, (), 100.0, np.random.default_rng(0))
    assert (seen.moments.tolist(), seen.workers.tolist(), seen.paid_usd) == ([0.0, 100.0], [0.0], 0.0)
