"""Forecasters: the moving figures by hand, distributions that sum up, states that go on where they were left."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pytest

from serflow_opt.traffic.demand.forecast import DAY_S, Daily, Ewma, Forecaster, RecentWindow


def test_ewma_by_hand() -> None:
    """σ first, with the old mean, then μ: as LIBRA's simulator does."""
    ewma = Ewma(0.2)
    ewma.observe(np.array([10.0, 20.0, 5.0]))
    # 10: μ 10, σ 0.  20: σ 0.2 x 10 = 2, μ 12.  5: σ 0.8 x 2 + 0.2 x 7 = 3, μ 0.8 x 12 + 1 = 10.6
    assert (ewma.mean, ewma.deviation) == pytest.approx((10.6, 3.0))


def test_ewma_skips_what_is_not_known() -> None:
    """A second that was not measured is left out of the moving figures; it is no zero."""
    with_gap, without = Ewma(), Ewma()
    with_gap.observe(np.array([3.0, math.nan, 9.0]))
    without.observe(np.array([3.0, 9.0]))
    assert (with_gap.mean, with_gap.deviation) == (without.mean, without.deviation)


def test_ewma_spreads_as_a_normal_of_that_mean_deviation() -> None:
    """The mean absolute deviation of a normal is sd sqrt(2/π)."""
    rates = Ewma(mean=100.0, deviation=8.0).rates()
    assert rates is not None
    assert rates.mean == pytest.approx(100.0)
    absolute = float(np.abs(rates.rates - 100) @ rates.shares)
    assert absolute == pytest.approx(8.0, rel=0.1)  # nine quantiles have lighter tails


def test_window_weights_fade_with_age() -> None:
    """Each second of a window weighs by its age at the middle of that second."""
    window = RecentWindow(fades=((2.0, 1.0),))
    window.observe(np.array([7.0, 1.0, 4.0]))
    rates = window.rates()
    assert rates is not None
    weights = np.exp(-np.array([2.5, 1.5, 0.5]) / 2.0)
    assert rates.mean == pytest.approx(float(weights @ [7, 1, 4] / weights.sum()))


def test_memories_of_two_lengths_share_the_distribution() -> None:
    """Two memories are mixed in their shares, so that short and long habits both count."""
    both, short, long = (
        RecentWindow(fades=fades) for fades in (((2.0, 0.25), (9.0, 0.75)), ((2.0, 1.0),), ((9.0, 1.0),))
    )
    for window in (both, short, long):
        window.observe(np.array([7.0, 1.0, 4.0]))
    means = [rates.mean for window in (both, short, long) if (rates := window.rates()) is not None]
    assert means[0] == pytest.approx(0.25 * means[1] + 0.75 * means[2])


def test_window_forgets() -> None:
    """A window keeps no second older than what still weighs something, so that its state stays small."""
    window = RecentWindow(fades=((2.0, 1.0),))
    window.observe(np.arange(100, dtype=float))
    assert window.seen.tolist() == list(range(92, 100))


def test_window_averages_over_the_time_inside() -> None:
    """Rates are means over what a machine's work takes; a stretch that is not full is none."""
    window = RecentWindow(fades=((1e9, 1.0),), smooth_s=3)
    window.observe(np.array([50.0, 1.0, 2.0, 3.0, 7.0, 8.0, 9.0]))
    rates = window.rates()
    assert rates is not None
    assert rates.rates.tolist() == [2.0, 8.0]  # the first second does not fill a stretch


def test_nothing_known_no_forecast() -> None:
    """Where nothing was seen there is no forecast, rather than one of zero."""
    for forecaster in (Ewma(), RecentWindow(), Daily()):
        assert forecaster.rates() is None
    window = RecentWindow()
    window.observe(np.array([math.nan, math.nan]))
    assert window.rates() is None


def test_daily_knows_what_comes_after_a_day() -> None:
    """Traffic doubles at noon each day: just before noon the second day's forecast is twice the window's."""
    day = np.where(np.arange(DAY_S) < DAY_S // 2, 10.0, 20.0)
    daily = Daily(RecentWindow(fades=((300.0, 1.0),)), ahead_s=900.0)
    daily.observe(np.concatenate([day, day[: DAY_S // 2]]))
    rates, plain = daily.rates(), daily.window.rates()
    assert rates is not None
    assert plain is not None
    assert plain.mean == pytest.approx(10.0)
    assert rates.mean == pytest.approx(20.0)


def test_daily_is_the_window_on_the_first_day() -> None:
    """Without a day before, the daily forecast is that of the last minutes."""
    daily = Daily(RecentWindow(fades=((300.0, 1.0),)))
    daily.observe(np.full(7200, 5.0))
    rates = daily.rates()
    assert rates is not None
    assert rates.mean == pytest.approx(5.0)


@pytest.mark.parametrize("make", [Ewma, RecentWindow, Daily])
def test_states_go_on(make: Any) -> None:
    """A forecaster restored from its state forecasts what one that was never stopped does."""
    rng = np.random.default_rng(3)
    counts = rng.poisson(30, 400).astype(float)
    counts[17] = math.nan
    whole: Forecaster = make()
    whole.observe(counts)
    first: Forecaster = make()
    first.observe(counts[:150])
    second: Forecaster = make()
    second.restore(json.loads(json.dumps(first.state())))
    second.observe(counts[150:])
    a, b = whole.rates(), second.rates()
    assert a is not None
    assert b is not None
    assert a.rates.tolist() == b.rates.tolist()
    assert a.shares.tolist() == b.shares.tolist()


def test_rates_are_the_same_counted_or_sorted() -> None:
    """Means of 1 to 30 s, whole requests or parts of them: each different one once, with the weights of all like it."""
    rng = np.random.default_rng(0)
    for seconds in range(1, 31):
        for part in (1.0, 0.3):
            window = RecentWindow(smooth_s=seconds)
            window.observe(part * rng.integers(0, 2 + 90 * (seconds % 3), 1000))
            found = window.rates()
            assert found is not None
            whole = window.seen[len(window.seen) % seconds :].reshape(-1, seconds).mean(axis=1)
            values = np.unique(whole)
            assert np.array_equal(found.rates, values)
            one = RecentWindow(fades=((1e12, 1.0),), smooth_s=seconds)
            one.observe(window.seen)
            assert (even := one.rates()) is not None
            times = [int((whole == value).sum()) for value in values]
            assert even.shares == pytest.approx(np.array(times) / len(whole), rel=1e-6)
