"""Pools over time, shortages request by request."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from support.helpers import run

from serflow_opt.families.spot.lateness import late_shares
from serflow_opt.families.spot.problem import SpotOffer, SpotPool
from serflow_opt.families.spot.simulate import Shortage, Stretch, shortages
from serflow_opt.families.spot.trajectory import Trajectory

OFFER = SpotOffer("a", "on-demand", None, 1.0, 1, 9)


def test_shortages_are_found() -> None:
    """Below two from 10 to 30 and from 40 to the end."""
    seen = Trajectory(np.array([0.0, 10.0, 20.0, 30.0, 40.0, 50.0]), np.array([2.0, 1.0, 0.0, 3.0, 1.0]), 0.0, 0)
    assert shortages(seen, 2) == [Shortage(10.0, 30.0, 1), Shortage(40.0, 50.0, 4)]


def test_a_backlog_outlasts_the_shortage() -> None:
    """None of two up for 100 s, 10 requests/s of 0.1 s: 1,000 wait, and are served at 20/s while 10/s come.

    They are gone 100 s after the shortage: of 2,000 requests or so all but the last are late.
    """
    pool = SpotPool((OFFER,), (), (), frozenset(), (1.0, 1.0, 0.0), 2, 0.0, "M/D/c", 10.0, 0.1, 0.5)
    seen = Trajectory(np.array([0.0, 100.0, 200.0, 1000.0]), np.array([2.0, 0.0, 2.0]), 0.0, 0)
    (own,) = shortages(seen, 2)
    stretch = Stretch(pool, seen, own, np.random.default_rng(1))
    assert stretch.end_s == pytest.approx(300.0, abs=25)
    assert stretch.requests == pytest.approx(2000, abs=300)
    assert stretch.requests - 20 <= stretch.late <= stretch.requests
    assert stretch.formula_s == pytest.approx(100.0)


def test_states_that_last_are_late_as_the_queue_says() -> None:
    """One of two machines for a day at 0.9 of its load: as many are late as in M/M/1 take more than 3 s, e^{-1/3}."""
    late = late_shares(1.0, 0.9, 3.0, True, 2)
    assert late[1] == pytest.approx(math.exp(-1 / 3))
    pool = SpotPool((OFFER,), (), (), frozenset(), late, 2, 0.1, "M/M/c", 1.0, 0.9, 3.0, True)
    seen = Trajectory(np.array([0.0, 100.0, 86_500.0, 90_000.0]), np.array([2.0, 1.0, 2.0]), 0.0, 0)
    stretch = Stretch(pool, seen, shortages(seen, 2)[0], np.random.default_rng(2))
    assert stretch.formula_s == pytest.approx(86_400 * late[1], abs=200)
    assert stretch.late == pytest.approx(stretch.formula_s, rel=0.05)


def test_the_command(tmp_path: Path) -> None:
    """A table, one document, and what it takes not."""
    done = run("simulate", "spot-v100", "--requests", "2000", "--json")
    assert done.code == 0
    assert done.document["kind"] == "spot"
    assert {own["name"] for own in done.document["figures"]} >= {"cost", "late requests", "enough are up"}
    assert "shortages" in run("simulate", "spot-v100", "--requests", "2000").stdout
    assert run("simulate", "spot-v100", "--plot", tmp_path / "x.png").code == 2
