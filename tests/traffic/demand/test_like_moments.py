"""What came after like moments, and at this time on days before: by hand, with gaps, through JSON."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest

from serflow_opt.errors import InputError
from serflow_opt.traffic.demand.like_moments import DAY, EACH_DAY, FEW, MEMORY, MINUTE_S, RECENT_S, LikeMoments
from serflow_opt.traffic.demand.rates import Rates

STEADY = Rates.steady(10.0)


def minutes(*rates: float) -> np.ndarray:
    """Requests by second, a minute of each rate."""
    return np.repeat(np.array(rates, dtype=float), MINUTE_S)


def test_what_followed_is_expected_again() -> None:
    """Thrice 10/s rose to 20/s and on to 40/s two minutes later; seen at 20/s for the fourth time, 40/s is expected.

    The moments of the other minutes are over three widths away: less than 0.02 of the weight of the three like ones,
    which is 3 / (3 + 3) of all, each 1 but for what came before it.
    """
    past = LikeMoments(ahead_s=120.0)
    past.observe(minutes(*([10.0] * 20 + [20.0, 40.0, 40.0, 40.0]) * 3))
    past.observe(minutes(*[10.0] * 20 + [20.0]))
    rates = past.rates(STEADY)
    at_40 = float(rates.shares[rates.rates == 40.0].sum())
    assert at_40 == pytest.approx(3 / (3 + FEW), abs=0.03)
    assert float(rates.shares[rates.rates == 10.0].sum()) == pytest.approx(FEW / (3 + FEW), abs=0.03)


def test_the_same_time_on_days_before() -> None:
    """At noon 10/s become 80/s, and nowhere else; on the third day it is expected with 2 w of 1 + 2 w at least."""
    day = [10.0] * DAY
    day[720:725] = [80.0] * 5
    past = LikeMoments(ahead_s=120.0)
    past.observe(minutes(*day, *day, *day[:719]))  # minute 720 is the second from here
    rates = past.rates(STEADY)
    assert float(rates.shares[rates.rates == 80.0].sum()) == pytest.approx(2 * EACH_DAY / (1 + 2 * EACH_DAY), abs=0.01)
    past.observe(minutes(10.0, 10.0))
    past.observe(minutes(*[80.0] * 5, *[10.0] * 100))
    rates = past.rates(STEADY)
    assert float(rates.shares[rates.rates == 80.0].sum()) < 0.01


def test_a_new_minute_is_whole_whenever_one_looks() -> None:
    """In one piece, by seven seconds, or by ninety: the same is remembered and expected."""
    rng = np.random.default_rng(0)
    counts = rng.poisson(rng.uniform(5, 50, 40).repeat(MINUTE_S)).astype(float)
    found = []
    for step in (len(counts), 7, 90):
        past = LikeMoments(100.0, 3)
        for k in range(0, len(counts), step):
            past.observe(counts[k : k + step])
        found.append((past.state(), past.rates(STEADY)))
    assert found[0][0] == found[1][0] == found[2][0]
    assert found[0][1].rates.tolist() == found[1][1].rates.tolist() == found[2][1].rates.tolist()
    assert float(found[0][1].shares.sum()) == pytest.approx(1.0)


def test_what_is_not_known_is_left_out() -> None:
    """With nothing, with gaps only, and with one in the last minute, what is given is given back; it never fails."""
    past = LikeMoments(60.0)
    assert past.rates(STEADY) is STEADY
    past.observe(np.full(300, math.nan))
    assert past.rates(STEADY) is STEADY
    past.observe(minutes(*[10.0] * 30))
    assert float(past.rates(STEADY).mean) == pytest.approx(10.0)
    past.observe(np.full(90, math.nan))
    assert past.rates(STEADY) is STEADY
    past.observe(minutes(*[0.0] * 30))
    assert past.rates(Rates.steady(0.0)).mean < 1 / MINUTE_S


def test_the_state_goes_on_and_is_bounded() -> None:
    """Through JSON; of four days three are kept, and what is damaged is named."""
    rng = np.random.default_rng(1)
    past = LikeMoments(100.0)
    past.observe(np.repeat(rng.integers(1, 40, 4 * DAY), MINUTE_S).astype(float))
    assert (len(past.minutes), len(past.recent)) == (MEMORY, RECENT_S)
    state = json.loads(json.dumps(past.state(), allow_nan=False))
    again = LikeMoments(100.0).restored(state, "past")
    assert again.state() == state
    first, second = past.rates(STEADY), again.rates(STEADY)
    assert first.rates.tolist() == second.rates.tolist()
    assert first.shares.tolist() == second.shares.tolist()
    with pytest.raises(InputError, match=r"past\.minutes\[1\]"):
        LikeMoments(100.0).restored(state | {"minutes": [1.0, -1.0]}, "past")
