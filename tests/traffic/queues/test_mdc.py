"""Fixed service times: against closed forms, roots of the generating function and the chain stepped out."""

from __future__ import annotations

import cmath
import math

import numpy as np
import pytest
from scipy.stats import poisson

from serflow_opt.traffic.queues.mdc import FixedTimes
from serflow_opt.traffic.queues.service_time import ServiceTime
from serflow_opt.traffic.queues.waiting import waiting


@pytest.mark.parametrize("load", [0.05, 0.3, 0.8, 0.95, 0.99])
def test_one_server_is_erlangs_m_d_1(load: float) -> None:
    """P(W <= x) = (1 - a) Σ (a (k - x))^k / k! exp(-a (k - x)), k <= x; E W = a / (2 (1 - a))."""
    queue = FixedTimes.at(1, load)
    x = np.array([0.0, 0.4, 1.0, 1.7, 3.2])
    below = [
        (1 - load)
        * sum((load * (k - v)) ** k / math.factorial(k) * math.exp(-load * (k - v)) for k in range(int(v) + 1))
        for v in x
    ]
    assert queue.beyond(x) == pytest.approx(1 - np.array(below), rel=1e-9)
    assert queue.mean == pytest.approx(load / (2 * (1 - load)), rel=1e-9)


def roots(servers: int, load: float) -> list[complex]:
    """Return the roots of z^c = exp(a (z - 1)) inside the unit circle, by the steps z = w exp(a (z - 1) / c)."""
    found = []
    for k in range(1, servers):
        z, w = 0j, cmath.exp(2j * math.pi * k / servers)
        for _ in range(3000):
            z = w * cmath.exp(load * (z - 1) / servers)
        found.append(z)
    return found


@pytest.mark.parametrize(("servers", "load"), [(2, 1.0), (3, 2.7), (5, 1.0), (8, 6.4), (16, 15.2), (50, 45.0)])
def test_crommelins_formulas(servers: int, load: float) -> None:
    """Mean number there from the roots z_k of z^c = exp(a (z - 1)) (Crommelin 1932), by the slope at 1 of

    P(z) = (c - a) (1 - z) / (1 - z^c exp(a (1 - z))) Π (z - z_k) / (1 - z_k).
    """
    inside = roots(servers, load)
    mean = (load**2 - servers * (servers - 1)) / (2 * (servers - load)) + sum(1 / (1 - z) for z in inside).real
    queue = FixedTimes.at(servers, load)
    assert queue.mean == pytest.approx(mean / load, rel=1e-8)


@pytest.mark.parametrize(("servers", "load"), [(2, 1.4), (5, 4.5), (12, 9.0)])
def test_the_chain_stepped_out(servers: int, load: float) -> None:
    """Who is waiting, a service time later: all but c of them, and those who came in excess."""
    states = 400
    step = np.zeros((states, states))
    for waits in range(states):
        came = poisson.pmf(np.arange(states + servers), load)
        left = np.clip(waits + np.arange(len(came)) - servers, 0, states - 1)
        np.add.at(step[waits], left, came)
    chances = np.full(states, 1 / states)
    for _ in range(12):
        step = step @ step
    chances = chances @ step
    queue = FixedTimes.at(servers, load)
    assert queue.at_least[:20] == pytest.approx([chances[j:].sum() for j in range(20)], rel=1e-8)
    for x in (0.0, 0.3, 1.0, 2.6):
        rounds = int(x) + 1
        came = poisson.pmf(np.arange(2000), load * (rounds - x))
        late = sum(p * chances[max(rounds * servers - j, 0) :].sum() for j, p in enumerate(came))
        assert queue.beyond(np.array([x])) == pytest.approx(late, rel=1e-8)


@pytest.mark.parametrize("servers", [1, 7, 100, 700])
@pytest.mark.parametrize("load", [0.01, 0.5, 0.9, 0.98, 0.998])
def test_no_digits_are_lost(servers: int, load: float) -> None:
    """Tails fall to 1e-25 without a digit turning negative or flat."""
    queue = FixedTimes.at(servers, load * servers)
    x = np.linspace(0, 40 / servers, 60)
    beyond = queue.beyond(x)
    assert np.isfinite(beyond).all()
    assert np.all(np.diff(beyond) <= 1e-12)
    assert 0 <= beyond[-1] <= beyond[0] <= 1
    tail = queue.beyond(np.array([12.0, 13.0]) / (servers * (1 - load)) ** 0.5)
    if tail[1] > 1e-25:  # the last factor is that of the root
        assert 0 < tail[1] < tail[0]


def test_in_seconds() -> None:
    """Two servers, half busy: with the root z of z^2 = exp(z - 1), 1/2 + 1 / (1 - z) - 1 wait on average."""
    z = roots(2, 1.0)[0].real
    queue = waiting(2, np.array([4.0]), ServiceTime((0.25, 0.25), (0.3, 0.7)))
    assert queue.exact
    assert queue.queue == "M/D/c"
    assert queue.mean_s == pytest.approx((1 / (1 - z) - 1 / 2) / 4, rel=1e-9)
