"""One server: against closed forms, series and the queue of fixed times."""

from __future__ import annotations

import math
from itertools import product

import numpy as np
import pytest

from serflow_opt.traffic.queues.mdc import FixedTimes
from serflow_opt.traffic.queues.mg1 import OneServer, OneServerLimited
from serflow_opt.traffic.queues.service_time import ServiceTime
from serflow_opt.traffic.queues.waiting import waiting

MIXED = ServiceTime((0.25, 4.0), (0.8, 0.2))
"""1 s on average."""


@pytest.mark.parametrize("load", [0.3, 0.8, 0.95])
def test_one_fixed_time_is_m_d_1(load: float) -> None:
    """The queue of one server by its transform is that of fixed times in closed form."""
    x = np.linspace(0, 8, 30)
    exact = FixedTimes.at(1, load).beyond(x)
    assert OneServer(ServiceTime((1.0,), (1.0,)), np.array([load])).beyond(x)[0] == pytest.approx(exact, abs=3e-5)


@pytest.mark.parametrize("load", [0.2, 0.5, 0.7])
def test_a_mixture_is_its_series(load: float) -> None:
    """P(W <= t) = (1-ρ) Σ over numbers k_i with u = t - Σ k_i s_i >= 0 of exp(λu) Π (-λ p_i u)^k_i / k_i!."""
    x = np.array([0.0, 0.2, 1.0, 3.9, 4.1, 6.0])
    below = []
    for t in x:
        total = 0.0
        for few, many in product(range(2), range(int(t / 0.25) + 1)):
            u = t - 4.0 * few - 0.25 * many
            if u >= 0:
                terms = (-load * 0.2 * u) ** few / math.factorial(few) * (-load * 0.8 * u) ** many
                total += math.exp(load * u) * terms / math.factorial(many)
        below.append((1 - load) * total)
    queue = waiting(1, np.array([load]), MIXED)
    assert queue.exact
    assert queue.queue == "M/G/1"
    assert queue.beyond(x)[0] == pytest.approx(1 - np.array(below), abs=2e-4)
    assert queue.mean_s == pytest.approx(load / (1 - load) * (0.8 * 0.0625 + 0.2 * 16) / 2)  # λ E S² / (2 (1-ρ))


@pytest.mark.parametrize("load", [0.1, 0.8, 1.0, 1.7, 6.0])
def test_room_for_one_is_arithmetic(load: float) -> None:
    """Nobody comes during a service with probability α = E exp(-λS); else the first who does waits, and the rest go.

    For each who is served passes a service, and after a share α of them the time until the next comes: E S + α / λ. So
    1 - lost = 1 / (ρ + α). 1 - α of them wait, what is left of S when the first comes.
    """
    alone = 0.8 * math.exp(-load / 4) + 0.2 * math.exp(-4 * load)
    x = np.array([0.0, 0.1, 0.3, 2.0, 3.9])
    longer = [
        0.8 * max(0.0, 1 - math.exp(-load * (0.25 - t))) * (t < 0.25) + 0.2 * (1 - math.exp(-load * (4 - t))) for t in x
    ]
    queue = waiting(1, np.array([load]), MIXED, room=1)
    assert queue.queue == "M/G/1/K"
    assert queue.lost == pytest.approx(1 - 1 / (load + alone), abs=1e-4)
    assert queue.beyond(x)[0] == pytest.approx(longer, abs=2e-3 if load > 5 else 2e-4)
    shorter = 0.25 - (1 - math.exp(-load / 4)) / load
    assert queue.mean_s == pytest.approx(0.8 * shorter + 0.2 * (4 - (1 - math.exp(-4 * load)) / load), rel=2e-3)


def test_much_room_is_room_for_all() -> None:
    """Forty places at half load are as good as no limit."""
    service = ServiceTime((1.0,), (1.0,), 0.5)
    x = np.array([0.0, 0.2, 1.0, 3.0])
    limited = OneServerLimited.at(np.array([0.5]), service, 40)
    unlimited = OneServer(service, np.array([0.5]))
    assert limited.lost[0] < 1e-9
    assert limited.mean == pytest.approx(unlimited.mean, rel=1e-3)
    assert limited.beyond(x)[0] == pytest.approx(unlimited.beyond(x)[0], abs=3e-4)


def test_a_factor_is_told() -> None:
    """A queue reckoned from two moments does not call itself exact."""
    queue = waiting(1, np.array([0.5]), ServiceTime((1.0,), (1.0,), 0.5))
    assert not queue.exact
    assert queue.queue == "M/G/1 with a log-normal factor"
    assert queue.mean_s == pytest.approx(1.25 / 2)  # ρ / (1-ρ) (1 + cv²) / 2


def test_waits_do_not_depend_on_what_was_asked_before() -> None:
    """Tables of sums of services are kept: short ones, then long ones, then both at once tell the same."""
    queue = OneServerLimited.at(np.array([0.8]), ServiceTime.of_moments(1.0, 0.37), 5)
    short, long = np.array([0.1, 0.7]), np.array([2.0, 6.5])
    apart = np.append(queue.beyond(short), queue.beyond(long))
    assert queue.beyond(np.append(short, long))[0] == pytest.approx(apart, abs=1e-12)
    roomier = OneServerLimited.at(np.array([0.8]), ServiceTime.of_moments(1.0, 0.37), 9)
    assert np.all(roomier.beyond(long) >= queue.beyond(long))
