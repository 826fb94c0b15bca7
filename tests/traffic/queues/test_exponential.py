"""Exponential servers: against sums over the states, Erlang's formulas and closed forms."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import gamma

from serflow_opt.traffic.queues.mmc import Exponential
from serflow_opt.traffic.queues.service_time import ServiceTime
from serflow_opt.traffic.queues.waiting import waiting

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
    assert queue.services_left() == pytest.approx(behind @ np.arange(1, room + 1), rel=1e-7)
    longer = [behind @ gamma.sf(x, np.arange(1, room + 1)) for x in X]
    assert queue.beyond(X)[0] == pytest.approx(longer, rel=1e-6)


def test_room_for_all_is_erlang_c() -> None:
    """Without a limit on waiting the queue is Erlang's, with its printed share."""
    lost, waits = (queue := Exponential(10, np.array([5.0]), None)).shares()
    assert lost.tolist() == [0.0]
    assert waits == pytest.approx(0.03611, rel=3e-4)  # tables of Erlang C
    assert queue.services_left() == pytest.approx(2.0)  # c μ / (c μ - λ)
    assert queue.beyond(X)[0] == pytest.approx(np.exp(-X / 2))


def test_no_number_is_too_large() -> None:
    """Thousands of servers and loads far from one overflow nothing."""
    queue = Exponential(10_000, np.array([1.0, 9_990.0, 1e4, 1.2e4, 1e8]), np.full(5, 40_000.0))
    x = np.array([0.0, 1.0, 1e4, 1e7])
    for values in (*queue.shares(), queue.services_left(), queue.beyond(x)):
        assert np.isfinite(values).all()
    assert queue.shares()[0][3] == pytest.approx(1 / 6, rel=1e-9)  # 1 - c/a


def test_nobody_comes_or_too_many_do() -> None:
    """No arrivals wait for nothing; more than can be served wait for ever, or are lost where room ends."""
    service = ServiceTime((0.1, 0.3), (0.5, 0.5))
    for servers, room in ((2, None), (2, 3), (2, 0), (0, None), (0, 2)):
        queue = waiting(servers, np.array([0.0, 1e-9, 10.0, 1e6]), service, room)
        beyond = queue.beyond(np.array([-1.0, 0.0, 1.0]))
        assert queue.lost[0] == queue.mean_s[0] == beyond[0, 1] == 0.0
        assert beyond[:, 0].tolist() == [1.0] * 4
        for values in (queue.lost, queue.mean_s, beyond):
            assert not np.isnan(values).any()
        if room is None:
            assert math.isinf(queue.mean_s[2])
            assert beyond[2:, 1:].tolist() == [[1.0, 1.0]] * 2
        else:
            assert queue.lost[3] > 0.99


def test_services_that_take_no_time() -> None:
    """Work of no time keeps nobody waiting."""
    for servers, room in ((1, None), (2, None), (1, 3), (2, 3)):
        queue = waiting(servers, np.array([0.0, 5.0]), ServiceTime((0.0,), (1.0,)), room)
        assert queue.mean_s.tolist() == queue.lost.tolist() == [0.0, 0.0]
        assert queue.beyond(np.array([0.0, 1.0])).tolist() == [[0.0, 0.0]] * 2


@pytest.mark.parametrize("room", [None, 1, 5])
@pytest.mark.parametrize("servers", [1, 3])
@pytest.mark.parametrize("service", [ServiceTime((0.1,), (1.0,)), ServiceTime((0.1, 0.5), (0.9, 0.1), 0.3)])
def test_long_times_do_not_blur_short_ones(servers: int, room: int | None, service: ServiceTime) -> None:
    """Asking for a very long wait beside a short one does not coarsen the answer to the short one."""
    queue = waiting(servers, np.array([0.1, 0.9, 0.99]) * servers / service.mean, service, room)
    both = queue.beyond(np.array([0.05, 0.2, 1e4, 1e300, np.inf]))
    assert both[:, :2] == pytest.approx(queue.beyond(np.array([0.05, 0.2])), rel=2e-2, abs=1e-4)
    assert both[:, 2:] == pytest.approx(0.0, abs=1e-9)
    assert queue.beyond(np.zeros(1))[:, 0] == pytest.approx(queue.beyond(np.array([0.0, 1.0]))[:, 0])


def test_room_for_none_is_erlang_b() -> None:
    """Where nobody may wait the loss is Erlang's, whatever the service times."""
    queue = waiting(2, np.array([10.0]), ServiceTime((0.1, 0.3), (0.5, 0.5)), room=0)
    assert queue.lost == pytest.approx(0.4)  # two servers, load 2
    assert queue.exact
    assert queue.beyond(np.array([0.0, 1.0])).tolist() == [[0.0, 0.0]]
