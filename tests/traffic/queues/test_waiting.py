"""Waits of any queue: at the edges, and monotone in rate, scatter, room and servers."""

from __future__ import annotations

import math

import numpy as np
import pytest

from serflow_opt.traffic.queues.mg1 import MOST
from serflow_opt.traffic.queues.service_time import ServiceTime
from serflow_opt.traffic.queues.waiting import waiting, waiting_at_least


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


@pytest.mark.parametrize("cv2", [0.0, 0.02, 0.4, 1.0, 3.0, 12.0])
@pytest.mark.parametrize("servers", [1, 2, 7, 40])
def test_ranges_of_rates_are_bounded_by_their_ends(servers: int, cv2: float) -> None:
    """At no rate between fewer of those who come wait longer than told, or wait less on average."""
    rng = np.random.default_rng([servers, int(100 * cv2)])
    service, times = ServiceTime.of_moments(0.5, cv2), np.array([0.0, 0.01, 0.1, 0.5, 2.0, 5.0])
    for room in (1, 2, 5, 20, 200):
        low = 2 * servers * float(rng.uniform(0.02, 1.3))
        high = low * float(rng.uniform(1, 1.5) ** 2)
        rates = np.linspace(low, high, 41)
        each = waiting(servers, rates, service, room)
        late = ((1 - each.lost)[:, None] * each.beyond(times)).min(axis=0)
        found, most = waiting_at_least(servers, rates[:1], rates[-1:], service, room, few=True)
        assert each.lost.max() <= most[0] * (1 + 1e-9) + 1e-12
        least = (1 - most[0]) * found.beyond(times)[0]
        assert (least <= late * (1 + 1e-9) + 1e-12).all()
        assert found.mean_s[0] <= ((1 - each.lost) * each.mean_s).min() * (1 + 1e-9)
        near, at = waiting_at_least(servers, rates[:1], rates[:1], service, room, few=True)
        assert at == pytest.approx(each.lost[:1])
        if servers == 1 and room > MOST:  # `waiting` goes on as long as with less room; a bound does not know
            assert (near.beyond(times)[0] <= each.beyond(times)[0] * (1 + 1e-9)).all()
            continue
        assert near.beyond(times)[0] == pytest.approx(each.beyond(times)[0])
        assert near.mean_s[0] == pytest.approx((1 - each.lost[0]) * each.mean_s[0])
