"""Lines through the last minutes, looked ahead along."""

from __future__ import annotations

import numpy as np
import pytest

from serflow_opt.traffic.demand.trend import FURTHER, WINDOW_S, RisingWindow, risen


def test_a_line_goes_on() -> None:
    """From 100 by 1 a second: after 300 s 400 a second, 120 s later 520."""
    counts = 100.0 + np.arange(300.0)
    assert risen(counts, 120.0) == pytest.approx(520 / 400, rel=2e-3)
    assert risen(counts, 1e6) == FURTHER


def test_what_falls_or_shows_nothing_stays() -> None:
    """Falling rates, level ones, random ones, and too few seconds."""
    assert risen(300.0 - np.arange(200.0), 60.0) == 1.0
    assert risen(np.full(200, 7.0), 60.0) == 1.0
    assert risen(np.arange(20.0), 60.0) == 1.0
    assert risen(np.full(100, np.nan), 60.0) == 1.0
    rng = np.random.default_rng(3)
    found = [risen(rng.poisson(20.0, WINDOW_S).astype(float), 120.0) for _ in range(200)]
    assert sum(own > 1 for own in found) <= 15  # one side of two standard errors is 2.3 %


def test_gaps_are_no_fall() -> None:
    """Seconds that nobody measured are left out."""
    counts = 100.0 + np.arange(180.0)
    counts[60:100] = np.nan
    assert risen(counts, 60.0) == pytest.approx(340 / 280, rel=5e-3)


def test_the_window_moves_along() -> None:
    """All of its rates are so many times larger; its state is the window's."""
    counts = 50.0 + np.arange(200.0)
    plain, ahead = RisingWindow(0.0), RisingWindow(100.0)
    assert ahead.rates() is None
    for one in (plain, ahead):
        one.observe(counts)
    now, then = plain.rates(), ahead.rates()
    assert now is not None
    assert then is not None
    assert then.rates == pytest.approx(now.rates * (350 / 250), rel=5e-3)
    again = RisingWindow(100.0)
    again.restore(ahead.state())
    found = again.rates()
    assert found is not None
    assert found.rates == pytest.approx(then.rates)
