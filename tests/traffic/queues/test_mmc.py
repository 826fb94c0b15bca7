"""Exponential servers: against sums over the states, Erlang's formulas and closed forms."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import gamma

from serflow_opt.traffic.queues.mmc import Exponential

X = np.array([0.0, 0.5, 1.0, 3.0, 10.0, 40.0])


@pytest.mark.parametrize(("servers", "room"), [(1, 1), (2, 3), (5, 20), (40, 3)])
@pytest.mark.parametrize("load", [0.1, 0.5, 0.9, 1 - 1e-9, 1.0, 1 + 1e-5, 1.3, 5.0])
def test_limited_room_is_the_sum_over_the_states(servers: int, room: int, load: float) -> None:
    """Losses, waits and tails are sums over the states of the queue, at full load and beyond it, too."""
    a = load * servers
    weights = [a**k / math.factorial(k) for k in range(servers + 1)]
    for _ in range(room):
        weights.append(weights[-1] * load)
    states = np.array(weights) / sum(weights)
    behind = states[servers:-1] / states[servers:-1].sum()
    queue = Exponential(servers, np.array([a]), np.array([float(room)]))
    lost, waits = queue.shares()
    assert lost == pytest.approx(states[-1:], rel=1e-11)
    assert waits == pytest.approx(states[servers:-1].sum(), rel=1e-11)
    longer = [behind @ gamma.sf(x, np.arange(1, room + 1)) for x in X]
    assert queue.beyond(X)[0] == pytest.approx(longer, rel=1e-6)


def test_room_for_all_is_erlang_c() -> None:
    """Without a limit on waiting the queue is Erlang's, with its printed share."""
    lost, waits = (queue := Exponential(10, np.array([5.0]), None)).shares()
    assert lost.tolist() == [0.0]
    assert waits == pytest.approx(0.03611, rel=3e-4)  # tables of Erlang C
    assert queue.beyond(X)[0] == pytest.approx(np.exp(-X / 2))


def test_no_number_is_too_large() -> None:
    """Thousands of servers and loads far from one overflow nothing."""
    queue = Exponential(10_000, np.array([1.0, 9_990.0, 1e4, 1.2e4, 1e8]), np.full(5, 40_000.0))
    x = np.array([0.0, 1.0, 1e4, 1e7])
    for values in (*queue.shares(), queue.beyond(x)):
        assert np.isfinite(values).all()
    assert queue.shares()[0][3] == pytest.approx(1 / 6, rel=1e-9)  # 1 - c/a
