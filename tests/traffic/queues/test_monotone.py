"""More requests, more scatter, more room: longer waits. More servers: shorter ones."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from serflow_opt.traffic.queues.service_time import ServiceTime
from serflow_opt.traffic.queues.waiting import Waiting, waiting

ROUNDING = 1e-9
TABLED = 2e-3
"""Exact values and those from a table differ by less."""
FITTED = 2e-2
"""Places are worth what a fit says, to so much."""
TIMES = np.array([0.0, 0.01, 0.1, 0.3, 1.0, 2.0, 5.0, 20.0])

servers = st.integers(1, 40)
loads = st.floats(0.05, 1.3)
cv2s = st.floats(0.0, 4.0)
rooms = st.none() | st.integers(0, 60)


def at(c: int, load: float, cv2: float, room: int | None, servers_for: int | None = None) -> Waiting:
    """Waiting where a server would be so busy, were there `servers_for`; a service takes 1 s."""
    return waiting(c, np.array([load * (servers_for or c)]), ServiceTime.of_moments(1.0, cv2), room)


def assert_longer(longer: Waiting, shorter: Waiting, within: float = ROUNDING) -> None:
    assert longer.mean_s[0] >= shorter.mean_s[0] * (1 - within) - ROUNDING
    assert np.all(longer.beyond(TIMES) >= shorter.beyond(TIMES) - within)


@given(servers, loads, loads, cv2s, rooms)
@settings(max_examples=100, deadline=None)
def test_rise_with_the_rate(c: int, one: float, other: float, cv2: float, room: int | None) -> None:
    """More requests never wait less: searches by halves rest on that."""
    high, low = at(c, max(one, other), cv2, room), at(c, min(one, other), cv2, room)
    assert_longer(high, low)
    assert high.lost[0] >= low.lost[0] - ROUNDING


@given(servers, loads, cv2s, cv2s, rooms)
@settings(max_examples=100, deadline=None)
def test_rise_with_the_scatter(c: int, load: float, one: float, other: float, room: int | None) -> None:
    """Not the waits where room is limited: who does not find room keeps nobody else waiting."""
    high, low = at(c, load, max(one, other), room), at(c, load, min(one, other), room)
    assert high.lost[0] >= low.lost[0] * (1 - FITTED) - 1e-12
    if room is None:
        assert_longer(high, low, within=TABLED)


@given(servers, loads, cv2s, st.integers(0, 30), st.none() | st.integers(1, 30))
@settings(max_examples=100, deadline=None)
def test_rise_with_room_where_fewer_are_lost(c: int, load: float, cv2: float, room: int, more: int | None) -> None:
    """More room loses fewer and makes those who wait wait longer."""
    high, low = at(c, load, cv2, None if more is None else room + more), at(c, load, cv2, room)
    assert_longer(high, low, within=TABLED)
    assert high.lost[0] <= low.lost[0] + ROUNDING


@given(servers, loads, cv2s, rooms)
@settings(max_examples=100, deadline=None)
def test_fall_with_servers(c: int, load: float, cv2: float, room: int | None) -> None:
    """One server more never makes waits longer."""
    high, low = at(c, load, cv2, room), at(c + 1, load, cv2, room, servers_for=c)
    assert_longer(high, low)
    assert high.lost[0] >= low.lost[0] - ROUNDING


@given(servers, st.floats(0.5, 1.2), cv2s)
@settings(max_examples=20, deadline=None)
def test_much_room_goes_on_from_little(c: int, load: float, cv2: float) -> None:
    """From 128 places on those who wait are valued in groups; above full load a place moves who waits long by more."""
    little, much = at(c, load, cv2, 128), at(c, load, cv2, 129)
    assert np.allclose(much.lost, little.lost, rtol=0.1, atol=1e-3)
    assert np.allclose(much.mean_s, little.mean_s, rtol=0.03)
    if load <= 1:
        assert np.allclose(much.beyond(TIMES), little.beyond(TIMES), atol=0.03)
